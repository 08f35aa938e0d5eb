"""Squeezes: fewer, deeper cells."""

import torch
from torch import Tensor


def haar_split(x: Tensor) -> tuple[Tensor, Tensor]:
    """Orthonormal Haar transform of (B, 1, H, W): coarse (B, 1, H/2, W/2), detail (B, 3, H/2, W/2).

    The coarse band is twice the mean of each 2×2 block; the log-determinant is 0.
    """
    a, b = x[..., 0::2, 0::2], x[..., 0::2, 1::2]
    c, d = x[..., 1::2, 0::2], x[..., 1::2, 1::2]
    top, bottom, top_step, bottom_step = a + b, c + d, a - b, c - d
    coarse = (top + bottom) / 2
    detail = torch.cat([top_step + bottom_step, top - bottom, top_step - bottom_step], 1) / 2
    return coarse, detail


def haar_join(coarse: Tensor, detail: Tensor) -> Tensor:
    """Undoes `haar_split`."""
    horizontal, vertical, diagonal = detail.chunk(3, 1)
    a = coarse + horizontal + vertical + diagonal
    b = coarse - horizontal + vertical - diagonal
    c = coarse + horizontal - vertical - diagonal
    d = coarse - horizontal - vertical + diagonal
    return torch.nn.functional.pixel_shuffle(torch.cat([a, b, c, d], 1) / 2, 2)
