"""Invertible 1×1 convolution (Kingma & Dhariwal 2018), parameterised by its PLU factors."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from magic_viewer.flow.bijection import Bijection, Context


class InvertibleConv1x1(Bijection):
    """`z = P L (U + diag(exp s)) x` at every position: the log-determinant is sum(s).

    Args:
        channels: C.
        roll: P moves each channel on by this many places.
    """

    def __init__(self, channels: int, roll: int = 1) -> None:
        super().__init__()
        permutation = torch.eye(channels).roll(roll, 0)
        self.register_buffer("permutation", permutation)
        self.lower = nn.Parameter(torch.zeros(channels, channels))
        self.upper = nn.Parameter(torch.zeros(channels, channels))
        self.log_diagonal = nn.Parameter(torch.zeros(channels))
        self.permutation: Tensor

    def _factors(self) -> tuple[Tensor, Tensor]:
        identity = torch.eye(len(self.lower), dtype=self.lower.dtype, device=self.lower.device)
        lower = self.lower.tril(-1) + identity
        return lower, self.upper.triu(1) + torch.diag(self.log_diagonal.exp())

    def _log_det(self, x: Tensor) -> Tensor:
        return self.log_diagonal.sum().expand(x.shape[0], *x.shape[2:])

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Mixes the channels."""
        lower, upper = self._factors()
        weight = self.permutation @ lower @ upper
        return F.conv2d(x, weight[:, :, None, None]), self._log_det(x)

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Unmixes the channels by two triangular solves."""
        lower, upper = self._factors()
        half = torch.linalg.solve_triangular(
            lower, self.permutation.T.contiguous(), upper=False, unitriangular=True
        )
        inverse = torch.linalg.solve_triangular(upper, half, upper=True)
        return F.conv2d(z, inverse[:, :, None, None]), -self._log_det(z)
