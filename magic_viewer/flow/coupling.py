"""Masked affine coupling (Dinh et al. 2017) with bounded scales."""

import torch
from torch import Tensor

from magic_viewer.flow.bijection import Bijection, Context
from magic_viewer.flow.conditioner import Conditioner


class AffineCoupling(Bijection):
    """`z = x * exp(log_scale) + shift` where the mask is 0, from what it passes and the context.

    Args:
        mask: (1, C, H, W), 1 = passed through.
        conditioner: gives (log_scale, shift) from the passed part.
        bound: log_scale stays within ±bound, smoothly.
    """

    def __init__(self, mask: Tensor, conditioner: Conditioner, bound: float) -> None:
        super().__init__()
        self.register_buffer("mask", mask, persistent=False)
        self.conditioner = conditioner
        self.bound = bound
        self.mask: Tensor

    def _log_scale_and_shift(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        raw, shift = self.conditioner(x * self.mask, context)
        free = 1 - self.mask
        return self.bound * torch.tanh(raw / self.bound) * free, shift * free

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Transforms the masked-out part."""
        log_scale, shift = self._log_scale_and_shift(x, context)
        return x * log_scale.exp() + shift, log_scale.sum(1)

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Undoes it: the passed part, and so scale and shift, are the same."""
        log_scale, shift = self._log_scale_and_shift(z, context)
        return (z - shift) * (-log_scale).exp(), -log_scale.sum(1)
