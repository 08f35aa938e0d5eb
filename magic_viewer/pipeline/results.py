"""What the engine answers. Plain numpy, so that the window needs no torch to know them."""

import re
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from magic_viewer.pipeline.fit import Fit
from magic_viewer.pipeline.header_says import HeaderRule

EVERYTHING = "everything"
"""What a class's evidence is against: the mean of all classes by their probability."""

MapArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ModelInfo:
    """What the user should know of a model, read from its config without loading weights.

    Attributes:
        name: its folder's name.
        title: for people, "Brain MR sequence".
        labels: in the order of the flow's classes.
        summary: one sentence: what it tells apart, and on what it was trained.
        licence: of the weights.
        input_size: pixels a side of the square model input.
        header: which attribute of a header names its classes, if one does.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    summary: str
    licence: str
    input_size: int
    header: HeaderRule = field(default_factory=HeaderRule)

    @property
    def is_noncommercial(self) -> bool:
        """Whether its licence, as far as its words say, allows no commercial use."""
        words = self.licence.lower().replace("-", "")
        return "noncommercial" in words or re.search(r"\bnc\b", self.licence.lower()) is not None


@dataclass(frozen=True)
class Classification:
    """How likely one slice is under each class.

    Attributes:
        label: the most probable class. Where the scales disagree it need not have the highest
            log-likelihood: the less reliable scale counts less.
        probabilities: label -> calibrated posterior probability.
        probability_spreads: label -> standard deviation of its probability over draws of the
            dequantization noise.
        contenders: the labels that were the most probable in some draw, the most probable first.
            More than one: the program abstains.
        log_likelihoods: label -> log p(x | label) in nats, of the model's input in grey levels,
            mean over the draws.
        scale_log_likelihoods: label -> the share of each scale in it, nats, finest first.
        log_likelihood_spreads: label -> standard deviation over the draws, nats.
        bits_per_dim: label -> -log2 p(x | label) per pixel.
        typicality: share of images of the model's kind that are at most as typical, 0..1.
        in_distribution: False when the slice is unlike anything the model has seen, by its
            typicality or by the modality in its header.
        verdict: in words, whether the class can be relied on.
        likelihood_temperatures: what divided the log-likelihood of each scale, finest first,
            before the probabilities.
        model: name of the model.
        device: "CPU", "CUDA (name)".
        seconds: wall time.
        prior: label -> probability before the slice was seen.
        fit: what of the file was compared with what the model was made for.
    """

    label: str
    probabilities: dict[str, float]
    probability_spreads: dict[str, float]
    contenders: tuple[str, ...]
    log_likelihoods: dict[str, float]
    scale_log_likelihoods: dict[str, tuple[float, ...]]
    log_likelihood_spreads: dict[str, float]
    bits_per_dim: dict[str, float]
    typicality: float
    in_distribution: bool
    verdict: str
    likelihood_temperatures: tuple[float, ...]
    model: str
    device: str
    seconds: float
    prior: dict[str, float] = field(default_factory=dict)
    fit: tuple[Fit, ...] = ()

    @property
    def abstains(self) -> bool:
        """Whether the noise decides between classes, so that none is to be named."""
        return len(self.contenders) > 1

    @property
    def is_misfit(self) -> bool:
        """Whether the file itself says that the slice isn't what the model was made for."""
        return any(fit.state == "misfit" for fit in self.fit)

    @property
    def is_reliable(self) -> bool:
        """Whether the label may be shown as the answer."""
        return self.in_distribution and not self.abstains


@dataclass(frozen=True, eq=False)
class SliceAnswer:
    """The answer for one slice of a series.

    Attributes:
        index: of the slice, 0-based.
        classification: the answer.
    """

    index: int
    classification: Classification


@dataclass(frozen=True)
class SeriesClassification:
    """How likely a whole series is under each class.

    Attributes:
        label: the most probable class.
        probabilities: label -> calibrated posterior probability, of all slices together.
        used: slices that it rests on.
        left_out: slices left out, because they are unlike anything the model has seen or have
            no answer.
        verdict: in words, whether the class can be relied on.
    """

    label: str
    probabilities: dict[str, float]
    used: int
    left_out: int
    verdict: str


@dataclass(frozen=True, eq=False)
class Attribution:
    """A log-likelihood, or a difference of two, spread over the model input's pixels.

    Attributes:
        values: (rows, columns) of the model input, nats per pixel; its sum is `total`.
        target: the class.
        against: the class subtracted, EVERYTHING for the posterior mean, or None for
            log p(x | target) itself.
        total: log p(x | target), minus log p(x | against) for a contrast; nats. Of one scale
            alone, its share.
        box: (top, left, bottom, right) of the model input's outline on the slice, in slice
            pixels with pixel edges at whole numbers (0, 0 is the slice's outer corner); may
            reach beyond the slice.
        unplaced: nats of the total that have no place and are spread evenly; those of two
            classes are the same, so a contrast has none.
        cells: a side of the one scale that is mapped, or None for all scales together.
        is_change: whether it is the map of an edited slice minus that of the original.
    """

    values: MapArray
    target: str
    against: str | None
    total: float
    box: tuple[float, float, float, float]
    unplaced: float = 0.0
    cells: int | None = None
    is_change: bool = False

    @property
    def is_contrast(self) -> bool:
        """Whether values are signed around zero."""
        return self.against is not None or self.is_change

    @property
    def title(self) -> str:
        """What is mapped, as a formula."""
        title = f"log p(x | {self.target})"
        if self.against == EVERYTHING:
            title = f"{title} − its posterior mean"
        elif self.against is not None:
            title = f"{title} − log p(x | {self.against})"
        title = title if self.cells is None else f"{title}, {self.cells}×{self.cells} cells"
        return f"Change of {title}" if self.is_change else title

    def change_from(self, original: "Attribution") -> "Attribution | None":
        """This map of an edited slice minus that of the original; sums to the nats gained.

        Returns:
            None where the two don't lie on each other, because the edit moved what the model
            looks at.
        """
        if self.box != original.box or self.values.shape != original.values.shape:
            return None
        return replace(
            self,
            values=self.values - original.values,
            total=self.total - original.total,
            unplaced=self.unplaced - original.unplaced,
            is_change=True,
        )


@dataclass(frozen=True, eq=False)
class Examination:
    """Everything one pass over a slice gives.

    Attributes:
        classification: the answer.
        scale_maps: (scales, classes, rows, columns), nats per pixel, finest scale first; a
            class's maps over all scales sum to its log-likelihood.
        scale_cells: (scales,) cells a side of each scale: its true resolution.
        model_input: (rows, columns) float32 in grey levels 0..255, what the model saw.
        box: see Attribution.
        unplaced: nats of every log-likelihood that have no place and are spread evenly; see
            `ConditionalFlow.unplaced_log_det`.
    """

    classification: Classification
    scale_maps: MapArray
    scale_cells: tuple[int, ...]
    model_input: npt.NDArray[np.float32]
    box: tuple[float, float, float, float]
    unplaced: float

    @property
    def log_prob_maps(self) -> MapArray:
        """(classes, rows, columns), all scales together."""
        return np.asarray(self.scale_maps.sum(0))

    def attribution(
        self, target: str, against: str | None = None, scale: int | None = None
    ) -> Attribution:
        """The map of log p(x | target), or of its contrast with another class.

        Args:
            target: a class.
            against: the class to subtract, or EVERYTHING for the mean of all classes by their
                probability: the evidence for the target.
            scale: of this scale alone, 0 the finest.
        """
        maps = self.log_prob_maps if scale is None else self.scale_maps[scale]
        nats = self.classification.log_likelihoods
        labels = list(nats)
        values, unplaced = maps[labels.index(target)], self.unplaced if scale is None else 0.0
        total = nats[target]
        if against == EVERYTHING:
            weights = [self.classification.probabilities[label] for label in labels]
            values, unplaced = values - np.tensordot(weights, maps, 1), 0.0
            total -= float(np.dot(weights, list(nats.values())))
        elif against is not None:
            values, unplaced = values - maps[labels.index(against)], 0.0
            total -= nats[against]
        if scale is not None:
            total = float(values.sum())
        cells = None if scale is None else self.scale_cells[scale]
        return Attribution(values, target, against, total, self.box, unplaced, cells)


@dataclass(frozen=True)
class SampleRequest:
    """A wish for synthetic images.

    Attributes:
        label: one of the model's.
        temperature: sampling temperature, multiplies the latent noise; > 0.
        count: how many.
        seed: image n is drawn with seed + n, so each can be drawn again alone.
    """

    label: str
    temperature: float = 0.8
    count: int = 16
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Sample:
    """One synthetic image.

    Attributes:
        pixels: (rows, columns) uint8.
        label: what was asked for.
        temperature: sampling temperature.
        seed: its own.
        log_likelihood: log p(pixels | label) in nats.
        bits_per_dim: the same per pixel in bits.
        model: name of the model.
        model_hash: SHA-256 of its weights, hex.
    """

    pixels: npt.NDArray[np.uint8]
    label: str
    temperature: float
    seed: int
    log_likelihood: float
    bits_per_dim: float
    model: str
    model_hash: str


def with_spread(answer: Classification, label: str) -> str:
    """A class's probability and its spread over draws of the noise, as "86.1 ± 0.4 %"."""
    share, spread = answer.probabilities[label], answer.probability_spreads[label]
    return f"{100 * share:.1f} ± {100 * spread:.1f} %"


def typicality_in_words(answer: Classification) -> str:
    """Where the slice stands among the validation images."""
    return f"At least as typical as {100 * answer.typicality:.0f} % of the validation images."


def in_words(temperatures: tuple[float, ...]) -> str:
    """Likelihood temperatures, finest scale first."""
    return " · ".join(f"{t:.0f}" for t in temperatures)


def prior_in_words(answer: Classification) -> str:
    """What the probabilities were before the slice was seen."""
    shares = answer.prior
    if not shares or max(shares.values()) - min(shares.values()) < 1e-9:
        return "uniform prior"
    return "prior " + ", ".join(f"{label} {100 * p:.0f} %" for label, p in shares.items())
