"""Whether an image is of the kind that a model knows: one gate out of many small measures.

A likelihood alone doesn't tell: it depends on how complex an image is (Serra et al. 2020), and
a smooth image is likely anywhere (Nalisnick et al. 2019). So each image is described by a
vector of statistics under its predicted class, and three kinds of test ask whether it is out
of line: its distance from the validation images of that class in all statistics at once, whether
it would fit better turned or upside down, and whether it lies on the side of the model's own
synthetic images. Each test's outcome on validation images, each patient judged by a gate
fitted without that patient, gives its mean and spread; the largest excess decides.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from magic_viewer.pipeline.texture import WORDS, texture

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

THUMBNAIL = 8
"""Cells a side of the thumbnail that is compared with the class's mean."""
FEW = 5
"""A class with fewer validation images takes the centre of all."""
COMMON = 20
"""A class's spreads are drawn towards those of all, as if by this many images."""
SHRINKAGE = 0.1
"""Share of the covariance's diagonal at least; with few images, more."""
CLIP = 4.0
"""Spreads beyond which a statistic doesn't pull the covariance any further."""
FOLDS = 10
"""Parts of the validation images where no patients are known."""
UPRIGHT = 0.5
"""Mean uprightness, in spreads, below which images have no upright direction, as round phantoms."""
NEVER = 1e9
"""Deviation of a test that tells nothing."""
TURNS: tuple[Callable[[FloatArray], FloatArray], ...] = (
    lambda x: x[:, ::-1],
    lambda x: x[:, ::-1, ::-1],
    lambda x: np.rot90(x, 1, (1, 2)),
    lambda x: np.rot90(x, 3, (1, 2)),
    lambda x: x.swapaxes(1, 2),
    lambda x: x[:, ::-1, ::-1].swapaxes(1, 2),
)
"""All turns and reflections of a square but the exchange of left and right."""


@dataclass(frozen=True, eq=False)
class Look:
    """What the gate sees of B images, each under its predicted class.

    Attributes:
        statistics: (B, n), as in `statistic_words` but for the last, the similarity to the
            class, which needs the class's template.
        thumbnails: (B, THUMBNAIL, THUMBNAIL), zero mean and unit norm.
        predicted: (B,) class indices.
    """

    statistics: FloatArray
    thumbnails: FloatArray
    predicted: IntArray

    def take(self, rows: npt.NDArray[np.bool_]) -> "Look":
        """Some of the images."""
        return Look(self.statistics[rows], self.thumbnails[rows], self.predicted[rows])


def look(
    pixels: npt.NDArray[np.float32], bits: FloatArray, latents: FloatArray, predicted: IntArray
) -> Look:
    """Describes images for the gate.

    Args:
        pixels: (B, size, size) whole grey levels 0..255, the model's inputs.
        bits: (B, classes, scales) bits/dim, finest first.
        latents: (B, classes, 2 × latents) of `scoring.latent_statistics`.
        predicted: (B,) class indices.
    """
    rows = np.arange(len(predicted))
    measured = np.column_stack([bits[rows, predicted], latents[rows, predicted], texture(pixels)])
    return Look(measured, _thumbnails(pixels), predicted)


def _thumbnails(pixels: npt.NDArray[np.float32]) -> FloatArray:
    cell = pixels.shape[1] // THUMBNAIL
    whole = pixels[:, : cell * THUMBNAIL, : cell * THUMBNAIL].astype(np.float64)
    means = whole.reshape(len(pixels), THUMBNAIL, cell, THUMBNAIL, cell).mean((2, 4))
    return _unit(means - means.mean((1, 2), keepdims=True))


def _unit(images: FloatArray) -> FloatArray:
    norms = np.sqrt((images**2).sum((1, 2), keepdims=True))
    return np.asarray(images / np.maximum(norms, 1e-9))


@dataclass(frozen=True)
class Gate:
    """The fitted gate, plain numbers.

    Attributes:
        scales: of the flow, how many of the statistics are bits/dim.
        templates: (classes, THUMBNAIL²) mean thumbnail of each class, unit norm.
        centers: (classes, n + 1) median of the statistics, and of the similarity to the
            template.
        spreads: (classes, n + 1) half the range from the 16th to the 84th percentile.
        precision: (n + 1, n + 1) inverse covariance in spreads.
        directions: (kinds, n + 1) Fisher's direction from validation images to each kind of
            synthetic image, in spreads.
        means: (tests,) of the tests' outcomes on validation images: distance, turned,
            synthetic.
        deviations: (tests,) their standard deviations.
    """

    scales: int
    templates: tuple[tuple[float, ...], ...]
    centers: tuple[tuple[float, ...], ...]
    spreads: tuple[tuple[float, ...], ...]
    precision: tuple[tuple[float, ...], ...]
    directions: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def excess(self, images: Look) -> FloatArray:
        """(B, tests): each test's outcome in standard deviations above its mean."""
        excess = self._outcomes(images) - np.asarray(self.means)
        return np.asarray(excess / np.asarray(self.deviations))

    def typicality(self, images: Look) -> FloatArray:
        """Share of images of the model's kind whose largest excess is at least this, (B,).

        The outcomes are taken as normal and independent.
        """
        below = [0.5 * math.erfc(-e / math.sqrt(2)) for e in self.excess(images).max(1)]
        return 1 - np.asarray(below) ** len(self.means)

    def reasons(self, images: Look) -> list[str]:
        """What stands out most in each image, in words that follow "it"."""
        residuals, worst = self._residuals(images), self.excess(images).argmax(1)
        return [self._reason(int(w), r) for w, r in zip(worst, residuals, strict=True)]

    def _reason(self, test: int, residuals: FloatArray) -> str:
        if test == 1:
            return "looks turned or upside down"
        if test > 1:
            return "has the texture of a synthetic image"
        statistic = int(np.abs(residuals).argmax())
        low, high = statistic_words(self.scales, len(residuals))[statistic]
        return high if residuals[statistic] > 0 else low

    def _outcomes(self, images: Look) -> FloatArray:
        residuals = self._residuals(images)
        squares = np.einsum("bi,ij,bj->b", residuals, np.asarray(self.precision), residuals)
        clipped = np.clip(residuals, -CLIP, CLIP)
        sides = [clipped @ np.asarray(direction) for direction in self.directions]
        turned = -uprightness(images.thumbnails, self._templates(images))
        return np.column_stack([0.5 * np.log(np.maximum(squares, 1e-6)), turned, *sides])

    def _residuals(self, images: Look) -> FloatArray:
        values = _with_similarity(images, self._templates(images))
        centers = np.asarray(self.centers)[images.predicted]
        return np.asarray((values - centers) / np.asarray(self.spreads)[images.predicted])

    def _templates(self, images: Look) -> FloatArray:
        chosen = np.asarray(self.templates)[images.predicted]
        return chosen.reshape(-1, THUMBNAIL, THUMBNAIL)


def uprightness(thumbnails: FloatArray, templates: FloatArray) -> FloatArray:
    """Similarity to the template, less the best similarity of any of TURNS; (B,)."""
    turned = np.stack([(turn(thumbnails) * templates).sum((1, 2)) for turn in TURNS])
    return np.asarray((thumbnails * templates).sum((1, 2)) - turned.max(0))


def _with_similarity(images: Look, templates: FloatArray) -> FloatArray:
    """Statistics and, in the last column, Fisher's z of the correlation with the template."""
    similarity = np.clip((images.thumbnails * templates).sum((1, 2)), -0.999, 0.999)
    return np.column_stack([images.statistics, np.arctanh(similarity)])


def statistic_words(scales: int, count: int) -> list[tuple[str, str]]:
    """Words for each statistic when it is too low and too high, in their order."""
    latents = (count - scales - len(WORDS) - 1) // 2
    detail = ("is much smoother than those images", "has more irregular detail")
    shape = ("has a plainer shape than those images", "has an unusual shape")
    even = ("is more even than those images", "differs from those images in one part")
    return [
        *[detail] * (scales - 1),
        shape,
        *[detail] * (latents - 1),
        shape,
        *[even] * latents,
        *WORDS,
        ("is laid out differently", "is too close to the average of those images"),
    ]


def fit_gate(
    images: Look,
    patients: Sequence[Hashable | None],
    synthetic: Sequence[Look],
    scales: int,
    classes: int,
) -> Gate:
    """Fits the gate on validation images.

    Args:
        images: that the weights were not trained on.
        patients: (B,) of each, None where nobody knows.
        synthetic: kinds of synthetic images of the model itself.
        scales: of the flow.
        classes: of the flow.
    """
    folds = _folds(patients)
    outcomes = np.zeros((len(folds), 2 + len(synthetic)))
    for fold in np.unique(folds):
        apart = folds == fold
        others = images.take(~apart) if (~apart).any() else images
        outcomes[apart] = _draft(others, synthetic, scales, classes)._outcomes(images.take(apart))
    draft = _draft(images, synthetic, scales, classes)
    deviations = np.maximum(outcomes.std(0), 1e-3)
    if -outcomes[:, 1].mean() < UPRIGHT * deviations[1]:
        deviations[1] = NEVER
    return Gate(
        scales,
        draft.templates,
        draft.centers,
        draft.spreads,
        draft.precision,
        draft.directions,
        tuple(outcomes.mean(0).tolist()),
        tuple(deviations.tolist()),
    )


def _folds(patients: Sequence[Hashable | None]) -> IntArray:
    """A number for each patient; FOLDS numbers in turn where nobody is known."""
    names = [("part", n % FOLDS) if p is None else ("patient", p) for n, p in enumerate(patients)]
    numbers = {name: n for n, name in enumerate(dict.fromkeys(names))}
    return np.asarray([numbers[name] for name in names], np.int64)


def _draft(images: Look, synthetic: Sequence[Look], scales: int, classes: int) -> Gate:
    """A gate whose tests' outcomes aren't standardised yet."""
    rows = [images.predicted == label for label in range(classes)]
    rows = [r if r.sum() >= FEW else np.ones_like(r) for r in rows]
    templates = _unit(np.stack([images.thumbnails[r].mean(0) for r in rows]))
    values = _with_similarity(images, templates[images.predicted])
    centers = np.stack([np.median(values[r], 0) for r in rows])
    spreads = _spreads(values - centers[images.predicted], rows)

    def clipped(some: Look) -> FloatArray:
        found = _with_similarity(some, templates[some.predicted])
        residuals = (found - centers[some.predicted]) / spreads[some.predicted]
        return np.asarray(np.clip(residuals, -CLIP, CLIP))

    own = clipped(images)
    covariance = _shrunk(own.T @ own / len(own), len(own))
    directions = []
    for kind in synthetic:
        there = clipped(kind)
        both = _shrunk((np.cov(own.T) + np.cov(there.T)) / 2, min(len(own), len(there)))
        directions.append(np.linalg.solve(both, there.mean(0) - own.mean(0)))
    return Gate(
        scales,
        _nested(templates.reshape(classes, -1)),
        _nested(centers),
        _nested(spreads),
        _nested(np.linalg.inv(covariance)),
        _nested(directions),
        (0.0,) * (2 + len(synthetic)),
        (1.0,) * (2 + len(synthetic)),
    )


def _spreads(deviations: FloatArray, rows: Sequence[npt.NDArray[np.bool_]]) -> FloatArray:
    """Half the range from the 16th to the 84th percentile, of each class drawn towards all's."""

    def variance(some: FloatArray) -> FloatArray:
        low, high = np.percentile(some, [16, 84], axis=0)
        return np.asarray(np.maximum((high - low) / 2, 1e-3) ** 2)

    of_all = COMMON * variance(deviations)
    own = [(r.sum() * variance(deviations[r]) + of_all) / (r.sum() + COMMON) for r in rows]
    return np.asarray(np.sqrt(np.stack(own)))


def _shrunk(covariance: FloatArray, images: int) -> FloatArray:
    """The covariance drawn towards its diagonal, the more the fewer images there are."""
    share = min(1.0, SHRINKAGE + len(covariance) / images)
    diagonal = np.diag(np.maximum(np.diag(covariance), 1e-3))
    return np.asarray((1 - share) * covariance + share * diagonal)


def _nested(rows: npt.ArrayLike) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row.tolist()) for row in np.asarray(rows))
