"""How well maps point at a known place, and whether they depend on what they should."""

import copy
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from scipy import stats
from torchmetrics.functional.classification import binary_auroc

from magic_viewer.flow.model import ConditionalFlow

Array = npt.NDArray[np.float64]
Masks = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.float32]

SHARES = np.linspace(0, 1, 9) ** 2
"""Of the pixels that deletion and insertion have exchanged, dense where few are."""


def auroc(scores: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve of scores of any shape and range."""
    ranks = stats.rankdata(scores) / scores.size  # torchmetrics takes 0..1, and squashes others
    return float(binary_auroc(torch.from_numpy(ranks.ravel()), torch.from_numpy(truth.ravel())))


def pixel_auroc(maps: Array, masks: Masks) -> Array:
    """How well each map's values tell the pixels of its mask from the others, (B,)."""
    return np.array([auroc(m, mask) for m, mask in zip(maps, masks, strict=True)])


def pointing(maps: Array, masks: Masks) -> Array:
    """1 where a map's highest pixel is inside its mask, else 0 (Zhang et al. 2018), (B,)."""
    best = maps.reshape(len(maps), -1).argmax(1)
    return masks.reshape(len(masks), -1)[np.arange(len(masks)), best].astype(float)


def exchange_area(
    score: Callable[[Pixels], Array], maps: Array, spoiled: Pixels, clean: Pixels, insert: bool
) -> float:
    """Area under the log-odds as pixels are exchanged in the order of a map, highest first.

    Args:
        score: log-odds (B,) of images (B, size, size).
        maps: (B, size, size).
        spoiled: images with the artefact.
        clean: the same without.
        insert: bring the artefact into the clean images, instead of taking it away.

    Returns:
        The area over the share of pixels exchanged, of log-odds scaled to 0 for the clean images'
        mean and 1 for the spoiled ones': good deletion is near 0, good insertion near 1.
    """
    first, second = (clean, spoiled) if insert else (spoiled, clean)
    order = maps.reshape(len(maps), -1).argsort(1)[:, ::-1]
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(order.shape[1])[None], 1)
    rank = rank.reshape(maps.shape)
    curve = np.array(
        [score(np.where(rank < share * rank[0].size, second, first)).mean() for share in SHARES]
    )
    low, high = (curve[0], curve[-1]) if insert else (curve[-1], curve[0])
    return float(np.trapezoid((curve - low) / (high - low), SHARES))


def rank_correlation(maps: Array, others: Array) -> float:
    """Spearman's, mean over images (Adebayo et al. 2018)."""
    pairs = zip(maps.reshape(len(maps), -1), others.reshape(len(others), -1), strict=True)
    return float(np.mean([stats.spearmanr(a, b).statistic for a, b in pairs]))


def randomised(flow: ConditionalFlow, seed: int) -> Iterator[tuple[str, ConditionalFlow]]:
    """The flow with the weights of its parts shuffled, one part more each time.

    Each parameter's values change places among themselves, from the latent side on.

    Args:
        flow: not folded; left as it is.
        seed: of the shuffling.

    Yields:
        What is shuffled, in words, and the flow, folded.
    """
    changed = copy.deepcopy(flow)
    generator = torch.Generator().manual_seed(seed)
    parts = [part for part in reversed(changed.parts) if any(True for _ in part.parameters())]
    for count, part in enumerate(parts, 1):
        with torch.no_grad():
            for parameter in part.parameters():
                order = torch.randperm(parameter.numel(), generator=generator)
                parameter.copy_(parameter.flatten()[order].view_as(parameter))
        yield f"{count} of {len(parts)} parts", copy.deepcopy(changed).fold()
