"""The coupling networks of Caldera et al. 2025 (arXiv 2510.22070), generation and classification.

Parameters have the names of published checkpoints. The label's way in doesn't depend on the
image: codes of all classes are worked out once a call, and folded to tables for inference.
"""

from collections.abc import Sequence
from typing import TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize

from magic_viewer.flow.bijection import Context
from magic_viewer.flow.conditioner import Conditioner

LABEL_CODE = 128
SCALE = 0.5
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
        self.bn1 = _norm(channels, batch_norm)
        self.film1: nn.Module = CodedFiLM(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = _norm(channels, batch_norm)
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


def _norm(channels: int, batch_norm: bool = False) -> nn.Module:
    return nn.BatchNorm2d(channels) if batch_norm else nn.GroupNorm(GROUPS, channels)


_Layer = TypeVar("_Layer", nn.Linear, nn.Conv2d)


def _zeros(layer: _Layer) -> _Layer:
    """A last layer that starts at zero, so that the coupling starts as the identity."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(cast(Tensor, layer.bias))
    return layer


def _zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """A last linear layer that starts at zero.

    The largest have 4 million weights: numpy's zeros cost neither time nor memory until they
    are written, and so nothing at all where weights are about to be loaded.
    """
    layer = nn.Linear(inputs, outputs, device="meta")
    layer.weight = nn.Parameter(torch.from_numpy(np.zeros((outputs, inputs), np.float32)))
    layer.bias = nn.Parameter(torch.zeros(outputs))
    return layer


def _weight_norm(conv: nn.Conv2d) -> nn.Conv2d:
    return cast(nn.Conv2d, parametrizations.weight_norm(conv))


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


class PublishedNetwork(Conditioner):
    """What both networks share: three stages of convolution, norm, FiLM and attention."""

    label_embedding: nn.Module | None

    def _codes(self) -> Tensor | None:
        """Codes of all labels; None where they are folded into tables."""
        return None if self.label_embedding is None else self.label_embedding()

    @torch.no_grad()
    def folded(self, masks: Sequence[Tensor]) -> Conditioner:
        """Weight norms and batch norms go into the convolutions, label codes into tables."""
        codes = self._codes()
        assert codes is not None
        for module in list(self.modules()):
            if parametrize.is_parametrized(module):
                parametrize.remove_parametrizations(module, "weight")
            for name, child in module.named_children():
                if isinstance(child, CodedFiLM):
                    setattr(module, name, child.folded(codes))
            if isinstance(module, CodedResidualBlock):
                _fold_batch_norm(module, "conv1", "bn1")
                _fold_batch_norm(module, "conv2", "bn2")
        self.label_embedding = None
        return self.eval()


def _fold_batch_norm(block: nn.Module, conv_name: str, norm_name: str) -> None:
    conv, norm = getattr(block, conv_name), getattr(block, norm_name)
    if isinstance(norm, nn.BatchNorm2d):
        setattr(block, conv_name, torch.nn.utils.fuse_conv_bn_eval(conv.eval(), norm.eval()))
        setattr(block, norm_name, nn.Identity())


class GenerationNetwork(PublishedNetwork):
    """The published generation network: at full resolution, with pyramid pooling.

    Args:
        classes: K.
        channels: C of the flow's tensor.
        widths: channels of the three stages.
        residual_blocks: at the second and third stage.
    """

    def __init__(
        self, classes: int, channels: int, widths: Sequence[int], residual_blocks: int = 1
    ) -> None:
        super().__init__()
        first, second, third = widths
        self.label_embedding = LabelCode(classes)
        self.conv1 = _weight_norm(nn.Conv2d(channels, first, 5, padding=2))
        self.bn1 = _norm(first)
        self.film1: nn.Module = CodedFiLM(first)
        self.cbam1 = Attention(first)
        self.global1 = GlobalFusion(first)
        self.aspp_early = PyramidPooling(first)
        self.conv2 = _weight_norm(nn.Conv2d(first, second, 3, padding=1))
        self.bn2 = _norm(second)
        self.film2: nn.Module = CodedFiLM(second)
        self.cbam2 = Attention(second)
        self.resblock1 = _residual_blocks(second, residual_blocks, batch_norm=True)
        self.global2 = GlobalContext(second)
        self.aspp_mid = PyramidPooling(second)
        self.conv3 = _weight_norm(nn.Conv2d(second, third, 3, padding=1))
        self.bn3 = _norm(third)
        self.film3: nn.Module = CodedFiLM(third)
        self.cbam3 = Attention(third)
        self.resblock2 = _residual_blocks(third, residual_blocks, batch_norm=True)
        self.global3 = GlobalContext(third)
        self.aspp = PyramidPooling(third)
        self.conv_s = _zeros(nn.Conv2d(third, channels, 3, padding=1))
        self.conv_t = _zeros(nn.Conv2d(third, channels, 1))

    def forward(self, x: Tensor, context: Context, half: int = 0) -> tuple[Tensor, Tensor]:
        """See Conditioner."""
        labels, codes = context.labels, self._codes()
        h = context.per_label(self.bn1(self.conv1(_channels_last(x))))
        h = self.cbam1(F.gelu(self.film1(h, labels, codes)))
        h = self.aspp_early(self.global1(h))
        h = self.cbam2(F.gelu(self.film2(self.bn2(self.conv2(h)), labels, codes)))
        for block in self.resblock1:
            h = block(h, labels, codes)
        h = self.aspp_mid(self.global2(h))
        h = self.cbam3(F.gelu(self.film3(self.bn3(self.conv3(h)), labels, codes)))
        for block in self.resblock2:
            h = block(h, labels, codes)
        h = self.aspp(self.global3(h))
        return SCALE * self.conv_s(h), self.conv_t(h)


class ClassificationNetwork(PublishedNetwork):
    """The published classification network: strided convolutions, then dense layers.

    Args:
        classes: K.
        shape: (C, H, W) of the flow's tensor.
        widths: channels of the three stages.
        residual_blocks: at the second and third stage.
        dropout: after each stage.
    """

    def __init__(
        self,
        classes: int,
        shape: tuple[int, int, int],
        widths: Sequence[int],
        residual_blocks: int = 1,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        channels, height, width = shape
        first, second, third = widths
        self.label_embedding = ResidualLabelCode(classes)
        self.conv1 = _weight_norm(nn.Conv2d(channels, first, 5, stride=2, padding=2))
        self.bn1 = _norm(first)
        self.film1: nn.Module = CodedFiLM(first)
        self.conv2 = _weight_norm(nn.Conv2d(first, second, 3, stride=2, padding=1))
        self.bn2 = _norm(second)
        self.film2: nn.Module = CodedFiLM(second)
        self.cbam2 = Attention(second)
        self.resblock1 = _residual_blocks(second, residual_blocks, batch_norm=False)
        self.conv3 = _weight_norm(nn.Conv2d(second, third, 3, stride=2, padding=1))
        self.bn3 = _norm(third)
        self.film3: nn.Module = CodedFiLM(third)
        self.cbam3 = Attention(third)
        self.resblock2 = _residual_blocks(third, residual_blocks, batch_norm=False)
        self.dropout = nn.Dropout(dropout)
        flat = third * -(-height // 8) * -(-width // 8)
        size = channels * height * width
        self.t_fc1 = nn.Linear(flat, 64)
        self.t_fc2 = nn.Linear(LABEL_CODE, 64)
        self.t_fc3 = _zero_linear(128, size)
        self.s_fc1 = nn.Linear(flat, 64)
        self.s_fc2 = nn.Linear(LABEL_CODE, 64)
        self.s_fc3 = _zero_linear(128, size)
        self.folded_head: FoldedHead | None = None

    def forward(self, x: Tensor, context: Context, half: int = 0) -> tuple[Tensor, Tensor]:
        """See Conditioner."""
        shape = x.shape[1:]
        labels, codes = context.labels, self._codes()
        h = context.per_label(self.bn1(self.conv1(_channels_last(x))))
        h = self.dropout(F.gelu(self.film1(h, labels, codes)))
        h = self.cbam2(F.gelu(self.film2(self.bn2(self.conv2(h)), labels, codes)))
        for block in self.resblock1:
            h = block(h, labels, codes)
        h = self.dropout(h)
        h = self.cbam3(F.gelu(self.film3(self.bn3(self.conv3(h)), labels, codes)))
        for block in self.resblock2:
            h = block(h, labels, codes)
        raw, shift = self._head(self.dropout(h).flatten(1), labels, codes, half)
        return SCALE * raw.view(-1, *shape), shift.view(-1, *shape)

    def _head(
        self, flat: Tensor, labels: Tensor, codes: Tensor | None, half: int
    ) -> tuple[Tensor, Tensor]:
        """Raw log-scale and shift (B, C·H·W)."""
        if self.folded_head is not None:
            folded: tuple[Tensor, Tensor] = self.folded_head(flat, labels, half)
            return folded
        assert codes is not None
        code = codes[labels]
        shift = torch.cat([F.gelu(self.t_fc1(flat)), F.gelu(self.t_fc2(code))], 1)
        raw = torch.cat([F.gelu(self.s_fc1(flat)), F.gelu(self.s_fc2(code))], 1)
        return self.s_fc3(raw), self.t_fc3(shift)

    @torch.no_grad()
    def folded(self, masks: Sequence[Tensor]) -> Conditioner:
        """See PublishedNetwork; the dense layers are replaced by a FoldedHead."""
        codes = self._codes()
        assert codes is not None
        self.folded_head = FoldedHead(self, codes, masks)
        del self.t_fc1, self.t_fc2, self.t_fc3, self.s_fc1, self.s_fc2, self.s_fc3
        return super().folded(masks)


class FoldedHead(nn.Module):
    """The classification network's dense layers with all that is constant worked out.

    Half of the last layer's outputs are masked away at each of the coupling's two passes: each
    pass has the rows that it needs. The label's half of its inputs gives one constant for each
    class: only the image's half is kept as weights. Together a quarter of the published layer
    is read at each pass.

    Args:
        network: whose layers to fold.
        codes: (classes, 128) of all labels.
        masks: of the passes, (1, C, H, W) each.
    """

    def __init__(
        self, network: ClassificationNetwork, codes: Tensor, masks: Sequence[Tensor]
    ) -> None:
        super().__init__()
        first = [network.t_fc1, network.s_fc1]
        self.register_buffer("enter", torch.cat([layer.weight for layer in first]))
        self.register_buffer("enter_bias", torch.cat([layer.bias for layer in first]))
        self.enter: Tensor
        self.enter_bias: Tensor
        for half, mask in enumerate(masks):
            free = (mask.flatten() == 0).nonzero().flatten()
            source = torch.full((mask.numel(),), len(free), device=mask.device)
            source[free] = torch.arange(len(free), device=mask.device)
            self.register_buffer(f"source_{half}", source)
            for name, code_layer, last in (
                ("shift", network.t_fc2, network.t_fc3),
                ("raw", network.s_fc2, network.s_fc3),
            ):
                rows = last.weight[free]
                constant = F.linear(F.gelu(code_layer(codes)), rows[:, 64:], last.bias[free])
                self.register_buffer(f"{name}_{half}", rows[:, :64].contiguous())
                self.register_buffer(f"{name}_constant_{half}", constant)

    def forward(self, flat: Tensor, labels: Tensor, half: int) -> tuple[Tensor, Tensor]:
        """Raw log-scale and shift (B, C·H·W), 0 where the pass masks them away."""
        shift, raw = F.gelu(F.linear(flat, self.enter, self.enter_bias)).chunk(2, 1)
        return self._last(raw, "raw", labels, half), self._last(shift, "shift", labels, half)

    def _last(self, hidden: Tensor, name: str, labels: Tensor, half: int) -> Tensor:
        constant = self.get_buffer(f"{name}_constant_{half}")[labels]
        values = F.linear(hidden, self.get_buffer(f"{name}_{half}")) + constant
        return F.pad(values, (0, 1)).index_select(1, self.get_buffer(f"source_{half}"))


def _residual_blocks(channels: int, count: int, batch_norm: bool) -> nn.ModuleList:
    return nn.ModuleList(CodedResidualBlock(channels, batch_norm) for _ in range(count))
