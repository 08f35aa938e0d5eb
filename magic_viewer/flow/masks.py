"""Masks of the couplings: 1 is passed through (and seen by the network), 0 is transformed."""

import torch
from torch import Tensor

MASKS = ("none", "checkerboard", "channel", "vertical", "horizontal", "block", "custom")


def make_mask(
    kind: str,
    channels: int,
    height: int,
    width: int,
    step: int,
    custom: Tensor | None = None,
    block: int = 4,
) -> Tensor:
    """A mask (1, channels, height, width).

    Args:
        kind: one of MASKS; "none" passes nothing, for a map given the context alone.
        channels: C.
        height: H.
        width: W.
        step: its parity tells which half is passed.
        custom: (height, width) ones and zeros of the mask "custom".
        block: cells a side of the squares of the mask "block".

    Returns:
        float32 ones and zeros.

    Raises:
        ValueError: for an unknown kind, or a custom mask that is missing or of another shape.
    """
    rows = torch.arange(height).view(1, 1, -1, 1)
    columns = torch.arange(width).view(1, 1, 1, -1)
    index = torch.arange(channels).view(1, -1, 1, 1)
    ones = torch.ones(1, channels, height, width, dtype=torch.long)
    if kind == "none":
        return torch.zeros(1, channels, height, width)
    if kind == "channel":
        first = (index < channels // 2).long() * ones
        return (first if step % 2 == 0 else 1 - first).float()
    if kind == "custom":
        if custom is None or custom.shape != (height, width):
            came = "none" if custom is None else f"{custom.shape[0]}×{custom.shape[1]}"
            raise ValueError(f"a custom mask needs an image of {height}×{width}; came {came}")
        return ((custom.long() + step) % 2 * ones).float()
    patterns = {
        "checkerboard": rows + columns,
        "vertical": columns,
        "horizontal": rows,
        "block": rows // block + columns // block,
    }
    if kind not in patterns:
        raise ValueError(f"unknown mask {kind!r}; expected one of {', '.join(MASKS)}")
    return ((patterns[kind] + step + index) % 2 * ones).float()
