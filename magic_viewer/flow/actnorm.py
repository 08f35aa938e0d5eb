"""Activation normalisation with data-dependent initialisation (Kingma & Dhariwal 2018)."""

import torch
from torch import Tensor, nn

from magic_viewer.errors import ModelError
from magic_viewer.flow.bijection import Bijection, Context


class ActNorm(Bijection):
    """`z = scale * x + bias` for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("initialised", torch.zeros((), dtype=torch.bool))
        self.initialised: Tensor

    def _log_det(self, x: Tensor) -> Tensor:
        if not self.initialised:
            raise ModelError("ActNorm was used before initialise() or before weights were loaded.")
        return self.log_scale.sum().expand(x.shape[0], *x.shape[2:])

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Scales and shifts each channel."""
        log_det = self._log_det(x)
        return x * self.log_scale.exp().view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1), log_det

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Undoes scale and shift."""
        log_det = -self._log_det(z)
        x = (z - self.bias.view(1, -1, 1, 1)) * (-self.log_scale).exp().view(1, -1, 1, 1)
        return x, log_det

    @torch.no_grad()
    def initialise(self, x: Tensor, context: Context) -> Tensor:
        """Makes the output of x zero-mean with unit variance in each channel."""
        mean = x.mean((0, 2, 3))
        std = x.std((0, 2, 3), unbiased=False).clamp_min(1e-3)
        self.log_scale.copy_(-std.log())
        self.bias.copy_(-mean / std)
        self.initialised.fill_(True)
        return super().initialise(x, context)
