"""How near drawn images come to real ones that the model never saw."""

import contextlib
import io
import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from magic_viewer.errors import DataError, RequestError
from magic_viewer.flow.checkpoint import config_from_json, load_weights
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.export import save_sheet
from magic_viewer.pipeline.library import Bundle, read_bundle
from magic_viewer.progress import Progress
from magic_viewer.training.build import split_examples
from magic_viewer.training.config import TrainConfig
from magic_viewer.training.data import read_examples
from magic_viewer.training.examples import Example
from magic_viewer.training.features import (
    ByteImages,
    FeatureSpace,
    learned_features,
    radimagenet_features,
)
from magic_viewer.training.loop import model_inputs

NEIGHBOURS = 5
"""k of precision, recall, density and coverage."""
FEWEST = NEIGHBOURS + 2
TEMPERATURES = (0.7, 1.0)
FIRST_SEED = 1
SHOWN = 8
"""Samples on a sheet, and closest pairs."""
PERCENTILE = 1.0
FEATURES = "features.safetensors"
SHEET, PAIRS = "samples.png", "closest-pairs.png"
CHUNK = 64

Figures = dict[str, float]


@dataclass(frozen=True, eq=False)
class RealClass:
    """Real images of one class, as many of each kind, and their features.

    Attributes:
        held_back: (n, size, size), never seen in training.
        training: (n, size, size).
        held_features: (n, D).
        training_features: (n, D).
    """

    held_back: ByteImages
    training: ByteImages
    held_features: Tensor
    training_features: Tensor


@dataclass(frozen=True, eq=False)
class Reference:
    """The real images that any number of generators is compared with.

    Attributes:
        space: of the features.
        classes: the real images by class.
        training: (N, size, size), every training image.
        training_features: (N, D).
    """

    space: FeatureSpace
    classes: dict[str, RealClass]
    training: ByteImages
    training_features: Tensor


class _Given(nn.Module):
    """Hands features through a metric that expects to compute them."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


def make_reference(
    training: Sequence[Example],
    held_back: Sequence[Example],
    names: Sequence[str],
    config: TrainConfig,
    count: int,
    space: FeatureSpace,
) -> Generator[Progress, None, Reference]:
    """Prepares real images, and works out their features.

    Args:
        training: what the model was trained on.
        held_back: what it wasn't.
        names: of the classes.
        config: of preprocessing and seed.
        count: of images of each class, fewer where there are fewer.
        space: of the features.

    Raises:
        DataError: if a class has too few images.
    """
    yield Progress(0, None, "Working out the features of real images")
    inputs, labels = model_inputs(training, names, config)
    seen = inputs.astype(np.uint8)
    features = space.features(seen)
    inputs, held_labels = model_inputs(held_back, names, config)
    unseen, rng = inputs.astype(np.uint8), np.random.default_rng(config.seed)
    classes = {}
    for index, name in enumerate(names):
        rows, others = np.flatnonzero(held_labels == index), np.flatnonzero(labels == index)
        number = min(count, len(rows), len(others))
        if number < FEWEST:
            raise DataError(
                f"Class {name} has {len(others)} training and {len(rows)} held-back images; "
                f"drawn images are compared with at least {FEWEST} of each."
            )
        kept = rng.choice(rows, number, replace=False)
        other = rng.choice(others, number, replace=False)
        real, known = unseen[kept], seen[other]
        classes[name] = RealClass(real, known, space.features(real), features[other])
    return Reference(space, classes, seen, features)


def compare(real: Tensor, other: Tensor) -> Figures:
    """Distances and overlaps of two sets of features, each (n, D).

    fid is the Fréchet distance (Heusel et al. 2017) and kid the unbiased squared MMD with the
    cubic kernel over all n (Bińkowski et al. 2018), by torchmetrics; precision and recall
    (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020) with k = NEIGHBOURS, by
    prdc.
    """
    try:
        from prdc import compute_prdc
    except ModuleNotFoundError as error:
        raise RequestError(
            "Figures of drawn images need the package prdc: pip install 'magic-viewer[generation]'"
        ) from error
    given = _Given(real.shape[1])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Metric `Kernel Inception Distance`")
        kid = KernelInceptionDistance(given, subsets=1, subset_size=min(len(real), len(other)))
    fid = FrechetInceptionDistance(given)
    for metric in (fid, kid):
        metric.update(real.double(), real=True)
        metric.update(other.double(), real=False)
    with contextlib.redirect_stdout(io.StringIO()):
        overlaps = compute_prdc(real.numpy(), other.numpy(), NEIGHBOURS)
    figures = {"fid": fid.compute().item(), "kid": kid.compute()[0].item()}
    return figures | {name: float(value) for name, value in overlaps.items()}


def nearest(points: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Distance (B,) from each point to the nearest of the others, and which that is (B,)."""
    found = [torch.cdist(part, others).min(1) for part in torch.split(points, CHUNK)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


def _flat(images: ByteImages) -> Tensor:
    return torch.from_numpy(images.astype(np.float32)).flatten(1)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Drawn images and the training image nearest to each.

    Attributes:
        ratios: (n,) distance over that below which PERCENTILE % of the held-back images lie.
        drawn: (n, size, size).
        nearest: (n, size, size).
    """

    ratios: npt.NDArray[np.float64]
    drawn: ByteImages
    nearest: ByteImages


def assess(reference: Reference, name: str, drawn: ByteImages) -> tuple[Figures, dict[str, Pairs]]:
    """Compares drawn images of one class with its real ones.

    Args:
        reference: the real images.
        name: of the class.
        drawn: (n, size, size), as many as the reference has of the class.

    Returns:
        Figures of `compare`, and the shares of images that are nearer to a training image than
        PERCENTILE % of the held-back ones are, by features and by pixels; and the pairs.
    """
    real, features = reference.classes[name], reference.space.features(drawn)
    figures, pairs = compare(real.held_features, features), {}
    kinds = {
        "features": (real.held_features, features, reference.training_features),
        "pixels": (_flat(real.held_back), _flat(drawn), _flat(reference.training)),
    }
    for kind, (unseen, points, training) in kinds.items():
        limit = float(np.percentile(nearest(unseen, training)[0].numpy(), PERCENTILE))
        distances, which = nearest(points, training)
        ratios = distances.double().numpy() / max(limit, 1e-12)
        figures[f"near_by_{kind}"] = float((ratios < 1).mean())
        pairs[kind] = Pairs(ratios, drawn, reference.training[which.numpy()])
    return figures, pairs


def floor(reference: Reference, name: str) -> Figures:
    """The figures of `compare` for as many training images in place of drawn ones.

    No model can be expected to do better: they are real, if of other patients.
    """
    real = reference.classes[name]
    return compare(real.held_features, real.training_features)


def mean_figures(by_class: Sequence[Mapping[str, float]]) -> Figures:
    """Over classes."""
    return {key: float(np.mean([figures[key] for figures in by_class])) for key in by_class[0]}


def draw(flow: ConditionalFlow, label: int, temperature: float, count: int) -> ByteImages:
    """Images (count, size, size) with seeds from FIRST_SEED, as `Engine.generate` draws them."""
    x = flow.sample(count, label, temperature, FIRST_SEED)
    images: ByteImages = x.clamp(0, 255).floor()[:, 0].numpy().astype(np.uint8)
    return images


def generation_figures(
    folder: Path,
    data: Path,
    out: Path,
    fold: int | None,
    count: int,
    weights: Path | None = None,
) -> Generator[Progress, None, dict[str, Any]]:
    """Draws images of every class and compares them with held-back ones.

    Args:
        folder: of the model.
        data: that it was trained on, in a form of `training.data`.
        out: folder for a sheet of samples, the closest pairs and learned features.
        fold: that was held back, in array data.
        count: of images of each class, fewer where there are fewer real ones.
        weights: of a ResNet-50 in RadImageNet's form; without it features are learned.

    Returns:
        Figures by sampling temperature and class, their floors and the counts.

    Raises:
        RequestError: if the count is too small, or the model was trained on the images that would
            be held back.
        DataError: if the data can't be used.
        ModelError: if weights can't be read.
    """
    if count < FEWEST:
        raise RequestError(f"Expected at least {FEWEST} drawn images of each class; came {count}.")
    bundle = read_bundle(folder)
    names, config = bundle.info.labels, _config(bundle)
    training, _, held_back, words = split_examples(
        read_examples(data, bundle.task), config, fold or 0
    )
    require_held_back(bundle, words)
    if weights is not None:
        space = radimagenet_features(weights)
    else:
        space = yield from learned_features(training, names, config, out / FEATURES)
    reference = yield from make_reference(training, held_back, names, config, count, space)
    flow = load_weights(config_from_json(bundle.flow), folder).fold()
    temperatures: dict[str, Any] = {}
    rows: list[tuple[str, ByteImages]] = []
    pairs: list[tuple[str, ByteImages]] = []
    for temperature in TEMPERATURES:
        by_class: dict[str, Figures] = {}
        found: list[dict[str, Pairs]] = []
        for index, name in enumerate(names):
            yield Progress(index, len(names), f"Drawing {name} at temperature {temperature}")
            drawn = draw(flow, index, temperature, len(reference.classes[name].held_back))
            by_class[name], near = assess(reference, name, drawn)
            found.append(near)
            rows.append((f"{name}, T {temperature}", drawn[:SHOWN]))
        pairs += _closest(found, temperature)
        mean = mean_figures(list(by_class.values()))
        temperatures[str(temperature)] = {"by_class": by_class, "mean": mean}
    out.mkdir(parents=True, exist_ok=True)
    whose = f"drawn by the model {bundle.info.name}"
    save_sheet(sorted(rows, key=lambda row: row[0]), f"{whose}, seeds 1 to {SHOWN}", out / SHEET)
    save_sheet(pairs, f"{whose}, over the training image nearest to each", out / PAIRS)
    floors = {name: floor(reference, name) for name in names}
    return {
        "features": space.name,
        "neighbours": NEIGHBOURS,
        "counts": {name: len(real.held_back) for name, real in reference.classes.items()},
        "training_images": len(training),
        "floor": {"by_class": floors, "mean": mean_figures(list(floors.values()))},
        "temperatures": temperatures,
    }


def require_held_back(bundle: Bundle, split: str) -> None:
    """Refuses a model that was trained on the images that would judge it.

    Args:
        bundle: of the model.
        split: in words, of `split_examples`; what is held back is said before the first comma.

    Raises:
        RequestError: naming the split that it was trained with.
    """
    trained = str(bundle.training.get("split", split))
    if trained.partition(",")[0] != split.partition(",")[0]:
        raise RequestError(
            f"Model {bundle.info.name} was trained with another split ({trained}); "
            "it would be judged by images it has seen."
        )


def _config(bundle: Bundle) -> TrainConfig:
    """What is known of how the model was trained: input, split and seed."""
    known = bundle.training.get("config", {})
    config = TrainConfig(preprocess=bundle.preprocess)
    chosen = {key: known[key] for key in ("seed", "validation_share") if key in known}
    return replace(config, **chosen)


def _closest(found: Sequence[dict[str, Pairs]], temperature: float) -> list[tuple[str, ByteImages]]:
    """Titled rows of the SHOWN closest pairs of all classes, by features and by pixels."""
    rows = []
    for kind in found[0]:
        ratios = np.concatenate([pairs[kind].ratios for pairs in found])
        order = ratios.argsort()[:SHOWN]
        drawn = np.concatenate([pairs[kind].drawn for pairs in found])
        real = np.concatenate([pairs[kind].nearest for pairs in found])
        rows += [
            (f"T {temperature}, by {kind}: drawn", drawn[order]),
            ("nearest training image", real[order]),
        ]
    return rows
