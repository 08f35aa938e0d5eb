"""Activation normalisation with data-dependent initialisation (Kingma & Dhariwal 2018)."""

import torch
from torch import Tensor, nn

from magic_viewer.errors import ModelError
from magic_viewer.flow.bijection import Bijection, Context
from magic_viewer.flow.mix import ChannelMix


class ActNorm(Bijection):
    """`z = scale * x + bias` for each channel; scale is sign · exp(log_scale)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("sign", torch.ones(channels))
        self.register_buffer("initialised", torch.zeros((), dtype=torch.bool))
        self.sign: Tensor
        self.initialised: Tensor

    def _scale(self) -> Tensor:
        return (self.sign * self.log_scale.exp()).view(1, -1, 1, 1)

    def _log_det(self, x: Tensor) -> Tensor:
        if not self.initialised:
            raise ModelError("ActNorm was used before initialise() or before weights were loaded.")
        return self.log_scale.sum().expand(x.shape[0], *x.shape[2:])

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Scales and shifts each channel."""
        log_det = self._log_det(x)
        return x * self._scale() + self.bias.view(1, -1, 1, 1), log_det

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Undoes scale and shift."""
        log_det = -self._log_det(z)
        return (z - self.bias.view(1, -1, 1, 1)) / self._scale(), log_det

    @torch.no_grad()
    def initialise(self, x: Tensor, context: Context) -> Tensor:
        """Makes the output of x zero-mean with unit variance in each channel."""
        mean = x.mean((0, 2, 3))
        std = x.std((0, 2, 3), unbiased=False).clamp_min(1e-3)
        self.log_scale.copy_(-std.log())
        self.bias.copy_(-mean / std)
        self.initialised.fill_(True)
        return super().initialise(x, context)

    def unplaced_log_det(self) -> Tensor:
        """All of it."""
        return self.log_scale.detach().sum()

    @torch.no_grad()
    def folded(self) -> Bijection:
        """A diagonal mix."""
        scale = self._scale().flatten().double()
        log_det = self.log_scale.double().sum()
        return ChannelMix(scale.diag(), (1 / scale).diag(), self.bias.double(), log_det)
