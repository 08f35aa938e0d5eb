"""The coupling networks of the published MAGIC-Flow, with the published names of parameters.

The network is that of Caldera, Bottacini and Cavinato (2025), arXiv:2510.22070. Each maps what
the mask passes and the one-hot labels to a log-scale in (-0.5, 0.5) and a shift, both of the
shape of x. Nothing is cached between calls: as published, weight norm and the embedding of the
labels are computed anew each time.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EMBEDDING = 128
"""Width of an embedded label."""


class CouplingNetwork(nn.Module, ABC):
    """What the flow needs of either network."""

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Log-scale and shift, (B, C, H, W) each, for masked x and one-hot labels y (B, K)."""


class WeightNormConv2d(nn.Module):
    """A "same" convolution whose weight is computed in each call: g * v / |v|, by output."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        start = nn.Conv2d(inputs, outputs, kernel)
        assert start.bias is not None
        self.bias = nn.Parameter(start.bias.detach())
        self.weight_g = nn.Parameter(start.weight.detach().flatten(1).norm(dim=1).view(-1, 1, 1, 1))
        self.weight_v = nn.Parameter(start.weight.detach())
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, ceil(H / stride), ceil(W / stride))."""
        weight = torch._weight_norm(self.weight_v, self.weight_g, 0)
        return F.conv2d(x, weight, self.bias, self.stride, self.weight_v.shape[-1] // 2)


class FiLM(nn.Module):
    """Scales and shifts channels by the label: gamma(e) * x + beta(e)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Linear(EMBEDDING, channels)
        self.beta = nn.Linear(EMBEDDING, channels)

    def forward(self, x: Tensor, embedded: Tensor) -> Tensor:
        """The shape of x."""
        gamma: Tensor = self.gamma(embedded)[..., None, None]
        beta: Tensor = self.beta(embedded)[..., None, None]
        return gamma * x + beta


class ChannelAttention(nn.Module):
    """Gates channels by their means and maxima."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // 16)
        self.shared_mlp = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The shape of x."""
        mean = self.shared_mlp(F.adaptive_avg_pool2d(x, 1))
        peak = self.shared_mlp(F.adaptive_max_pool2d(x, 1))
        return x * torch.sigmoid(mean + peak)


class SpatialAttention(nn.Module):
    """Gates places by their mean and maximum over channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The shape of x."""
        pooled = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), 1)
        return x * torch.sigmoid(self.conv(pooled))


class CBAM(nn.Module):
    """Channel attention, then spatial attention (Woo et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel_attention = ChannelAttention(channels)
        self.spatial_attention = SpatialAttention()

    def forward(self, x: Tensor) -> Tensor:
        """The shape of x."""
        gated: Tensor = self.spatial_attention(self.channel_attention(x))
        return gated


class ResBlock(nn.Module):
    """Two 3×3 convolutions with FiLM around a skip; batch norm, or group norm with 8 groups."""

    def __init__(self, channels: int, batch_norm: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels) if batch_norm else nn.GroupNorm(8, channels)
        self.film1 = FiLM(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels) if batch_norm else nn.GroupNorm(8, channels)
        self.film2 = FiLM(channels)

    def forward(self, x: Tensor, embedded: Tensor) -> Tensor:
        """The shape of x."""
        h = F.gelu(self.film1(self.bn1(self.conv1(x)), embedded))
        return F.gelu(self.film2(self.bn2(self.conv2(h)), embedded) + x)


class GlobalFeatureFusion(nn.Module):
    """Adds to every place what the image's mean says."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(channels, EMBEDDING), nn.GELU(), nn.Linear(EMBEDDING, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """The shape of x."""
        added: Tensor = self.mlp(F.adaptive_avg_pool2d(x, 1).flatten(1))
        return x + added[..., None, None]


class GlobalContext(nn.Module):
    """Gates channels by the image's mean, around a skip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // 16)
        self.mlp = nn.Sequential(
            nn.Linear(channels, hidden, bias=False),
            nn.ReLU(),
            nn.Linear(hidden, channels, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The shape of x."""
        pooled = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return x * torch.sigmoid(self.mlp(pooled))[..., None, None] + x


class ASPP(nn.Module):
    """Convolutions of four dilations side by side, their channels gated, then mixed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.atrous_block1 = nn.Conv2d(channels, channels, 1)
        self.atrous_block6 = nn.Conv2d(channels, channels, 3, padding=6, dilation=6)
        self.atrous_block12 = nn.Conv2d(channels, channels, 3, padding=12, dilation=12)
        self.atrous_block18 = nn.Conv2d(channels, channels, 3, padding=18, dilation=18)
        wide, hidden = 4 * channels, 4 * channels // 16
        self.se = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(wide, hidden, 1),
            nn.ReLU(),
            nn.Conv2d(hidden, wide, 1),
            nn.Sigmoid(),
        )
        self.output = nn.Conv2d(wide, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The shape of x."""
        parts = (
            self.atrous_block1(x),
            self.atrous_block6(x),
            self.atrous_block12(x),
            self.atrous_block18(x),
        )
        wide = torch.cat(parts, 1)
        mixed: Tensor = self.output(wide * self.se(wide))
        return mixed


class GenerationNetwork(CouplingNetwork):
    """The network for generation: full resolution throughout.

    Args:
        channels: C of x.
        classes: K.
        widths: of the three stages.
    """

    def __init__(self, channels: int, classes: int, widths: Sequence[int]) -> None:
        super().__init__()
        first, second, third = widths
        self.label_embedding = nn.Sequential(nn.Linear(classes, EMBEDDING), nn.GELU())
        self.conv1 = WeightNormConv2d(channels, first, 5)
        self.bn1 = nn.GroupNorm(min(8, first), first)
        self.film1, self.cbam1 = FiLM(first), CBAM(first)
        self.global1, self.aspp_early = GlobalFeatureFusion(first), ASPP(first)
        self.conv2 = WeightNormConv2d(first, second, 3)
        self.bn2 = nn.GroupNorm(min(8, second), second)
        self.film2, self.cbam2 = FiLM(second), CBAM(second)
        self.resblock1 = ResBlock(second, batch_norm=True)
        self.global2, self.aspp_mid = GlobalContext(second), ASPP(second)
        self.conv3 = WeightNormConv2d(second, third, 3)
        self.bn3 = nn.GroupNorm(min(8, third), third)
        self.film3, self.cbam3 = FiLM(third), CBAM(third)
        self.resblock2 = ResBlock(third, batch_norm=True)
        self.global3, self.aspp = GlobalContext(third), ASPP(third)
        self.conv_s = nn.Sequential(nn.Conv2d(third, channels, 3, padding=1))
        self.conv_t = nn.Conv2d(third, channels, 1)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """See CouplingNetwork."""
        e = F.gelu(self.label_embedding(y))
        h = self.cbam1(F.gelu(self.film1(self.bn1(self.conv1(x)), e)))
        h = self.aspp_early(self.global1(h))
        h = self.cbam2(F.gelu(self.film2(self.bn2(self.conv2(h)), e)))
        h = self.aspp_mid(self.global2(self.resblock1(h, e)))
        h = self.cbam3(F.gelu(self.film3(self.bn3(self.conv3(h)), e)))
        h = self.aspp(self.global3(self.resblock2(h, e)))
        return 0.5 * torch.tanh(self.conv_s(h)), self.conv_t(h)


class LabelEmbedding(nn.Module):
    """K -> 16 -> 32 -> 64 -> 128, with skips around the middle two."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(classes, 16), nn.Linear(16, 32)
        self.fc3, self.fc4 = nn.Linear(32, 64), nn.Linear(64, EMBEDDING)
        self.proj1, self.proj2 = nn.Linear(16, 32), nn.Linear(32, 64)

    def forward(self, y: Tensor) -> Tensor:
        """(B, K) to (B, EMBEDDING)."""
        e = F.gelu(self.fc1(y))
        e = F.gelu(self.fc2(e) + self.proj1(e))
        e = F.gelu(self.fc3(e) + self.proj2(e))
        return F.gelu(self.fc4(e))


class ClassificationNetwork(CouplingNetwork):
    """The network for classification: three strides of 2, then dense heads.

    Args:
        shape: (C, H, W) of x.
        classes: K.
        widths: of the three stages.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, widths: Sequence[int]) -> None:
        super().__init__()
        channels, height, width = shape
        first, second, third = widths
        dimensions = channels * height * width
        flat = third * -(-height // 8) * -(-width // 8)
        self.label_embedding = LabelEmbedding(classes)
        self.conv1 = WeightNormConv2d(channels, first, 5, stride=2)
        self.bn1, self.film1 = nn.GroupNorm(8, first), FiLM(first)
        self.conv2 = WeightNormConv2d(first, second, 3, stride=2)
        self.bn2, self.film2 = nn.GroupNorm(8, second), FiLM(second)
        self.cbam2, self.resblock1 = CBAM(second), ResBlock(second, batch_norm=False)
        self.conv3 = WeightNormConv2d(second, third, 3, stride=2)
        self.bn3, self.film3 = nn.GroupNorm(8, third), FiLM(third)
        self.cbam3, self.resblock2 = CBAM(third), ResBlock(third, batch_norm=False)
        self.t_fc1, self.t_fc2 = nn.Linear(flat, 64), nn.Linear(EMBEDDING, 64)
        self.t_fc3 = nn.Linear(128, dimensions)
        self.s_fc1, self.s_fc2 = nn.Linear(flat, 64), nn.Linear(EMBEDDING, 64)
        self.s_fc3 = nn.Linear(128, dimensions)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """See CouplingNetwork."""
        e = self.label_embedding(y)
        h = self.dropout(F.gelu(self.film1(self.bn1(self.conv1(x)), e)))
        h = self.cbam2(F.gelu(self.film2(self.bn2(self.conv2(h)), e)))
        h = self.dropout(self.resblock1(h, e))
        h = self.cbam3(F.gelu(self.film3(self.bn3(self.conv3(h)), e)))
        h = self.dropout(self.resblock2(h, e)).flatten(1)
        shift = self.t_fc3(torch.cat((F.gelu(self.t_fc1(h)), F.gelu(self.t_fc2(e))), 1))
        scale = self.s_fc3(torch.cat((F.gelu(self.s_fc1(h)), F.gelu(self.s_fc2(e))), 1))
        return 0.5 * torch.tanh(scale.view_as(x)), shift.view_as(x)
