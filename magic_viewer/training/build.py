"""From a data folder to a finished model folder: split, train, calibrate, evaluate, write."""

import math
from collections.abc import Generator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from magic_viewer import __version__
from magic_viewer.errors import RequestError
from magic_viewer.flow.checkpoint import (
    config_from_json,
    config_to_json,
    load_weights,
    save_weights,
)
from magic_viewer.flow.memory import keep_freed_memory
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.calibration import Calibration, calibrate
from magic_viewer.pipeline.header_says import HeaderRule
from magic_viewer.pipeline.library import CARD, Bundle, read_bundle, write_bundle
from magic_viewer.pipeline.preprocess import PreprocessConfig, prepare_grey
from magic_viewer.pipeline.published import imported_card
from magic_viewer.pipeline.results import ModelInfo
from magic_viewer.pipeline.temperature import fit_temperatures, tempered
from magic_viewer.progress import Progress
from magic_viewer.training.begin import read_beginning
from magic_viewer.training.card import write_card
from magic_viewer.training.config import TrainConfig
from magic_viewer.training.data import SPLITS, hold_out_patients, read_examples
from magic_viewer.training.evaluate import (
    choose_examples,
    metrics,
    score_examples,
    score_inputs,
)
from magic_viewer.training.examples import Example
from magic_viewer.training.loop import train
from magic_viewer.training.made_for import HEADERS, measure_made_for

TRAINING_MEGABYTES = 2047
"""Freed memory to keep; a training step needs most of it again at once."""
VALIDATION_IMAGES = 600
"""At most this many for early stopping, and for the calibration."""
FEW_PATIENTS = 6
"""With fewer, the calibration is more careful; see `temperature.fit_temperatures`."""
SYNTHETIC_TEMPERATURES = (0.7, 1.0)
"""Sampling temperatures of the synthetic images that the gate learns to tell."""
SYNTHETIC_IMAGES = 48
"""Of each of them, all classes together."""
SYNTHETIC_SEED = 1000


def build_model(
    data: Path,
    out: Path,
    run: Path,
    config: TrainConfig,
    fold: int = 0,
    minutes: float = math.inf,
    begin: Path | None = None,
) -> Generator[Progress, None, dict[str, float | int]]:
    """Trains a model and writes its folder.

    Args:
        data: in one of the forms of `training.data`.
        out: the model folder to write.
        run: folder for checkpoints; training is resumed from it.
        config: every choice of the training.
        fold: held back for the evaluation, in array data.
        minutes: budget for the training.
        begin: folder of a model whose weights to begin from; where it was trained on the same
            data, its validation patients are this model's too, so that none of them was trained
            on.

    Returns:
        The figures on the held-back images, which are also in config.json and card.md.
    """
    keep_freed_memory(TRAINING_MEGABYTES)
    examples = read_examples(data, config.task)
    begun = read_beginning(begin, data, config.preprocess.size, fold) if begin else None
    chosen = validation_patients(data, begun.about, fold) if begun else None
    parts = split_examples(examples, config, fold, chosen)
    trained = yield from train(
        parts.training,
        some(parts.validation),
        config,
        run,
        minutes,
        begin=begun.flow if begun else None,
    )
    out.mkdir(parents=True, exist_ok=True)
    save_weights(trained.flow, out)
    info = ModelInfo(
        out.resolve().name,
        config.title or out.resolve().name,
        trained.flow.config.labels,
        config.summary,
        config.licence,
        trained.flow.config.size,
    )
    about = {
        "version": __version__,
        "data": data.resolve().name,
        "split": parts.words,
        "fold": fold,
        "images": len(parts.training),
        "validation_images": len(parts.validation),
        "steps": trained.steps,
        "best_step": trained.step,
        "minutes": round(trained.seconds / 60, 1),
        "config": asdict(config),
    } | ({"begun_from": begun.about} if begun else {})
    bundle = Bundle(
        info,
        config.modalities,
        config.task,
        config_to_json(trained.flow.config),
        config.preprocess,
        None,
        about,
    )
    return (yield from _settle(out, bundle, parts))


class Parts(NamedTuple):
    """How the examples of a data folder are used.

    Attributes:
        training: the weights are fitted on them.
        validation: for early stopping and calibration.
        held_back: for the figures.
        words: the split in words.
    """

    training: list[Example]
    validation: list[Example]
    held_back: list[Example]
    words: str


def some(validation: Sequence[Example]) -> Sequence[Example]:
    """VALIDATION_IMAGES at most, evenly chosen."""
    return validation[:: -(-len(validation) // VALIDATION_IMAGES)]


def _settle(
    folder: Path, bundle: Bundle, parts: Parts
) -> Generator[Progress, None, dict[str, float | int]]:
    """Calibrates a model whose weights are in its folder, evaluates it, writes config and card."""
    flow = load_weights(config_from_json(bundle.flow), folder).fold()
    calibration = yield from fit_calibration(flow, bundle.preprocess, some(parts.validation))
    scores = yield from score_examples(flow, bundle.preprocess, parts.held_back)
    figures = metrics(scores, parts.held_back, calibration, flow.dimensions)
    about, name = bundle.training | {"held_back": figures}, bundle.info.name
    flips = bool(about["config"]["augment"]["flip"])
    seen = [*parts.training, *parts.validation, *parts.held_back]
    bundle = replace(
        bundle,
        calibration=calibration,
        training=about,
        made_for=measure_made_for(seen, bundle.preprocess, name, flips),
        header=HEADERS.get(name, HeaderRule()),
    )
    write_bundle(folder, bundle)
    write_card(folder, bundle)
    return figures


def fit_calibration(
    flow: ConditionalFlow, preprocess: PreprocessConfig, examples: Sequence[Example]
) -> Generator[Progress, None, Calibration]:
    """Fits all that turns the flow's numbers into answers.

    Args:
        flow: in evaluation mode.
        preprocess: how an image becomes its input.
        examples: that the weights were not trained on.
    """
    scores = yield from score_examples(flow, preprocess, examples)
    patients = {e.patient for e in examples if e.patient}
    few = 0 < len(patients) < FEW_PATIENTS
    temperatures = fit_temperatures(scores.scales, scores.labels, few=few)
    synthetic = []
    for sampling_temperature in SYNTHETIC_TEMPERATURES:
        pixels, labels = _draw(flow, preprocess, sampling_temperature)
        drawn = yield from score_inputs(flow, pixels, labels)
        synthetic.append(drawn.look(tempered(drawn.scales, temperatures).argmax(1)))
    return calibrate(
        scores.scales,
        scores.labels,
        [e.patient for e in examples],
        temperatures,
        scores.look(tempered(scores.scales, temperatures).argmax(1)),
        synthetic,
    )


@torch.no_grad()
def _draw(
    flow: ConditionalFlow, preprocess: PreprocessConfig, temperature: float
) -> tuple[list[npt.NDArray[np.float32]], npt.NDArray[np.int64]]:
    """Synthetic images as model inputs, as if they had been opened as scans; and their labels."""
    classes = len(flow.config.labels)
    each = -(-SYNTHETIC_IMAGES // classes)
    drawn = [flow.sample(each, n, temperature, SYNTHETIC_SEED) for n in range(classes)]
    grey = torch.cat(drawn)[:, 0].clamp(0, 255).floor().numpy()
    return [prepare_grey(g, preprocess).pixels for g in grey], np.repeat(np.arange(classes), each)


def calibrate_model(
    folder: Path, data: Path, split: str | None = None, fold: int | None = None
) -> Generator[Progress, None, int]:
    """Fits a model's calibration anew.

    A model that was trained here is calibrated on its own validation images, found again by its
    recorded seed and fold, and evaluated anew on the images held back; an imported one on
    whatever is given.

    Args:
        folder: of the model; its config.json and card are written anew.
        data: of a trained model, what it was trained on; else images that the weights were not
            trained on; in a form of `training.data`.
        split: of the data to take for an imported model; without it and without a fold, all.
        fold: of the data to take; of a trained model, the one held back, where it isn't recorded.

    Returns:
        How many images it was fitted on.

    Raises:
        RequestError: if the data isn't what the model was trained on.
    """
    bundle = read_bundle(folder)
    if "config" in bundle.training:
        return (yield from _recalibrate(folder, bundle, data, fold))
    flow = load_weights(config_from_json(bundle.flow), folder).fold()
    examples = choose_examples(read_examples(data, bundle.task), split, fold)
    calibration = yield from fit_calibration(flow, bundle.preprocess, examples)
    about = {"calibrated_on": data.resolve().name, "calibration_images": len(examples)}
    bundle = replace(bundle, calibration=calibration, training=about)
    write_bundle(folder, bundle)
    (folder / CARD).write_text(imported_card(bundle), encoding="utf-8")
    return len(examples)


def _recalibrate(
    folder: Path, bundle: Bundle, data: Path, fold: int | None
) -> Generator[Progress, None, int]:
    about = bundle.training
    fold = about.get("fold", fold or 0)
    share, seed = about["config"]["validation_share"], about["config"]["seed"]
    config = TrainConfig(validation_share=share, seed=seed)
    chosen = validation_patients(data, about.get("begun_from", {}), fold)
    parts = split_examples(read_examples(data, bundle.task), config, fold, chosen)
    found = [len(parts.training), len(parts.validation), len(parts.held_back)]
    recorded = [about["images"], about["validation_images"], about["held_back"]["n"]]
    if found != recorded:
        raise RequestError(
            f"Model {bundle.info.name} was trained on {recorded[0]} images, validated on "
            f"{recorded[1]} and judged on {recorded[2]}; {data.name} gives {found[0]}, {found[1]} "
            f"and {found[2]}. Give the folder of its training: {about['data']}."
        )
    bundle = replace(bundle, training=about | {"fold": fold})
    yield from _settle(folder, bundle, parts)
    return len(some(parts.validation))


def validation_patients(data: Path, begun_from: dict[str, Any], fold: int) -> set[str] | None:
    """Those of the model begun from; None where it was trained on other data.

    Args:
        data: the folder trained on.
        begun_from: see `Beginning.about`.
        fold: held back.
    """
    if "split" not in begun_from:
        return None
    split = dict(begun_from["split"])
    examples = read_examples(data, split.pop("task"))
    found = split_examples(examples, TrainConfig(**split), fold).validation
    return {e.patient for e in found if e.patient is not None}


def split_examples(
    examples: Sequence[Example],
    config: TrainConfig,
    fold: int,
    validation_patients: set[str] | None = None,
) -> Parts:
    """Training, validation and held-back examples.

    Args:
        examples: all of a data folder.
        config: the seed, and the share of patients, where the data has no validation split.
        fold: held back, where the data has folds.
        validation_patients: to take where the data has no validation split; drawn if None.
    """
    if any(e.split == "train" for e in examples):
        training, validation, held_back = (choose_examples(examples, split) for split in SPLITS)
        return Parts(training, validation, held_back, "the given train, val and test folders")
    held_back = choose_examples(examples, fold=fold)
    rest = [e for e in examples if e.split != str(fold)]
    if validation_patients is None:
        training, validation = hold_out_patients(rest, config.validation_share, config.seed)
    else:
        training = [e for e in rest if e.patient not in validation_patients]
        validation = [e for e in rest if e.patient in validation_patients]
    words = (
        f"by patient: fold {fold} held back, {len({e.patient for e in validation})} patients "
        "of the other folds for validation and calibration"
    )
    return Parts(training, validation, held_back, words)
