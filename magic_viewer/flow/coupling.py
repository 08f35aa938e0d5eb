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
        both: then the other half likewise, from the new first, by the same network.
        keep_mask: the mask is saved with the weights, because no rule makes it.
    """

    def __init__(
        self,
        mask: Tensor,
        conditioner: Conditioner,
        bound: float,
        both: bool = False,
        keep_mask: bool = False,
    ) -> None:
        super().__init__()
        self.register_buffer("mask", mask, persistent=keep_mask)
        self.conditioner = conditioner
        self.bound = bound
        self.both = both
        self.mask: Tensor

    def _masks(self) -> list[Tensor]:
        return [self.mask, 1 - self.mask] if self.both else [self.mask]

    def _log_scale_and_shift(
        self, x: Tensor, half: int, mask: Tensor, context: Context
    ) -> tuple[Tensor, Tensor]:
        passed = x * mask
        with torch.autocast(x.device.type, context.autocast, context.autocast is not None):
            raw, shift = self.conditioner(passed, context, half)
        free = 1 - mask
        log_scale = self.bound * torch.tanh(raw.to(x.dtype) / self.bound)
        return log_scale * free, shift.to(x.dtype) * free

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Transforms the masked-out part."""
        total = x.new_zeros(())
        for half, mask in enumerate(self._masks()):
            log_scale, shift = self._log_scale_and_shift(x, half, mask, context)
            x = torch.addcmul(shift, context.per_label(x), log_scale.exp())
            total = total + log_scale.sum(1)
        return x, total

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Undoes it: the passed part, and so scale and shift, are the same."""
        total = z.new_zeros(())
        for half, mask in reversed(list(enumerate(self._masks()))):
            log_scale, shift = self._log_scale_and_shift(z, half, mask, context)
            z = (context.per_label(z) - shift) * (-log_scale).exp()
            total = total - log_scale.sum(1)
        return z, total

    def folded(self) -> Bijection:
        """A coupling with a folded network."""
        self.conditioner = self.conditioner.folded(self._masks())
        return self
