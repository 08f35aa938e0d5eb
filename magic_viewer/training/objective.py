"""What training minimises."""

import math

import torch
from torch import Tensor

from magic_viewer.flow.model import ConditionalFlow, total


def candidate_labels(
    labels: Tensor, classes: int, count: int, generator: torch.Generator
) -> Tensor:
    """Each image's own label first, then random other ones: (B, min(count, classes))."""
    count = min(count, classes)
    order = torch.rand(len(labels), classes - 1, generator=generator).argsort(1)[:, : count - 1]
    return torch.cat([labels[:, None], (labels[:, None] + 1 + order) % classes], 1)


def losses(
    flow: ConditionalFlow, x: Tensor, candidates: Tensor, temperature: float, learned: int
) -> tuple[Tensor, Tensor]:
    """Bits per dimension under the first label, and cross-entropy of it among the candidates.

    Pure maximum likelihood classifies poorly (Fetaya et al. 2020); the cross-entropy at a
    fixed likelihood temperature belongs to the IB-INN family of objectives (Ardizzone et al.
    2020).

    Args:
        flow: scored.
        x: (B, 1, size, size), dequantized grey levels.
        candidates: (B, R) labels, the true one first.
        temperature: divides log-likelihoods in the cross-entropy.
        learned: how many images, the first ones, count for the bits; all count for the other.

    Returns:
        Two scalars.
    """
    _, maps = flow.log_prob_maps(x, candidates)
    log_likelihoods = total(maps)
    bits = -log_likelihoods[:learned, 0].mean() / (flow.dimensions * math.log(2))
    cross_entropy = -torch.log_softmax(log_likelihoods / temperature, 1)[:, 0].mean()
    return bits, cross_entropy
