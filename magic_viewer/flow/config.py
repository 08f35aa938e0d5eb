"""What a flow is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FlowConfig:
    """The compact flow: a Haar pyramid whose detail bands are drawn given the coarser band.

    Attributes:
        labels: names of the classes, in the order of their indices.
        size: pixels a side; divisible by 8 · 2**levels.
        levels: Haar splits; the coarse band has size / 2**levels cells a side.
        detail_steps: mask of each step (ActNorm, 1×1 convolution, coupling) of a detail band.
        width: channels of the finest detail couplings' networks; twice as many below.
        guide_width: channels of the finest guide, divisible by 8; twice as many below.
        coarse_steps: mask of each step of the coarse band.
        coarse_width: width of the coarse couplings' networks.
        bound: limit of each coupling's |log_scale|.
        dropout: of all networks, in training.
    """

    labels: tuple[str, ...]
    size: int = 64
    levels: int = 2
    detail_steps: tuple[str, ...] = (
        "none",
        "checkerboard",
        "checkerboard",
        "channel",
        "channel",
        "checkerboard",
        "checkerboard",
    )
    width: int = 64
    guide_width: int = 64
    coarse_steps: tuple[str, ...] = (
        "checkerboard",
        "checkerboard",
        "vertical",
        "vertical",
        "horizontal",
        "horizontal",
        "checkerboard",
        "checkerboard",
    )
    coarse_width: int = 256
    bound: float = 1.5
    dropout: float = 0.1

    def side(self, level: int) -> int:
        """Cells a side of the bands at a level, 0 the finest."""
        return self.size >> (level + 1)

    @staticmethod
    def at_level(width: int, level: int) -> int:
        """Channels at a level: coarser bands have few cells, so more channels cost little."""
        return width if level == 0 else 2 * width
