"""The one interface of all invertible layers, and their composition.

A layer's log-determinant is given as a map over the cells of its grid, (B, H, W): each term
stands where it acted. Its sum is the log-determinant, so one pass yields both the likelihood
and its attribution.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Context:
    """What a layer may be conditioned on.

    Attributes:
        labels: (B·R,) class indices, R for each image.
        repeats: R, how many labels each image is evaluated under.
        guide: (B, C, H, W) or (B·R, C, H, W) features that a layer may look at, or None.
        autocast: lower precision of the conditioners' networks, or None.
    """

    labels: Tensor
    repeats: int = 1
    guide: Tensor | None = None
    autocast: torch.dtype | None = None

    def per_label(self, features: Tensor) -> Tensor:
        """Repeats (B, ...) features that don't depend on the label to (B·R, ...), if need be.

        Layers keep (B, ...) as long as the label has had no say, so that it is worked out once
        for all labels.
        """
        if len(features) == len(self.labels):
            return features
        return features.repeat_interleave(self.repeats, 0)


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

    def unplaced_log_det(self) -> Tensor:
        """The part of each cell's log-determinant that is the same wherever it stands, in nats."""
        return torch.zeros(())

    def folded(self) -> "Bijection":
        """The same map for inference alone, with all that is constant worked out once."""
        return self

    def merged(self, following: "Bijection") -> "Bijection | None":
        """This map and the one after it as one folded map, where that is possible."""
        return None


class ForAllClasses(Bijection):
    """A bijection of one class, used for all: the label has no say in it."""

    def __init__(self, inner: Bijection) -> None:
        super().__init__()
        self.inner = inner

    def _context(self, x: Tensor, context: Context) -> Context:
        return replace(context, labels=context.labels.new_zeros(len(x)), repeats=1)

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """The inner one's; worked out once for all labels of an image."""
        return self.inner.forward_and_log_det(x, self._context(x, context))

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """The inner one's."""
        return self.inner.inverse_and_log_det(z, self._context(z, context))

    @torch.no_grad()
    def initialise(self, x: Tensor, context: Context) -> Tensor:
        """Initialises the inner one as if all images were of one class."""
        return self.inner.initialise(x, self._context(x, context))

    def unplaced_log_det(self) -> Tensor:
        """The inner one's."""
        return self.inner.unplaced_log_det()

    def folded(self) -> Bijection:
        """The same, the inner one folded."""
        return ForAllClasses(self.inner.folded())


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
            total = _sum(total, log_det, context)
        return x, total

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Undoes all layers, last first."""
        total = z.new_zeros(z.shape[0], *z.shape[2:])
        for layer in reversed(self._layers()):
            z, log_det = layer.inverse_and_log_det(z, context)
            total = _sum(total, log_det, context)
        return z, total

    @torch.no_grad()
    def initialise(self, x: Tensor, context: Context) -> Tensor:
        """Initialises layer by layer, each on the output of those before."""
        for layer in self._layers():
            x = layer.initialise(x, context)
        return x

    def unplaced_log_det(self) -> Tensor:
        """Adds up the layers'."""
        total = torch.zeros(())
        for layer in self._layers():
            total = total + layer.unplaced_log_det().cpu()
        return total

    def folded(self) -> Bijection:
        """Folds every layer, and layers that can be one into one."""
        folded: list[Bijection] = []
        for index, layer in enumerate(self._layers()):
            folded_layer = layer.folded()
            self.layers[index] = nn.Identity()  # frees what it held before the next is folded
            merged = folded[-1].merged(folded_layer) if folded else None
            if merged is None:
                folded.append(folded_layer)
            else:
                folded[-1] = merged
        return Chain(folded)


def _sum(total: Tensor, log_det: Tensor, context: Context) -> Tensor:
    if len(total) != len(log_det):
        total, log_det = context.per_label(total), context.per_label(log_det)
    return total + log_det
