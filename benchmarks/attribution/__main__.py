"""Does the contrast map find what tells two scanners apart? Made artefacts in real slices.

`python -m benchmarks.attribution DATA --run runs/attribution --json FILE`, with DATA as
`slices.csv` and one `.npz` (see `training.data`). Needs `pip install -e '.[evidence]'`.

Scanner A's slices are FLAIR slices as they are; scanner B's have an artefact at a random place.
For each artefact one flow learns to tell the two apart, and a second one learns from shuffled
labels. Maps of held-back patients' slices of scanner B are then compared with the place.
A run that was ended takes up where it was; for another --minutes choose another --run.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.attribution.artefacts import ARTEFACTS, Spoiled, spoil
from benchmarks.attribution.maps import SIGMA, Maps, Pixels, every_map, make_maps, score, smoothed
from benchmarks.attribution.measures import (
    auroc,
    exchange_area,
    pixel_auroc,
    pointing,
    randomised,
    rank_correlation,
)
from benchmarks.common import (
    measured,
    print_table,
    provenance,
    training_options,
    write_json,
)
from benchmarks.training import train_for
from magic_viewer.errors import DataError, MagicViewerError
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.preprocess import PreprocessConfig, prepare_grey
from magic_viewer.training.build import split_examples
from magic_viewer.training.config import PRESETS, AugmentConfig, TrainConfig
from magic_viewer.training.data import read_examples
from magic_viewer.training.examples import Example
from magic_viewer.training.statistics import balanced_accuracy, patients_resampled

SEQUENCE = "FLAIR"
SCANNERS = ("scanner A", "scanner B")
COPIES = 4
"""Of each training slice, with the artefact at other places."""
LEVELS = (0.0, 255.0)
EXCHANGED = 24
"""Images at most for deletion and insertion."""
PREPARE = PRESETS["brain-sequence"].preprocess
CONFIG = TrainConfig(
    batch_size=16,
    contrast_labels=2,
    ema=0.98,
    patience=99,
    initial_images=256,
    width=32,
    guide_width=32,
    coarse_width=128,
    preprocess=PreprocessConfig(size=PREPARE.size),
    augment=AugmentConfig(shift=0.03, flip=True, gamma=0.1),
)


@dataclass(frozen=True, eq=False)
class Parts:
    """Prepared slices of three groups of patients.

    Attributes:
        training: to learn from.
        validation: to choose weights by.
        held_back: to measure on.
    """

    training: list[Example]
    validation: list[Example]
    held_back: list[Example]


def read_parts(data: Path, config: TrainConfig, fold: int) -> Parts:
    """Reads the slices of SEQUENCE as model inputs, split by patient as in any training.

    Raises:
        DataError: if there are none.
    """
    examples = [e for e in read_examples(data) if e.label == SEQUENCE]
    if not examples:
        raise DataError(f"{data}: expected slices of {SEQUENCE}; found none.")
    fit = replace(PREPARE, size=config.preprocess.size)
    prepared = [replace(e, grey=prepare_grey(e.grey, fit).pixels, limits=LEVELS) for e in examples]
    return Parts(*split_examples(prepared, config, fold)[:3])


def two_scanners(
    kind: str, examples: Sequence[Example], rng: np.random.Generator, copies: int = 1
) -> list[Example]:
    """Each slice once as scanner A's, and some times as scanner B's."""
    clean = [replace(e, label=SCANNERS[0]) for e in examples]
    return clean + [
        replace(e, label=SCANNERS[1], grey=spoil(kind, e.grey, rng).pixels)
        for e in examples
        for _ in range(copies)
    ]


def shuffled(examples: Sequence[Example], rng: np.random.Generator) -> list[Example]:
    """The same slices with their labels dealt out anew."""
    order = rng.permutation(len(examples))
    return [replace(e, label=examples[n].label) for e, n in zip(examples, order, strict=True)]


def measure(
    kind: str, parts: Parts, config: TrainConfig, minutes: float, run: Path, images: int
) -> dict[str, Any]:
    """Trains on one artefact, with true and with shuffled labels, and measures the maps.

    Args:
        kind: one of ARTEFACTS.
        parts: the slices.
        config: of the training.
        minutes: CPU time of each of the two trainings.
        run: folder for checkpoints.
        images: how many held-back slices are measured on, at most.

    Returns:
        JSON values: figures of the classification, of each method's maps, and of both checks.
    """
    rng = np.random.default_rng((config.seed, list(ARTEFACTS).index(kind)))
    training = two_scanners(kind, parts.training, rng, COPIES)
    validation = two_scanners(kind, parts.validation, rng)
    held_back = parts.held_back[:: -(-len(parts.held_back) // images)]
    seen = [spoil(kind, e.grey, rng) for e in held_back]
    groups = [str(e.patient) for e in held_back]
    trained, milliseconds = train_for(minutes, training, validation, config, run / kind)
    flow = trained.flow
    folded = _folded(flow)
    maps = every_map(folded, _stack(seen))
    weights = [
        {"shuffled": words, **_changed(maps["contrast map"], other, seen)}
        for words, other in randomised(flow, config.seed)
    ]
    blind, _ = train_for(
        minutes,
        shuffled(training, rng),
        shuffled(validation, rng),
        config,
        run / f"{kind}-shuffled",
    )
    blind_flow = _folded(blind.flow)
    blind_maps = make_maps("contrast map", blind_flow, _stack(seen))
    return {
        "artefact": kind,
        "steps": trained.steps,
        "ms_per_step": milliseconds,
        "images": len(seen),
        "patients": len(set(groups)),
        "mask_share": float(np.mean([s.mask.mean() for s in seen])),
        "change_inside": float(np.mean([np.abs(s.pixels - s.clean)[s.mask].mean() for s in seen])),
        "change_outside": float(
            np.mean([np.abs(s.pixels - s.clean)[~s.mask].mean() for s in seen])
        ),
        "classification": _classification(folded, seen),
        "methods": {
            name: _localisation(made, seen, groups) | _exchange(folded, made, seen)
            for name, made in maps.items()
        },
        "shuffled_weights": weights,
        "shuffled_labels": {
            "steps": blind.steps,
            "classification": _classification(blind_flow, seen),
            **_localisation(blind_maps, seen, groups),
        },
    }


def _folded(flow: ConditionalFlow) -> ConditionalFlow:
    made = ConditionalFlow(flow.config)
    made.load_state_dict(flow.state_dict())
    return made.fold()


def _stack(spoiled: Sequence[Spoiled]) -> Pixels:
    return np.stack([s.pixels for s in spoiled])


def _classification(flow: ConditionalFlow, seen: Sequence[Spoiled]) -> dict[str, float]:
    """Of each held-back slice with and without the artefact, by the sign of the log-odds."""
    odds = score(flow, np.concatenate([np.stack([s.clean for s in seen]), _stack(seen)]))
    truth = np.repeat([0, 1], len(seen))
    return {
        "balanced_accuracy": balanced_accuracy((odds > 0).astype(np.int64), truth, 2),
        "auc": auroc(odds, truth == 1),
        "log_odds_clean": float(odds[truth == 0].mean()),
        "log_odds_spoiled": float(odds[truth == 1].mean()),
    }


def _localisation(
    maps: Maps, seen: Sequence[Spoiled], groups: Sequence[str]
) -> dict[str, dict[str, float]]:
    masks = np.stack([s.mask for s in seen])
    soft = smoothed(maps)
    return {
        "auroc": _interval(pixel_auroc(maps, masks), groups),
        "auroc_smoothed": _interval(pixel_auroc(soft, masks), groups),
        "pointing": _interval(pointing(maps, masks), groups),
        "pointing_smoothed": _interval(pointing(soft, masks), groups),
    }


def _interval(values: npt.NDArray[np.float64], groups: Sequence[str]) -> dict[str, float]:
    """The mean over images, and its 95 % interval from resampled patients."""
    means = [values[rows].mean() for rows in patients_resampled(groups, seed=0)]
    low, high = np.percentile(means, [2.5, 97.5])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def _exchange(flow: ConditionalFlow, maps: Maps, seen: Sequence[Spoiled]) -> dict[str, float]:
    some = seen[:: -(-len(seen) // EXCHANGED)]
    maps = maps[:: -(-len(seen) // EXCHANGED)]
    clean = np.stack([s.clean for s in some])

    def area(insert: bool) -> float:
        return exchange_area(lambda x: score(flow, x), maps, _stack(some), clean, insert)

    return {"deletion": area(False), "insertion": area(True)}


def _changed(maps: Maps, flow: ConditionalFlow, seen: Sequence[Spoiled]) -> dict[str, float]:
    others = make_maps("contrast map", flow, _stack(seen))
    masks = np.stack([s.mask for s in seen])
    return {
        "rank_correlation": rank_correlation(maps, others),
        "auroc": float(pixel_auroc(others, masks).mean()),
    }


def show(result: dict[str, Any]) -> None:
    """Prints one artefact's figures."""
    told = result["classification"]
    print(
        f"\n{result['artefact']}: {result['steps']} steps; held-back slices told apart with "
        f"balanced accuracy {told['balanced_accuracy']:.2f}, AUC {told['auc']:.2f}; the place is "
        f"{result['mask_share']:.1%} of the pixels, changed by {result['change_inside']:.1f} grey "
        f"levels ({result['change_outside']:.1f} elsewhere); {result['images']} slices of "
        f"{result['patients']} patients"
    )
    rows = [_row(name, figures) for name, figures in result["methods"].items()]
    blind = result["shuffled_labels"]
    rows.append(_row("contrast map, shuffled labels", blind))
    print_table(
        ("", "AUROC", "95 %", "smoothed", "pointing", "smoothed", "deletion", "insertion"), rows
    )
    print(
        "shuffled weights, rank correlation with the true map (AUROC): "
        + "; ".join(
            f"{w['shuffled']} {w['rank_correlation']:.2f} ({w['auroc']:.2f})"
            for w in result["shuffled_weights"]
        )
        + f"; shuffled labels' AUC of the classes {blind['classification']['auc']:.2f}",
        flush=True,
    )


def _row(name: str, figures: dict[str, Any]) -> list[str]:
    def number(key: str) -> str:
        return f"{figures[key]['value']:.2f}"

    def area(key: str) -> str:
        return f"{figures[key]:.2f}" if key in figures else "–"

    bounds = f"{figures['auroc']['low']:.2f}–{figures['auroc']['high']:.2f}"
    found = [number("auroc"), bounds]
    found += [number(key) for key in ("auroc_smoothed", "pointing", "pointing_smoothed")]
    return [name, *found, area("deletion"), area("insertion")]


def main() -> None:
    """Measures every artefact in turn; the JSON grows with each."""
    parser = training_options("attribution", __doc__, minutes=3.0)
    parser.add_argument(
        "--images", type=int, default=96, help="held-back slices measured on, at most"
    )
    parser.add_argument("--only", nargs="+", choices=list(ARTEFACTS), default=list(ARTEFACTS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    about = provenance()
    config = replace(CONFIG, seed=chosen.seed)
    settings = {
        "data": chosen.data.resolve().name,
        "fold": chosen.fold,
        "minutes": chosen.minutes,
        "images": chosen.images,
        "seed": chosen.seed,
        "smoothing_sigma": SIGMA,
    }
    results = []
    try:
        parts = read_parts(chosen.data, config, chosen.fold)
        for kind in chosen.only:
            kept = chosen.run / f"{kind}.json"
            work = partial(measure, kind, parts, config, chosen.minutes, chosen.run, chosen.images)
            result = measured(kept, about, settings, work)
            show(result)
            results.append(result)
            if chosen.json is not None:
                write_json(results, chosen.json)
    except MagicViewerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
