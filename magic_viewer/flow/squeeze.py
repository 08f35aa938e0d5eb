"""Squeezes: fewer, deeper cells; bijections that change the shape and whose log-det is 0."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Squeeze(nn.Module, ABC):
    """(B, C, H, W) to (B, 4·C, H/2, W/2) and back."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Squeezes."""

    @abstractmethod
    def inverse(self, z: Tensor) -> Tensor:
        """Undoes it."""


class ReshapeSqueeze(Squeeze):
    """Each 2×2 block becomes four channels: top left, top right, bottom left, bottom right."""

    def forward(self, x: Tensor) -> Tensor:
        """Squeezes."""
        return F.pixel_unshuffle(x, 2)

    def inverse(self, z: Tensor) -> Tensor:
        """Undoes it."""
        return F.pixel_shuffle(z, 2)


class HaarSqueeze(Squeeze):
    """Orthonormal Haar transform: coarse bands first, then the three details of each channel.

    The coarse band is twice the mean of each 2×2 block.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C coarse and 3·C detail, H/2, W/2)."""
        a, b = x[..., 0::2, 0::2], x[..., 0::2, 1::2]
        c, d = x[..., 1::2, 0::2], x[..., 1::2, 1::2]
        top, bottom, top_step, bottom_step = a + b, c + d, a - b, c - d
        bands = [top + bottom, top_step + bottom_step, top - bottom, top_step - bottom_step]
        return torch.cat(bands, 1) / 2

    def inverse(self, z: Tensor) -> Tensor:
        """Undoes it."""
        coarse, horizontal, vertical, diagonal = z.chunk(4, 1)
        a = coarse + horizontal + vertical + diagonal
        b = coarse - horizontal + vertical - diagonal
        c = coarse + horizontal - vertical - diagonal
        d = coarse - horizontal - vertical + diagonal
        return F.pixel_shuffle(torch.stack([a, b, c, d], 2).flatten(1, 2) / 2, 2)
