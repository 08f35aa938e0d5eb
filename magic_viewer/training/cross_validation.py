"""Cross-validation: one model a fold, and the figures of all held-back images together.

Each image is scored by the one model that never saw its patient.
"""

import json
import math
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from magic_viewer import __version__
from magic_viewer.errors import DataError, ModelError
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.calibration import UNLIKE
from magic_viewer.pipeline.library import CONFIG, read_bundle
from magic_viewer.pipeline.series import by_patient_and_class, combine
from magic_viewer.pipeline.temperature import softmax
from magic_viewer.progress import Progress
from magic_viewer.training.begin import read_beginning
from magic_viewer.training.build import (
    Parts,
    fit_calibration,
    some,
    split_examples,
    validation_patients,
)
from magic_viewer.training.card import CROSS_VALIDATION, write_card
from magic_viewer.training.config import TrainConfig
from magic_viewer.training.data import read_examples
from magic_viewer.training.evaluate import answers, score_examples
from magic_viewer.training.examples import Example
from magic_viewer.training.loop import train
from magic_viewer.training.statistics import (
    Figure,
    Predictions,
    all_figures,
    balanced_accuracy,
    confusion,
    voted,
    with_interval,
)

SCORES = "held_back.npz"


@dataclass(frozen=True, eq=False)
class HeldBack:
    """What the models say of images that they never saw.

    Attributes:
        folds: (B,) that the image was held back in.
        labels: (B,) true class of each image.
        probabilities: (B, classes), calibrated on that fold's validation images.
        log_likelihoods: (B, classes) nats.
        tempered: (B, classes) the same by that fold's likelihood temperatures.
        correlations: (B,) of a series' slices, that fold's.
        known: (B,) whether that fold's gate lets the image pass.
        abstains: (B,) whether draws of the noise disagree.
        patients: (B,) names, "" where unknown.
        series: (B,) names, "" where unknown.
    """

    folds: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    log_likelihoods: npt.NDArray[np.float64]
    tempered: npt.NDArray[np.float64]
    correlations: npt.NDArray[np.float64]
    known: npt.NDArray[np.bool_]
    abstains: npt.NDArray[np.bool_]
    patients: npt.NDArray[np.str_]
    series: npt.NDArray[np.str_]


def cross_validate(
    data: Path,
    out: Path,
    run: Path,
    config: TrainConfig,
    folds: Sequence[int] | None = None,
    minutes: float = math.inf,
    begin: str | None = None,
) -> Generator[Progress, None, dict[str, Any]]:
    """Trains one model a fold and writes the figures over all folds.

    A fold that was interrupted is taken up where its checkpoint left off; one that is done is
    read from its file of scores.

    Args:
        data: with folds, in a form of `training.data`.
        out: folder to write CROSS_VALIDATION in; a model's card there gets the figures too.
        run: folder for one run folder a fold.
        config: every choice of the training.
        folds: to hold back, one after the other; all of the data's if None.
        minutes: budget for the training of each.
        begin: folder of a model to begin from, with {fold} in it for the fold's number where
            that model was trained on the same data.

    Returns:
        What is written.

    Raises:
        DataError: if the data has no folds, or not those asked for.
        ModelError: if `run` holds folds of another configuration.
    """
    examples = read_examples(data, config.task)
    classes = sorted({e.label for e in examples})
    parts = []
    begun_from = {}
    for fold in _chosen(examples, folds):
        path = run / f"fold-{fold}" / SCORES
        begun, split = None, split_examples(examples, config, fold)
        if begin:
            folder = Path(begin.format(fold=fold))
            begun = read_beginning(folder, data, config.preprocess.size, fold)
            begun_from[fold] = begun.about
            patients = validation_patients(data, begun.about, fold)
            split = split_examples(examples, config, fold, patients)
        made_with = json.dumps([asdict(config), classes, *([begun.about] if begun else [])])
        if not path.exists():
            flow = begun.flow if begun else None
            yield from _hold_back(split, classes, fold, config, path, minutes, flow, made_with)
        parts.append(_read(path, made_with))
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    result = _pooled(HeldBack(*map(np.concatenate, columns)), classes, config)
    result |= {"data": data.resolve().name, "version": __version__, "config": asdict(config)}
    if begun_from:
        result["begun_from"] = begun_from
    out.mkdir(parents=True, exist_ok=True)
    (out / CROSS_VALIDATION).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if (out / CONFIG).is_file():
        write_card(out, read_bundle(out))
    return result


def _chosen(examples: Sequence[Example], folds: Sequence[int] | None) -> list[int]:
    there = sorted({int(e.split) for e in examples if e.split.isdecimal()})
    if not there:
        raise DataError("Cross-validation needs data with folds; this has none.")
    chosen = there if folds is None else list(dict.fromkeys(folds))
    if missing := sorted(set(chosen) - set(there)):
        raise DataError(f"No images in fold {missing[0]}; the data has folds {there}.")
    return chosen


def _hold_back(
    split: Parts,
    classes: Sequence[str],
    fold: int,
    config: TrainConfig,
    path: Path,
    minutes: float,
    begin: ConditionalFlow | None,
    made_with: str,
) -> Generator[Progress, None, None]:
    """Trains without a fold and writes the scores of its images, whole or not at all."""
    training, validation, held_back, _ = split
    if missing := set(classes) - {e.label for e in training}:
        raise DataError(
            f"Without fold {fold} no training images of {', '.join(sorted(missing))} are left."
        )
    yield Progress(0, 1, f"Fold {fold}: {len(held_back)} images held back")
    trained = yield from train(
        training, some(validation), config, path.parent, minutes, begin=begin
    )
    flow = trained.flow.fold()
    calibration = yield from fit_calibration(flow, config.preprocess, some(validation))
    scores = yield from score_examples(flow, config.preprocess, held_back)
    said = answers(scores, calibration)
    found = HeldBack(
        np.full(len(held_back), fold),
        scores.labels,
        said.probabilities,
        scores.scales.sum(2),
        calibration.scores(scores.scales),
        np.full(len(held_back), calibration.series_correlation),
        said.typicality >= UNLIKE,
        said.abstains,
        np.array([e.patient or "" for e in held_back]),
        np.array([e.series or "" for e in held_back]),
    )
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, made_with=made_with, **vars(found))
    partial.replace(path)


def _read(path: Path, made_with: str) -> HeldBack:
    try:
        with np.load(path, allow_pickle=False) as saved:
            values = dict(saved)
        found_with = str(values.pop("made_with"))
        found = HeldBack(**values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: expected the scores of a fold; remove it.") from error
    if found_with != made_with:
        raise ModelError(
            f"{path}: was made with another configuration, other classes or weights. "
            "Choose another run folder, or remove it to start anew."
        )
    return found


def _pooled(held: HeldBack, classes: Sequence[str], config: TrainConfig) -> dict[str, Any]:
    """Figures of all held-back images, by image, patient and series."""
    known = [name or f"image {n}" for n, name in enumerate(held.patients.tolist())]
    predictions = Predictions(held.probabilities, held.labels, held.log_likelihoods, known)
    found = all_figures(predictions, config.preprocess.size**2)
    votes = {}
    for kind, names in (("patient", held.patients), ("series", held.series)):
        if names.all():
            votes[kind] = _votes(held, names.tolist(), known, classes)
            found[f"{kind}_balanced_accuracy"] = _vote_figure(votes[kind], len(classes))
    return {
        "folds": np.unique(held.folds).tolist(),
        "images": len(held.labels),
        "classes": list(classes),
        "figures": {name: _finite(figure) for name, figure in found.items()},
        "out_of_distribution_share": float((~held.known).mean()),
        "abstained_share": float(held.abstains.mean()),
        "confusion": confusion(held.probabilities, held.labels).tolist(),
        "votes": votes,
    }


def _votes(
    held: HeldBack, names: Sequence[str], patients: Sequence[str], classes: Sequence[str]
) -> list[dict[str, Any]]:
    """One entry a patient or series and class: the posterior of its known slices together."""
    patient_of: dict[str | None, str] = dict(zip(names, patients, strict=True))
    groups, truth = by_patient_and_class(names, held.labels)
    entries = []
    for rows, label in zip(groups, truth, strict=True):
        known = held.tempered[rows[held.known[rows]]]
        together = softmax(combine(known, held.correlations[rows[0]]))
        entries.append(
            {
                "name": names[rows[0]],
                "patient": patient_of[names[rows[0]]],
                "class": classes[label],
                "predicted": classes[int(together.argmax())] if len(known) else None,
                "probabilities": dict(zip(classes, together.round(4).tolist(), strict=True)),
            }
        )
    return entries


def _vote_figure(votes: Sequence[dict[str, Any]], classes: int) -> Figure:
    answered = np.array([v["predicted"] is not None for v in votes])
    names = sorted({v["class"] for v in votes} | {v["predicted"] or v["class"] for v in votes})
    truth = np.array([names.index(v["class"]) for v in votes])
    chosen = np.array([names.index(v["predicted"] or v["class"]) for v in votes])
    predicted = voted(chosen, truth, answered, classes)
    return with_interval(
        lambda rows: balanced_accuracy(predicted[rows], truth[rows], classes),
        [v["patient"] for v in votes],
    )


def _finite(figure: Figure) -> dict[str, float | None]:
    return {k: float(v) if math.isfinite(v) else None for k, v in asdict(figure).items()}
