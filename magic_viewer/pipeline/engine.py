"""The engine: one loaded model that classifies, explains and samples."""

import math
import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
import torch

from magic_viewer.errors import ModelError, RequestError
from magic_viewer.flow.attribution import join_tiles, scale_attributions
from magic_viewer.flow.checkpoint import config_from_json, load_weights, weights_hash
from magic_viewer.flow.dequantization import dequantize
from magic_viewer.flow.memory import keep_freed_memory
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline.calibration import UNLIKE, verdict
from magic_viewer.pipeline.library import Bundle, choose_label, read_bundle
from magic_viewer.pipeline.preprocess import ModelInput, prepare, split_tiles
from magic_viewer.pipeline.results import (
    Classification,
    Examination,
    ModelInfo,
    Sample,
    SampleRequest,
)
from magic_viewer.progress import Progress

DEQUANTIZATION_SEED = 0
DEQUANTIZATION_DRAWS = 2
"""Log-likelihoods are means over this many draws of the dequantization noise."""


def choose_device() -> torch.device:
    """The GPU when there is one that works, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def device_name(device: torch.device) -> str:
    """For people."""
    if device.type == "cuda":
        return f"CUDA ({torch.cuda.get_device_name(device)})"
    return {"mps": "Apple GPU"}.get(device.type, "CPU")


class Engine:
    """One model, ready for slices and requests, from any thread."""

    def __init__(
        self, bundle: Bundle, flow: ConditionalFlow, model_hash: str, device: torch.device
    ) -> None:
        self._bundle = bundle
        self._flow = flow.fold().to(device)  # in float64, which some devices lack
        self._device = device
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
        """Where it computes, for people."""
        return device_name(self._device)

    def examine(self, image: Slice) -> Examination:
        """Classifies a slice and maps every class's log-likelihood, in one pass.

        Args:
            image: any slice; colour counts as its luminance.

        Returns:
            The classification, and maps in nats per pixel of the model's input, each summing
            to its class's log-likelihood. Tiles count as independent given the class, so a
            slice's log-likelihood is the sum over its tiles; probabilities rest on their mean
            (`Calibration`).

        Raises:
            ModelError: if the model hasn't been calibrated.
        """
        began = time.perf_counter()
        calibration = self._bundle.calibration
        if calibration is None:
            raise ModelError(
                f"Model {self.info.name} isn't calibrated, so its probabilities would mean "
                f"nothing. First: magic-viewer models calibrate {self.info.name} DATA"
            )
        prepared = prepare(image, self._bundle.preprocess)
        maps, cells, scales = self._maps(prepared)
        log_likelihoods = scales.sum(1)
        bits = scale_bits(scales, prepared.pixels.size)
        tiles = prepared.pixels.size // self._flow.dimensions
        probabilities = calibration.posterior(scales[None] / tiles)[0]
        best = int(probabilities.argmax())
        typicality = float(calibration.typicality(bits[best][None])[0])
        misfit = self._misfit(image)
        labels = self.info.labels
        classification = Classification(
            label=labels[best],
            probabilities=dict(zip(labels, probabilities.tolist(), strict=True)),
            log_likelihoods=dict(zip(labels, log_likelihoods.tolist(), strict=True)),
            bits_per_dim=dict(zip(labels, bits.sum(1).tolist(), strict=True)),
            typicality=typicality,
            in_distribution=typicality >= UNLIKE and not misfit,
            verdict=misfit or verdict(typicality),
            likelihood_temperatures=calibration.likelihood_temperatures,
            model=self.info.name,
            device=self.device,
            seconds=time.perf_counter() - began,
        )
        return Examination(
            classification,
            maps,
            cells,
            prepared.pixels,
            prepared.box,
            tiles * self._flow.unplaced_log_det(),
        )

    def _misfit(self, image: Slice) -> str:
        """Why the file's header rules the model out; empty where it doesn't."""
        made_for = self._bundle.modalities
        if not made_for or image.modality is None or image.modality in made_for:
            return ""
        return f"The file says {image.modality}; this model knows {', '.join(made_for)} only."

    @torch.no_grad()
    def _maps(self, prepared: ModelInput) -> tuple[np.ndarray, tuple[int, ...], np.ndarray]:
        """Maps (scales, classes, rows, columns), cells a side of a tile, nats (classes, scales).

        Nats are added up before they are spread over pixels; means over draws.
        """
        rows, columns = prepared.pixels.shape
        tiles = torch.from_numpy(split_tiles(prepared.pixels, self._flow.config.size))
        pixels = tiles[:, None].repeat(DEQUANTIZATION_DRAWS, 1, 1, 1)
        generator = torch.Generator().manual_seed(DEQUANTIZATION_SEED)
        x = dequantize(pixels, generator).to(self._device)
        batches = zip(*self._flow.all_label_maps(x), strict=True)
        drawn = [torch.cat(maps).cpu().double() for maps in batches]
        means = [m.view(DEQUANTIZATION_DRAWS, len(tiles), *m.shape[1:]).mean(0) for m in drawn]
        per_scale = [join_tiles(m, rows // self._flow.config.size) for m in means]
        maps = scale_attributions(per_scale, columns)[:, 0]
        scales = torch.cat([m.sum((2, 3)) for m in per_scale]).T
        return maps.numpy(), tuple(m.shape[-1] for m in means), scales.numpy()

    def generate(self, request: SampleRequest) -> Generator[Progress | Sample, None, None]:
        """Draws synthetic images, one at a time, so that each can be drawn again alone.

        Args:
            request: label, sampling temperature, count and seed.

        Yields:
            Each sample, and progress after it.

        Raises:
            RequestError: for a label, temperature or count that can't be.
        """
        label = choose_label(self.info, request.label)
        if not 0 < request.temperature <= 2:
            raise RequestError(
                f"Sampling temperature: expected above 0 up to 2; came {request.temperature:g}."
            )
        if request.count < 1 or request.seed < 0:
            raise RequestError("Expected a count of at least 1 and a seed of at least 0.")
        yield Progress(0, request.count, "Drawing")
        for n in range(request.count):
            yield self._draw(label, request.temperature, request.seed + n)
            yield Progress(n + 1, request.count, f"{n + 1} of {request.count} drawn")

    @torch.no_grad()
    def _draw(self, label: str, temperature: float, seed: int) -> Sample:
        index = self.info.labels.index(label)
        x = self._flow.sample(1, index, temperature, seed)
        pixels = x.clamp(0, 255).floor().cpu()
        noisy = dequantize(pixels, torch.Generator().manual_seed(seed)).to(self._device)
        log_prob = self._flow.log_prob(noisy, torch.tensor([index], device=self._device)).item()
        return Sample(
            pixels=pixels[0, 0].numpy().astype(np.uint8),
            label=label,
            temperature=temperature,
            seed=seed,
            log_likelihood=log_prob,
            bits_per_dim=-log_prob / (self._flow.dimensions * math.log(2)),
            model=self.info.name,
            model_hash=self.model_hash,
        )


def scale_bits(log_likelihoods: np.ndarray, dimensions: int) -> np.ndarray:
    """Nats (..., scales) to bits per dimension of the whole image."""
    return np.asarray(-log_likelihoods / (dimensions * math.log(2)))
