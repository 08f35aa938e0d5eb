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


def scale_attributions(maps: Sequence[Tensor], size: int) -> Tensor:
    """The scales' maps of `ConditionalFlow.log_prob_maps`, each on the pixel grid.

    Args:
        maps: (B, R, H, W) nats, one a scale; H is the scale's true resolution.
        size: pixels a side.

    Returns:
        (scales, B, R, size, size) float64, nats per pixel.
    """
    return torch.stack([spread(m.double(), size) for m in maps])


def attribution(maps: Sequence[Tensor], size: int) -> Tensor:
    """Adds up the scales' maps on the pixel grid; see `scale_attributions`.

    Returns:
        (B, R, size, size) float64, nats per pixel; sums to log p(x | label). The difference of
        two labels' maps sums to their log-odds.
    """
    return scale_attributions(maps, size).sum(0)


def evidence(maps: Tensor, posterior: Tensor) -> Tensor:
    """Each label's map less the mean of all labels' by their posterior.

    Args:
        maps: (B, R, size, size) of `attribution`, R all labels.
        posterior: (B, R), sums to 1.

    Returns:
        (B, R, size, size); sums to log p(x | label) less its posterior mean.
    """
    return maps - (posterior[:, :, None, None] * maps).sum(1, keepdim=True)
