"""From a data folder to a finished model folder: split, train, calibrate, evaluate, write."""

import math
from collections.abc import Generator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

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
from magic_viewer.pipeline.engine import scale_bits
from magic_viewer.pipeline.library import CARD, Bundle, read_bundle, write_bundle
from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.pipeline.published import imported_card
from magic_viewer.pipeline.results import ModelInfo
from magic_viewer.progress import Progress
from magic_viewer.training.card import render_card
from magic_viewer.training.config import TrainConfig
from magic_viewer.training.data import hold_out_patients, read_examples
from magic_viewer.training.evaluate import choose_examples, metrics, score_examples
from magic_viewer.training.examples import Example
from magic_viewer.training.loop import Trained, train

TRAINING_MEGABYTES = 2047
"""Freed memory to keep; a training step needs most of it again at once."""
VALIDATION_IMAGES = 600
"""At most this many for early stopping; calibration takes all validation images."""


def build_model(
    data: Path,
    out: Path,
    run: Path,
    config: TrainConfig,
    fold: int = 0,
    minutes: float = math.inf,
) -> Generator[Progress, None, dict[str, float | int]]:
    """Trains a model and writes its folder.

    Args:
        data: in one of the forms of `training.data`.
        out: the model folder to write.
        run: folder for checkpoints; training is resumed from it.
        config: every choice of the training.
        fold: held back for the evaluation, in array data.
        minutes: budget for the training.

    Returns:
        The figures on the held-back images, which are also in config.json and card.md.
    """
    keep_freed_memory(TRAINING_MEGABYTES)
    training, validation, held_back, split = split_examples(
        read_examples(data, config.task), config, fold
    )
    trained = yield from train_on(training, validation, config, run, minutes)
    out.mkdir(parents=True, exist_ok=True)
    save_weights(trained.flow, out)
    flow = load_weights(trained.flow.config, out)
    calibration = yield from calibration_of(flow, config.preprocess, validation)
    scores = yield from score_examples(flow, config.preprocess, held_back)
    figures = metrics(scores, held_back, calibration, flow.dimensions)
    info = ModelInfo(
        out.resolve().name,
        config.title or out.resolve().name,
        flow.config.labels,
        config.summary,
        config.licence,
        flow.config.size,
    )
    about = {
        "version": __version__,
        "data": data.resolve().name,
        "split": split,
        "images": len(training),
        "validation_images": len(validation),
        "steps": trained.steps,
        "best_step": trained.step,
        "minutes": round(trained.seconds / 60, 1),
        "config": asdict(config),
        "held_back": figures,
    }
    bundle = Bundle(
        info,
        config.modalities,
        config.task,
        config_to_json(flow.config),
        config.preprocess,
        calibration,
        about,
    )
    write_bundle(out, bundle)
    (out / CARD).write_text(render_card(bundle), encoding="utf-8")
    return figures


def train_on(
    training: Sequence[Example],
    validation: Sequence[Example],
    config: TrainConfig,
    run: Path,
    minutes: float,
) -> Generator[Progress, None, Trained]:
    """Trains with an even choice of the validation images for early stopping."""
    stride = -(-len(validation) // VALIDATION_IMAGES)
    return (yield from train(training, validation[::stride], config, run, minutes))


def calibration_of(
    flow: ConditionalFlow, preprocess: PreprocessConfig, examples: Sequence[Example]
) -> Generator[Progress, None, Calibration]:
    """The calibration of a flow on images that it was not trained on."""
    scores = yield from score_examples(flow, preprocess, examples)
    return calibrate(scores.scales, scale_bits(scores.scales, flow.dimensions), scores.labels)


def calibrate_model(
    folder: Path, data: Path, split: str | None = None, fold: int | None = None
) -> Generator[Progress, None, int]:
    """Fits the calibration of an imported model; a trained one has its own.

    Args:
        folder: of the model; its config.json and card are written anew.
        data: images that the weights were not trained on, in a form of `training.data`.
        split: of the data to take; without it and without a fold, all of it.
        fold: of the data to take.

    Returns:
        How many images it was fitted on.

    Raises:
        RequestError: for a model that was trained here, whose figures rest on its calibration.
    """
    bundle = read_bundle(folder)
    if "held_back" in bundle.training:
        raise RequestError(
            f"Model {bundle.info.name} was calibrated when it was trained, and its card's figures "
            "rest on that; only imported models are calibrated anew."
        )
    flow = load_weights(config_from_json(bundle.flow), folder).fold()
    examples = choose_examples(read_examples(data, bundle.task), split, fold)
    calibration = yield from calibration_of(flow, bundle.preprocess, examples)
    about = {"calibrated_on": data.resolve().name, "calibration_images": len(examples)}
    bundle = replace(bundle, calibration=calibration, training=about)
    write_bundle(folder, bundle)
    (folder / CARD).write_text(imported_card(bundle), encoding="utf-8")
    return len(examples)


def split_examples(
    examples: Sequence[Example], config: TrainConfig, fold: int
) -> tuple[list[Example], list[Example], list[Example], str]:
    """Training, validation and held-back examples, and the split in words."""
    if any(e.split == "train" for e in examples):
        parts = [choose_examples(examples, split) for split in ("train", "val", "test")]
        return parts[0], parts[1], parts[2], "the given train, val and test folders"
    held_back = choose_examples(examples, fold=fold)
    rest = [e for e in examples if e.split != str(fold)]
    training, validation = hold_out_patients(rest, config.validation_share, config.seed)
    words = (
        f"by patient: fold {fold} held back, {len({e.patient for e in validation})} patients "
        "of the other folds for validation and calibration"
    )
    return training, validation, held_back, words
