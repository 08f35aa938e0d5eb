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
        width: channels of the detail couplings' networks.
        guide_width: channels of the guides; divisible by 8.
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
