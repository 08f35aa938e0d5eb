"""The one interface of all invertible layers, and their composition.

A layer's log-determinant is given as a map over the cells of its grid, (B, H, W): each term
stands where it acted. Its sum is the log-determinant, so one pass yields both the likelihood
and its attribution.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Context:
    """What a layer may be conditioned on.

    Attributes:
        labels: (B·R,) class indices, R for each image.
        repeats: R, how many labels each image is evaluated under.
        guide: (B, C, H, W) features that don't depend on the label, or None.
    """

    labels: Tensor
    repeats: int = 1
    guide: Tensor | None = None

    def per_label(self, features: Tensor) -> Tensor:
        """Repeats (B, ...) label-free features to (B·R, ...)."""
        return features if self.repeats == 1 else features.repeat_interleave(self.repeats, 0)


class Bijection(nn.Module, ABC):
    """An invertible map of (B, C, H, W) tensors, given the context."""

    @abstractmethod
    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Data to latent: z, and log |dz/dx| as a map (B, H, W) over the cells of x."""

    @abstractmethod
    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Latent to data: x, and log |dx/dz| as a map (B, H, W) over the cells of z."""

    @torch.no_grad()
    def initialise(self, x: Tensor, context: Context) -> Tensor:
        """Sets what is to be set from data, and gives the layer's output for it."""
        return self.forward_and_log_det(x, context)[0]


class Chain(Bijection):
    """Bijections of one shape, applied in turn."""

    def __init__(self, layers: Iterable[Bijection]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def _layers(self) -> list[Bijection]:
        return cast(list[Bijection], list(self.layers))

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Applies all layers; log-determinant maps add up."""
        total = x.new_zeros(x.shape[0], *x.shape[2:])
        for layer in self._layers():
            x, log_det = layer.forward_and_log_det(x, context)
            total = total + log_det
        return x, total

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Undoes all layers, last first."""
        total = z.new_zeros(z.shape[0], *z.shape[2:])
        for layer in reversed(self._layers()):
            z, log_det = layer.inverse_and_log_det(z, context)
            total = total + log_det
        return z, total

    @torch.no_grad()
    def initialise(self, x: Tensor, context: Context) -> Tensor:
        """Initialises layer by layer, each on the output of those before."""
        for layer in self._layers():
            x = layer.initialise(x, context)
        return x
