"""Where a log-likelihood comes from, on the image's own grid."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def spread(cells: Tensor, size: int) -> Tensor:
    """Spreads values of cells over the pixels of their blocks, keeping the sum.

    Each value is divided by its block's area and interpolated linearly towards the neighbouring
    blocks, so that cell borders and the masks' parity don't show as a pattern. Linear
    interpolation by a whole factor between cell centres, held at the border, gives every cell
    the same total weight: the sum stays exact.

    Args:
        cells: (B, R, H, W).
        size: pixels a side, a whole multiple of H and W.

    Returns:
        (B, R, size, size).
    """
    factor = size // cells.shape[-1]
    if factor == 1:
        return cells
    fine = F.interpolate(cells, scale_factor=float(factor), mode="bilinear", align_corners=False)
    return fine / factor**2


def attribution(maps: Sequence[Tensor], size: int) -> Tensor:
    """Adds up the scales' maps of `ConditionalFlow.log_prob_maps` on the pixel grid.

    Args:
        maps: (B, R, H, W) nats, one a scale.
        size: pixels a side.

    Returns:
        (B, R, size, size) float64, nats per pixel; sums to log p(x | label).
    """
    return torch.stack([spread(m.double(), size) for m in maps]).sum(0)
