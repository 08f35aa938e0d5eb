"""Splits: part of the channels leaves as a latent, the rest goes on."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from magic_viewer.flow.bijection import Bijection, Chain, Context


class Split(nn.Module):
    """The first `keep` channels go on; the others leave under a prior.

    A prior is a bijection of what leaves to standard normal noise. None is the fixed normal
    prior; one that looks at the label alone is class-conditional; with a guide it is
    conditioned on what goes on.

    Args:
        keep: channels that go on.
        prior: of the channels that leave.
        guide: makes features of the channels that go on, for the prior to look at.
    """

    def __init__(
        self, keep: int, prior: Bijection | None = None, guide: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.keep = keep
        self.prior = prior or Chain([])
        self.guide = guide

    def _context(self, kept: Tensor, context: Context) -> Context:
        guide = kept
        if self.guide is not None:
            with torch.autocast(kept.device.type, context.autocast, context.autocast is not None):
                guide = self.guide(kept)
        return replace(context, guide=guide)

    def split(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor, Tensor]:
        """What goes on, the latent that leaves, and the prior's log-det map."""
        kept, leaving = x[:, : self.keep], x[:, self.keep :]
        z, log_det = self.prior.forward_and_log_det(leaving, self._context(kept, context))
        return kept, z, log_det

    def join(self, kept: Tensor, z: Tensor, context: Context) -> Tensor:
        """Undoes `split`."""
        leaving, _ = self.prior.inverse_and_log_det(z, self._context(kept, context))
        return torch.cat([kept, leaving], 1)

    def initialise(self, x: Tensor, context: Context) -> Tensor:
        """Initialises the prior; gives what goes on."""
        kept, leaving = x[:, : self.keep], x[:, self.keep :]
        self.prior.initialise(leaving, self._context(kept, context))
        return kept

    def fold(self) -> None:
        """Folds the prior, for inference alone."""
        self.prior = self.prior.folded()
