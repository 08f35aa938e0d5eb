"""Invertible 1×1 convolutions (Kingma & Dhariwal 2018)."""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from magic_viewer.flow.bijection import Bijection, Context
from magic_viewer.flow.mix import ChannelMix


class Conv1x1(Bijection):
    """`z = W x` at every position, W (C, C)."""

    @abstractmethod
    def weight_and_log_det(self) -> tuple[Tensor, Tensor]:
        """W, and log |det W|."""

    @abstractmethod
    def inverse_weight(self) -> Tensor:
        """W⁻¹."""

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Mixes the channels."""
        weight, log_det = self.weight_and_log_det()
        return F.conv2d(x, weight[:, :, None, None]), log_det.expand(len(x), *x.shape[2:])

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Unmixes the channels."""
        _, log_det = self.weight_and_log_det()
        x = F.conv2d(z, self.inverse_weight()[:, :, None, None])
        return x, -log_det.expand(len(z), *z.shape[2:])

    @torch.no_grad()
    def unplaced_log_det(self) -> Tensor:
        """All of it."""
        return self.weight_and_log_det()[1]

    @torch.no_grad()
    def folded(self) -> Bijection:
        """The mix that it is."""
        self.double()
        weight, log_det = self.weight_and_log_det()
        return ChannelMix(weight, self.inverse_weight(), weight.new_zeros(len(weight)), log_det)


class InvertibleConv1x1(Conv1x1):
    """W = P L (U + diag(exp s)): the log-determinant is sum(s).

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

    def weight_and_log_det(self) -> tuple[Tensor, Tensor]:
        """See Conv1x1."""
        lower, upper = self._factors()
        return self.permutation @ lower @ upper, self.log_diagonal.sum()

    def inverse_weight(self) -> Tensor:
        """Two triangular solves."""
        lower, upper = self._factors()
        half = torch.linalg.solve_triangular(
            lower, self.permutation.T.contiguous(), upper=False, unitriangular=True
        )
        inverse: Tensor = torch.linalg.solve_triangular(upper, half, upper=True)
        return inverse


class FreeConv1x1(Conv1x1):
    """W is a free matrix, as published checkpoints have it; it starts as a random rotation.

    Determinant and inverse come from its QR decomposition, which pivots nothing: on some CPU
    builds the LU decomposition of tiny matrices returns wrong pivots.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linalg.qr(torch.randn(channels, channels))[0])

    def weight_and_log_det(self) -> tuple[Tensor, Tensor]:
        """See Conv1x1."""
        triangle = torch.linalg.qr(self.weight)[1]
        return self.weight, triangle.diagonal().abs().log().sum()

    def inverse_weight(self) -> Tensor:
        """One triangular solve."""
        rotation, triangle = torch.linalg.qr(self.weight)
        inverse: Tensor = torch.linalg.solve_triangular(
            triangle, rotation.T.contiguous(), upper=True
        )
        return inverse
