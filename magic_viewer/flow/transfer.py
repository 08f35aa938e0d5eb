"""Weights taken over from a compact flow of other classes."""

from collections.abc import Sequence
from dataclasses import replace

from magic_viewer.errors import ModelError
from magic_viewer.flow.affine import ClassAffine, ClassTriangular
from magic_viewer.flow.conditioner import FiLM
from magic_viewer.flow.config import CompactConfig
from magic_viewer.flow.model import ConditionalFlow

PER_CLASS = (FiLM, ClassAffine, ClassTriangular)
"""Modules whose parameters have one row for each class, or a single one for all."""


def same_design(other: ConditionalFlow, labels: tuple[str, ...], dropout: float) -> CompactConfig:
    """The configuration of a flow like another, for other classes.

    Raises:
        ModelError: if the other isn't compact.
    """
    if not isinstance(other.config, CompactConfig):
        raise ModelError("Only weights of a compact flow can be taken over.")
    return replace(other.config, labels=labels, dropout=dropout)


def take_over(flow: ConditionalFlow, other: ConditionalFlow, rows: Sequence[int]) -> None:
    """Gives a flow the weights of another of the same design.

    Args:
        flow: whose weights are replaced.
        other: not folded.
        rows: for each class of `flow`, the class of `other` that it begins as.
    """
    per_class = {
        f"{path}.{name}"
        for path, module in flow.named_modules()
        if isinstance(module, PER_CLASS)
        for name, value in module.named_parameters(recurse=False)
        if len(value) > 1
    }
    state = other.state_dict()
    flow.load_state_dict({k: v[list(rows)] if k in per_class else v for k, v in state.items()})
