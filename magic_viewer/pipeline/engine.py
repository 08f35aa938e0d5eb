"""The engine: one loaded model that classifies, explains and samples."""

import math
import time
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from magic_viewer.errors import RequestError
from magic_viewer.flow.attribution import scale_attributions
from magic_viewer.flow.checkpoint import config_from_json, load_weights, weights_hash
from magic_viewer.flow.dequantization import dequantize
from magic_viewer.flow.memory import keep_freed_memory
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.imaging.study import Slice, Volume
from magic_viewer.pipeline.calibration import UNLIKE, Calibration, too_close, verdict
from magic_viewer.pipeline.device import PlacedFlow, choose_device
from magic_viewer.pipeline.fit import check_fit, misfits
from magic_viewer.pipeline.gate import look
from magic_viewer.pipeline.library import Bundle, choose_label, read_bundle
from magic_viewer.pipeline.preprocess import ModelInput, prepare
from magic_viewer.pipeline.results import (
    Classification,
    Examination,
    ModelInfo,
    Sample,
    SampleRequest,
    SeriesClassification,
    SliceAnswer,
)
from magic_viewer.pipeline.scoring import InputScore, scale_bits, score_steps
from magic_viewer.pipeline.series_answer import calibrated, series_answer
from magic_viewer.progress import Progress, drain


class Engine:
    """One model, ready for slices and requests."""

    def __init__(
        self, bundle: Bundle, flow: ConditionalFlow, model_hash: str, device: torch.device
    ) -> None:
        self._bundle = bundle
        self._placed = PlacedFlow(flow.fold(), device)  # in float64, which some devices lack
        self.model_hash = model_hash

    @classmethod
    def load(cls, folder: Path, device: torch.device | None = None) -> "Engine":
        """Reads a model folder.

        Raises:
            ModelError: if anything in it doesn't fit.
        """
        keep_freed_memory()
        bundle = read_bundle(folder)
        flow = load_weights(config_from_json(bundle.flow), folder)
        return cls(bundle, flow, weights_hash(folder), device or choose_device())

    @property
    def info(self) -> ModelInfo:
        """Name, labels, licence."""
        return self._bundle.info

    @property
    def device(self) -> str:
        """Where it computes, for people; another than before when memory ran out there."""
        return self._placed.name

    def examine(self, image: Slice) -> Examination:
        """Classifies a slice and maps every class's log-likelihood, in one pass.

        Args:
            image: any slice; colour counts as its luminance.

        Returns:
            The classification, and maps in nats per pixel of the model's input, each summing
            to its class's log-likelihood.

        Raises:
            ModelError: if the model hasn't been calibrated.
        """
        return drain(self.examine_steps(image))

    def examine_steps(self, image: Slice) -> Generator[None, None, Examination]:
        """`examine`, with a pause after each pass of the flow."""
        began = time.perf_counter()
        calibration = self._calibration
        prepared = prepare(image, self._bundle.preprocess)
        score = yield from self._placed.run(lambda flow: score_steps(flow, prepared.pixels))
        maps = scale_attributions(score.maps, self._flow.config.size)[:, 0].numpy()
        return Examination(
            self._classification(image, prepared, score, calibration, began),
            maps,
            tuple(m.shape[-1] for m in score.maps),
            prepared.pixels,
            prepared.box,
            self._flow.unplaced_log_det(),
        )

    def classify_series(
        self, volume: Volume
    ) -> Generator[Progress | SliceAnswer, None, SeriesClassification]:
        """Classifies every slice, then all that are of the model's kind together.

        Args:
            volume: its slices are read one by one.

        Yields:
            Each slice's answer, and progress after it.

        Returns:
            The answer for the series. It is sure only of what slices agree on that don't just
            repeat each other (`pipeline.series`).

        Raises:
            ImagingError: if a slice can't be read.
            ModelError: if the model hasn't been calibrated.
        """
        count = volume.shape[0]
        answers = []
        for index in range(count):
            yield Progress(index, count, "Classifying slices")
            answers.append(self.examine(volume.read_slice(index)).classification)
            yield SliceAnswer(index, answers[-1])
        yield Progress(count, count, "Classifying slices")
        return self.combine(answers, count)

    def combine(self, answers: Sequence[Classification], count: int) -> SeriesClassification:
        """The answer for a series, from those for its slices.

        Args:
            answers: of this model. Those of slices that are not of the model's kind are left out.
            count: slices in the series, also those without an answer.

        Raises:
            ModelError: if the model hasn't been calibrated.
        """
        return series_answer(answers, count, self.info.labels, self._calibration)

    @property
    def _flow(self) -> ConditionalFlow:
        return self._placed.flow

    @property
    def calibration(self) -> Calibration | None:
        """What turns the flow's numbers into answers; None where it hasn't been fitted."""
        return self._bundle.calibration

    @property
    def _calibration(self) -> Calibration:
        return calibrated(self.info, self._bundle.calibration)

    def _classification(
        self,
        image: Slice,
        prepared: ModelInput,
        score: InputScore,
        calibration: Calibration,
        began: float,
    ) -> Classification:
        scales = score.draws.mean(0)
        bits = scale_bits(scales, self._flow.dimensions)
        probabilities = calibration.posterior(scales)
        drawn = calibration.posterior(score.draws)
        best = int(probabilities.argmax())
        seen = look(prepared.pixels[None], bits[None], score.latents[None], np.array([best]))
        typicality = float(calibration.typicality(seen)[0])
        labels = self.info.labels
        first = sorted({best, *drawn.argmax(1).tolist()}, key=lambda n: -probabilities[n])
        contenders = tuple(labels[n] for n in first)
        fit = check_fit(image, prepared.box, self._bundle.modalities, self._bundle.made_for)
        misfit = misfits(fit)
        words = misfit or verdict(typicality, calibration.gate.reasons(seen)[0])
        if len(contenders) > 1 and typicality >= UNLIKE and not misfit:
            words = too_close(contenders)
        return Classification(
            label=labels[best],
            probabilities=dict(zip(labels, probabilities.tolist(), strict=True)),
            probability_spreads=dict(zip(labels, drawn.std(0).tolist(), strict=True)),
            contenders=contenders,
            log_likelihoods=dict(zip(labels, scales.sum(1).tolist(), strict=True)),
            scale_log_likelihoods=dict(zip(labels, map(tuple, scales.tolist()), strict=True)),
            log_likelihood_spreads=dict(
                zip(labels, score.draws.sum(2).std(0).tolist(), strict=True)
            ),
            bits_per_dim=dict(zip(labels, bits.sum(1).tolist(), strict=True)),
            typicality=typicality,
            in_distribution=typicality >= UNLIKE and not misfit,
            verdict=words,
            likelihood_temperatures=calibration.likelihood_temperatures,
            model=self.info.name,
            device=self.device,
            seconds=time.perf_counter() - began,
            prior=dict(zip(labels, np.exp(calibration.log_prior).tolist(), strict=True)),
            fit=fit,
        )

    def generate(self, request: SampleRequest) -> Generator[Progress | Sample, None, None]:
        """Draws synthetic images, one at a time, so that each can be drawn again alone.

        Args:
            request: label, sampling temperature, count and seed.

        Yields:
            Each sample, and progress after it.

        Raises:
            RequestError: for a label, temperature or count that can't be.
        """
        for item in self.generate_steps(request):
            if item is not None:
                yield item

    def generate_steps(
        self, request: SampleRequest
    ) -> Generator[Progress | Sample | None, None, None]:
        """`generate`, with a pause, None, after each pass of the flow."""
        label = choose_label(self.info, request.label)
        if not 0 < request.temperature <= 2:
            raise RequestError(
                f"Sampling temperature: expected above 0 up to 2; came {request.temperature:g}."
            )
        if request.count < 1 or request.seed < 0:
            raise RequestError("Expected a count of at least 1 and a seed of at least 0.")
        yield Progress(0, request.count, "Drawing")
        for n in range(request.count):
            yield (yield from self._placed.run(partial(self._draw, label, request, n)))
            yield Progress(n + 1, request.count, f"{n + 1} of {request.count} drawn")

    @torch.no_grad()
    def _draw(
        self, label: str, request: SampleRequest, number: int, flow: ConditionalFlow
    ) -> Generator[None, None, Sample]:
        index, seed = self.info.labels.index(label), request.seed + number
        x = flow.sample(1, index, request.temperature, seed)
        yield
        pixels = x.clamp(0, 255).floor().cpu()
        noisy = dequantize(pixels, torch.Generator().manual_seed(seed)).to(x.device)
        log_prob = flow.log_prob(noisy, torch.tensor([index], device=x.device)).item()
        return Sample(
            pixels=pixels[0, 0].numpy().astype(np.uint8),
            label=label,
            temperature=request.temperature,
            seed=seed,
            log_likelihood=log_prob,
            bits_per_dim=-log_prob / (flow.dimensions * math.log(2)),
            model=self.info.name,
            model_hash=self.model_hash,
        )
