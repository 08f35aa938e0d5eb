"""What the engine answers. Plain numpy, so that the window needs no torch to know them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    """

    name: str
    title: str
    labels: tuple[str, ...]
    summary: str
    licence: str
    input_size: int


@dataclass(frozen=True)
class Classification:
    """How likely one slice is under each class.

    Attributes:
        label: the most probable class. Where the scales disagree it need not have the highest
            log-likelihood: the less reliable scale counts less.
        probabilities: label -> calibrated posterior probability.
        log_likelihoods: label -> log p(x | label) in nats, of the model's input in grey levels.
        bits_per_dim: label -> -log2 p(x | label) per pixel.
        typicality: share of held-back validation images that are at most as typical, 0..1.
        in_distribution: False when the slice is unlike anything the model has seen, by its
            likelihood or by the modality in its header.
        verdict: the typicality in words, one sentence.
        likelihood_temperatures: what divided the log-likelihood of each scale, finest first,
            before the probabilities.
        model: name of the model.
        device: "CPU", "CUDA (name)".
        seconds: wall time.
    """

    label: str
    probabilities: dict[str, float]
    log_likelihoods: dict[str, float]
    bits_per_dim: dict[str, float]
    typicality: float
    in_distribution: bool
    verdict: str
    likelihood_temperatures: tuple[float, ...]
    model: str
    device: str
    seconds: float


@dataclass(frozen=True, eq=False)
class Attribution:
    """A log-likelihood, or a difference of two, spread over the model input's pixels.

    Attributes:
        values: (rows, columns) of the model input, nats per pixel; its sum is `total`.
        target: the class.
        against: the class subtracted, or None for log p(x | target) itself.
        total: log p(x | target), minus log p(x | against) for a contrast; nats.
        box: (top, left, bottom, right) of the model input's outline on the slice, in slice
            pixels with pixel edges at whole numbers (0, 0 is the slice's outer corner); may
            reach beyond the slice.
    """

    values: MapArray
    target: str
    against: str | None
    total: float
    box: tuple[float, float, float, float]

    @property
    def is_contrast(self) -> bool:
        """Whether values are signed around zero."""
        return self.against is not None

    @property
    def title(self) -> str:
        """What is mapped, as a formula."""
        title = f"log p(x | {self.target})"
        return title if self.against is None else f"{title} − log p(x | {self.against})"


@dataclass(frozen=True, eq=False)
class Examination:
    """Everything one pass over a slice gives.

    Attributes:
        classification: the answer.
        log_prob_maps: (classes, rows, columns), nats per pixel; each sums to that class's
            log-likelihood.
        model_input: (rows, columns) float32 in grey levels 0..255, what the model saw.
        box: see Attribution.
    """

    classification: Classification
    log_prob_maps: MapArray
    model_input: npt.NDArray[np.float32]
    box: tuple[float, float, float, float]

    def attribution(self, target: str, against: str | None = None) -> Attribution:
        """The map of log p(x | target), or of its contrast with another class."""
        labels = list(self.classification.probabilities)
        values = self.log_prob_maps[labels.index(target)]
        total = self.classification.log_likelihoods[target]
        if against is not None:
            values = values - self.log_prob_maps[labels.index(against)]
            total = total - self.classification.log_likelihoods[against]
        return Attribution(values, target, against, total, self.box)


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


def in_words(temperatures: tuple[float, ...]) -> str:
    """Likelihood temperatures, finest scale first."""
    return " · ".join(f"{t:.0f}" for t in temperatures)
