"""The networks of the couplings: (log_scale, shift) from the passed part, label and guide."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from magic_viewer.flow.bijection import Context

BLOCK = 2
"""Cells a side of the blocks on which guides and guided conditioners work."""


class FiLM(nn.Module):
    """Feature-wise linear modulation (Perez et al. 2018): one scale and shift for each class."""

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        self.table = nn.Parameter(
            torch.cat([torch.ones(classes, channels), 0.02 * torch.randn(classes, channels)], 1)
        )

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Modulates (B, C, ...) by the label's row."""
        gamma, beta = self.table[labels].chunk(2, 1)
        shape = (*gamma.shape, *(1,) * (x.dim() - 2))
        return torch.addcmul(beta.view(shape), gamma.view(shape), x)


class Conditioner(nn.Module, ABC):
    """A network that gives a coupling's log-scale and shift."""

    @abstractmethod
    def forward(self, x: Tensor, context: Context, half: int = 0) -> tuple[Tensor, Tensor]:
        """Raw log-scale and shift, both (B·R, C, H, W), from the passed part x.

        Args:
            x: (B, C, H, W) as long as the label has had no say, else (B·R, C, H, W).
            context: labels and guide.
            half: which of the coupling's masks x was passed by.
        """

    def folded(self, masks: Sequence[Tensor]) -> "Conditioner":
        """The same network for inference alone, with all that is constant worked out once.

        Args:
            masks: of the coupling, (1, C, H, W); only outputs where they are 0 matter.
        """
        return self


class GuidedConditioner(Conditioner):
    """Convolutions over the passed coefficients, added to features of the coarser band.

    Works on 2×2 blocks of cells, where its convolutions are four times cheaper. The guide's
    projection doesn't depend on the label and is made once for all labels. Starts at zero, so
    that the coupling starts as the identity.
    """

    def __init__(self, classes: int, channels: int, guide_width: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels * BLOCK**2, width, 3, padding=1)
        self.guide = nn.Conv2d(guide_width, width, 1)
        self.film_in = FiLM(classes, width)
        self.mix = nn.Conv2d(width, width, 1)
        self.film_mix = FiLM(classes, width)
        self.leave = nn.Conv2d(width, 2 * channels * BLOCK**2, 1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, context: Context, half: int = 0) -> tuple[Tensor, Tensor]:
        """See Conditioner."""
        assert context.guide is not None
        blocks = F.pixel_unshuffle(x, BLOCK).contiguous(memory_format=torch.channels_last)
        h = context.per_label(self.enter(blocks)) + context.per_label(self.guide(context.guide))
        h = F.gelu(self.film_in(h, context.labels))
        h = h + F.gelu(self.film_mix(self.mix(h), context.labels))
        raw, shift = F.pixel_shuffle(self.leave(h), BLOCK).chunk(2, 1)
        return raw, shift


class DenseConditioner(Conditioner):
    """A multilayer perceptron over all passed coefficients of a coarse band; starts at zero."""

    def __init__(self, classes: int, size: int, width: int, dropout: float) -> None:
        super().__init__()
        self.enter = nn.Linear(size, width)
        self.film_in = FiLM(classes, width)
        self.mix = nn.Linear(width, width)
        self.film_mix = FiLM(classes, width)
        self.dropout = nn.Dropout(dropout)
        self.leave = nn.Linear(width, 2 * size)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, context: Context, half: int = 0) -> tuple[Tensor, Tensor]:
        """See Conditioner."""
        h = context.per_label(self.enter(x.flatten(1)))
        h = F.gelu(self.film_in(h, context.labels))
        h = h + self.dropout(F.gelu(self.film_mix(self.mix(h), context.labels)))
        raw, shift = self.leave(h).chunk(2, 1)
        return raw.reshape(-1, *x.shape[1:]), shift.reshape(-1, *x.shape[1:])


class PriorConditioner(Conditioner):
    """Convolutions over the channels that go on, for what leaves at a split; starts at zero.

    Args:
        classes: K.
        kept: channels that go on.
        leaving: channels that leave.
        width: of the network.
    """

    def __init__(self, classes: int, kept: int, leaving: int, width: int = 32) -> None:
        super().__init__()
        self.enter = nn.Conv2d(kept, width, 3, padding=1)
        self.film = FiLM(classes, width)
        self.leave = nn.Conv2d(width, 2 * leaving, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, context: Context, half: int = 0) -> tuple[Tensor, Tensor]:
        """See Conditioner."""
        assert context.guide is not None
        h = context.per_label(self.enter(context.guide))
        raw, shift = self.leave(F.gelu(self.film(h, context.labels))).chunk(2, 1)
        return raw, shift


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with group norm around a shortcut."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(8, width),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(8, width),
            nn.GELU(),
            nn.Dropout2d(dropout),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> same."""
        out: Tensor = x + self.body(x)
        return out


class Guide(nn.Module):
    """Features of the coarser band for the couplings of the finer one, at three scales.

    A small U-shaped network with a global summary and a learned position code. It doesn't see
    the label.

    Args:
        side: cells a side of the band.
        channels: of the features, divisible by 8.
        dropout: of its blocks.
        gain: multiplies the band, to bring its values back to those of pixels.
    """

    POSITION_CHANNELS = 4

    def __init__(self, side: int, channels: int, dropout: float, gain: float) -> None:
        super().__init__()
        self.gain = gain
        self.position = nn.Parameter(
            0.1 * torch.randn(1, self.POSITION_CHANNELS, side // BLOCK, side // BLOCK)
        )
        self.enter = nn.Conv2d(BLOCK**2 + self.POSITION_CHANNELS, channels, 3, padding=1)
        self.fine = ResidualBlock(channels, dropout)
        self.down_middle = nn.Conv2d(channels, channels, 3, stride=2, padding=1)
        self.middle = ResidualBlock(channels, dropout)
        self.down_coarse = nn.Conv2d(channels, channels, 3, stride=2, padding=1)
        self.coarse = ResidualBlock(channels, dropout)
        self.summary = nn.Sequential(
            nn.Linear(channels, channels),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(channels, channels),
        )
        self.up_middle = nn.Conv2d(channels, channels, 1)
        self.up_fine = nn.Conv2d(channels, channels, 1)
        self.leave = ResidualBlock(channels, dropout)

    def forward(self, coarse: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, channels, H/2, W/2)."""
        blocks = F.pixel_unshuffle(self.gain * coarse, BLOCK)
        entry = torch.cat([blocks, self.position.expand(len(coarse), -1, -1, -1)], 1)
        fine = self.fine(self.enter(entry.contiguous(memory_format=torch.channels_last)))
        middle = self.middle(self.down_middle(fine))
        bottom = self.coarse(self.down_coarse(middle))
        bottom = bottom + self.summary(bottom.mean((2, 3)))[:, :, None, None]
        middle = middle + F.interpolate(self.up_middle(bottom), scale_factor=2.0)
        fine = fine + F.interpolate(self.up_fine(middle), scale_factor=2.0)
        out: Tensor = self.leave(fine)
        return out
