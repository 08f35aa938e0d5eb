"""What the coupling networks of Caldera et al. 2025 (arXiv 2510.22070) are made of.

Parameters have the names of published checkpoints.
"""

from typing import TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

LABEL_CODE = 128
GROUPS = 8


class CodedFiLM(nn.Module):
    """FiLM whose scale and shift are linear in the label's code; folds to `FoldedFiLM`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Linear(LABEL_CODE, channels)
        self.beta = nn.Linear(LABEL_CODE, channels)

    def forward(self, x: Tensor, labels: Tensor, codes: Tensor) -> Tensor:
        """Modulates (B, C, H, W), given the codes (classes, 128) of all labels."""
        code = codes[labels]
        return torch.addcmul(
            self.beta(code)[:, :, None, None], self.gamma(code)[:, :, None, None], x
        )

    def folded(self, codes: Tensor) -> "FoldedFiLM":
        """A table of scales and shifts."""
        return FoldedFiLM(self.gamma(codes), self.beta(codes))


class FoldedFiLM(nn.Module):
    """FiLM with its scales and shifts (classes, C) written out."""

    def __init__(self, gamma: Tensor, beta: Tensor) -> None:
        super().__init__()
        self.register_buffer("gamma", gamma[:, :, None, None].clone())
        self.register_buffer("beta", beta[:, :, None, None].clone())
        self.gamma: Tensor
        self.beta: Tensor

    def forward(self, x: Tensor, labels: Tensor, codes: None) -> Tensor:
        """Modulates (B, C, H, W)."""
        return torch.addcmul(self.beta[labels], self.gamma[labels], x)


class LabelCode(nn.Module):
    """Codes of all classes for the generation network."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(classes, LABEL_CODE)

    def forward(self) -> Tensor:
        """(classes, 128)."""
        # Rows of the identity times W^T; published code applies GELU twice.
        return F.gelu(F.gelu(self.linear.weight.T + self.linear.bias))


class ResidualLabelCode(nn.Module):
    """Codes of all classes for the classification network, by four layers with shortcuts."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(classes, 16)
        self.fc2 = nn.Linear(16, 32)
        self.fc3 = nn.Linear(32, 64)
        self.fc4 = nn.Linear(64, LABEL_CODE)
        self.proj1 = nn.Linear(16, 32)
        self.proj2 = nn.Linear(32, 64)

    def forward(self) -> Tensor:
        """(classes, 128)."""
        first = F.gelu(self.fc1.weight.T + self.fc1.bias)
        second = F.gelu(self.fc2(first) + self.proj1(first))
        third = F.gelu(self.fc3(second) + self.proj2(second))
        return F.gelu(self.fc4(third))


class ChannelAttention(nn.Module):
    """Weights for each channel from its mean and its maximum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // 16)
        self.shared_mlp = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 1, 1)."""
        first, last = (cast(nn.Conv2d, self.shared_mlp[n]).weight.flatten(1) for n in (0, 2))
        hidden = F.relu(F.linear(x.mean((2, 3)), first)) + F.relu(F.linear(x.amax((2, 3)), first))
        return torch.sigmoid(F.linear(hidden, last))[:, :, None, None]


class SpatialAttention(nn.Module):
    """Weights for each position from the mean and the maximum of its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 1, H, W)."""
        both = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return torch.sigmoid(self.conv(both))


class Attention(nn.Module):
    """Channel attention, then spatial attention (CBAM, Woo et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel_attention = ChannelAttention(channels)
        self.spatial_attention = SpatialAttention()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        x = torch.mul(x, self.channel_attention(x))
        return torch.mul(x, self.spatial_attention(x))


class CodedResidualBlock(nn.Module):
    """Two 3×3 convolutions, each with a norm and FiLM, around a shortcut."""

    def __init__(self, channels: int, batch_norm: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = norm(channels, batch_norm)
        self.film1: nn.Module = CodedFiLM(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = norm(channels, batch_norm)
        self.film2: nn.Module = CodedFiLM(channels)
        for conv in (self.conv1, self.conv2):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor, labels: Tensor, codes: Tensor | None) -> Tensor:
        """(B, C, H, W) -> same."""
        h = F.gelu(self.film1(self.bn1(self.conv1(x)), labels, codes))
        h = self.film2(self.bn2(self.conv2(h)), labels, codes)
        return F.gelu(h + x)


class GlobalFusion(nn.Module):
    """Adds to each channel what a perceptron makes of all channels' means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(channels, LABEL_CODE), nn.GELU(), nn.Linear(LABEL_CODE, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        return torch.add(x, self.mlp(x.mean((2, 3)))[:, :, None, None])


class GlobalContext(nn.Module):
    """Scales each channel by 1 + a weight from all channels' means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(channels, channels // 16, bias=False),
            nn.ReLU(),
            nn.Linear(channels // 16, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        return torch.mul(x, (1 + self.mlp(x.mean((2, 3))))[:, :, None, None])


class PyramidPooling(nn.Module):
    """1×1 and three dilated 3×3 convolutions, weighted by squeeze-excitation (ASPP-SE)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.atrous_block1 = nn.Conv2d(channels, channels, 1)
        self.atrous_block6 = nn.Conv2d(channels, channels, 3, padding=6, dilation=6)
        self.atrous_block12 = nn.Conv2d(channels, channels, 3, padding=12, dilation=12)
        self.atrous_block18 = nn.Conv2d(channels, channels, 3, padding=18, dilation=18)
        self.se = nn.Sequential(
            nn.Identity(),  # where published checkpoints pool; here each branch is pooled alone
            nn.Conv2d(4 * channels, 4 * channels // 16, 1),
            nn.ReLU(),
            nn.Conv2d(4 * channels // 16, 4 * channels, 1),
            nn.Sigmoid(),
        )
        self.output = nn.Conv2d(4 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same.

        The excitation scales the last convolution's weights instead of the branches: a matrix
        product for each branch and image, without the concatenation.
        """
        batch, channels, height, width = x.shape
        branches = [
            self.atrous_block1(x),
            self.atrous_block6(x),
            self.atrous_block12(x),
            self.atrous_block18(x),
        ]
        means = torch.cat([branch.mean((2, 3), keepdim=True) for branch in branches], 1)
        weights = self.output.weight.flatten(1) * self.se[1:](means).flatten(2).transpose(1, 2)
        out = cast(Tensor, self.output.bias).expand(batch, height * width, channels)
        for branch, weight in zip(branches, weights.chunk(4, 2), strict=True):
            cells = branch.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
            out = torch.baddbmm(out, cells, weight.transpose(1, 2))
        return out.view(batch, height, width, channels).permute(0, 3, 1, 2)


def norm(channels: int, batch_norm: bool = False) -> nn.Module:
    """Batch norm, or group norm with as many groups, up to 8, as divide the channels."""
    if batch_norm:
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(max(n for n in range(1, GROUPS + 1) if channels % n == 0), channels)


_Layer = TypeVar("_Layer", nn.Linear, nn.Conv2d)


def zeros(layer: _Layer) -> _Layer:
    """A last layer that starts at zero, so that the coupling starts as the identity."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(cast(Tensor, layer.bias))
    return layer


def zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """A last linear layer that starts at zero.

    The largest have 4 million weights: numpy's zeros cost neither time nor memory until they
    are written, and so nothing at all where weights are about to be loaded.
    """
    layer = nn.Linear(inputs, outputs, device="meta")
    layer.weight = nn.Parameter(torch.from_numpy(np.zeros((outputs, inputs), np.float32)))
    layer.bias = nn.Parameter(torch.zeros(outputs))
    return layer


def weight_norm(conv: nn.Conv2d) -> nn.Conv2d:
    """The convolution with its weights' lengths and directions apart."""
    return cast(nn.Conv2d, parametrizations.weight_norm(conv))


def repeated_blocks(channels: int, count: int, batch_norm: bool) -> nn.ModuleList:
    """So many residual blocks, to be applied in turn."""
    return nn.ModuleList(CodedResidualBlock(channels, batch_norm) for _ in range(count))
