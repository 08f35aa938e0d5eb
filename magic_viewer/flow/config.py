"""What a flow is made of."""

from dataclasses import dataclass
from typing import Literal

WEIGHTS = "weights.safetensors"
"""File in a model's folder with the flow's weights."""


@dataclass(frozen=True)
class FlowConfig:
    """What every flow has.

    Attributes:
        labels: names of the classes, in the order of their indices.
        size: pixels a side.
        scale: multiplies x before anything else.
        offset: added then. The default brings dequantized 8-bit grey levels, 0..256, to ±0.5.
        logit: margin of a logit after that, for x then within 0..1; 0 is none.
    """

    labels: tuple[str, ...]
    size: int = 64
    scale: float = 1 / 256
    offset: float = -0.5
    logit: float = 0.0


@dataclass(frozen=True)
class CompactConfig(FlowConfig):
    """The compact flow: a Haar pyramid whose detail bands are drawn given the coarser band.

    Attributes:
        levels: Haar splits; the coarse band has size / 2**levels cells a side, which must be a
            multiple of 8.
        detail_steps: mask of each step (ActNorm, 1×1 convolution, coupling) of a detail band.
        width: channels of the finest detail couplings' networks; twice as many below.
        guide_width: channels of the finest guide, divisible by 8; twice as many below.
        coarse_steps: mask of each step of the coarse band.
        coarse_width: width of the coarse couplings' networks.
        bound: limit of each coupling's |log_scale|.
        dropout: of all networks, in training.
        shared_coarse: the coarse band is the same for all classes, which differ in the details
            alone; for classes that share their layout, and few different images.
    """

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
    shared_coarse: bool = False

    def side(self, level: int) -> int:
        """Cells a side of the bands at a level, 0 the finest."""
        return self.size >> (level + 1)

    @staticmethod
    def at_level(width: int, level: int) -> int:
        """Channels at a level: coarser bands have few cells, so more channels cost little."""
        return width if level == 0 else 2 * width


@dataclass(frozen=True)
class PublishedConfig(FlowConfig):
    """The flow of Caldera et al. 2025: steps of ActNorm, 1×1 convolution and a double coupling.

    Attributes:
        network: of the couplings.
        masks: of each step; see `masks.MASKS`.
        squeezes: steps before which four pixels become four channels.
        splits: steps after which the second half of the channels leaves as a latent.
        widths: channels of each step's network at its three stages.
        residual_blocks: at each stage that has them, 1, 3 or 5.
        prior: of what leaves and of what is left: fixed normal, normal with a learned mean and
            scale for each class and position, or, for what leaves, also given what goes on.
        free_mixing: 1×1 convolutions are free matrices, as in published checkpoints, instead of
            products of triangular factors.
        dropout: of classification networks, in training.
        block: cells a side of the squares of "block" masks.
    """

    size: int = 184
    scale: float = 2 / 255
    offset: float = -1 - 1 / 255
    network: Literal["generation", "classification"] = "generation"
    masks: tuple[str, ...] = ()
    squeezes: tuple[int, ...] = ()
    splits: tuple[int, ...] = ()
    widths: tuple[tuple[int, int, int], ...] = ()
    residual_blocks: int = 1
    prior: Literal["normal", "class", "conditional"] = "normal"
    free_mixing: bool = False
    dropout: float = 0.3
    block: int = 4


KINDS: dict[str, type[FlowConfig]] = {"compact": CompactConfig, "published": PublishedConfig}
"""What each kind of flow is called in a model's config.json."""

NAMED = ("magic-generation", "magic-classification", "compact")
_MASKS = (
    ("custom",) + ("checkerboard",) * 4 + (("channel",) * 3 + ("checkerboard",) * 3) * 2
    + ("channel",) * 3 + ("checkerboard",) * 4
)  # fmt: skip
_WIDTHS = (
    ((16, 16, 32),) * 2 + ((16, 32, 32),) * 4 + ((16, 32, 64),) * 4 + ((16, 64, 64),)
    + ((32, 64, 64),) * 3 + ((32, 64, 128),) * 3 + ((64, 64, 128),) * 3
    + ((64, 128, 128),) * 2 + ((128, 256, 256),) * 2
)  # fmt: skip


def named_config(name: str, labels: tuple[str, ...]) -> FlowConfig:
    """One of the NAMED configurations: the published networks at 184×184, or the compact flow.

    Args:
        name: one of NAMED.
        labels: of the classes.

    Raises:
        ValueError: for another name.
    """
    if name == "compact":
        return CompactConfig(labels)
    if name not in NAMED:
        raise ValueError(f"unknown configuration {name!r}; expected one of {', '.join(NAMED)}")
    return PublishedConfig(
        labels,
        network="generation" if name == "magic-generation" else "classification",
        masks=_MASKS,
        squeezes=(5, 11, 17),
        splits=(7, 13, 19),
        widths=_WIDTHS,
    )
