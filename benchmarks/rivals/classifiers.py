"""A convolutional network and a vision transformer, both MONAI's."""

import torch
from torch import Tensor, nn

from benchmarks.peers import require
from benchmarks.rivals.base import Classifier


class CNN(Classifier):
    """A small ResNet-18: 24 to 192 channels."""

    name = "CNN (MONAI ResNet)"

    def _build(self) -> nn.Module:
        nets = require("monai.networks.nets", "rivals")
        network: nn.Module = nets.ResNet(
            "basic",
            [2, 2, 2, 2],
            [24, 48, 96, 192],
            spatial_dims=2,
            n_input_channels=1,
            conv1_t_size=5,
            conv1_t_stride=2,
            no_max_pool=True,
            num_classes=self.classes,
            bias_downsample=False,
        )
        return network

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        return [torch.optim.AdamW(self.network.parameters(), 2e-3, weight_decay=0.05)]

    def logits(self, network: nn.Module, images: Tensor) -> Tensor:
        """(B, classes)."""
        scores: Tensor = network(images)
        return scores


class Transformer(Classifier):
    """Eight-pixel patches, six layers of width 128."""

    name = "vision transformer (MONAI ViT)"

    def _build(self) -> nn.Module:
        nets = require("monai.networks.nets", "rivals")
        network: nn.Module = nets.ViT(
            in_channels=1,
            img_size=(self.size, self.size),
            patch_size=(8, 8),
            hidden_size=128,
            mlp_dim=256,
            num_layers=6,
            num_heads=4,
            classification=True,
            num_classes=self.classes,
            dropout_rate=0.1,
            spatial_dims=2,
            post_activation="none",
        )
        return network

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        return [torch.optim.AdamW(self.network.parameters(), 1e-3, weight_decay=0.05)]

    def logits(self, network: nn.Module, images: Tensor) -> Tensor:
        """(B, classes)."""
        scores: Tensor = network(images)[0]
        return scores
