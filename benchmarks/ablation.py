"""The published coupling networks and the compact flow, trained for the same CPU time.

`python -m benchmarks.ablation DATA --run runs/ablation --json FILE`, with DATA as `slices.csv`
and one `.npz` (see `training.data`). The published design (Caldera et al. 2025) has two networks,
each with 1, 3 or 5 residual blocks at a stage. It is reduced to half its steps and the smallest of
its widths, at 64×64, so that it trains on a CPU at all. A run that was ended takes up where it
was; for another --minutes choose another --run.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common import (
    Figure,
    measured,
    print_table,
    provenance,
    training_options,
    write_json,
)
from benchmarks.training import cpu_milliseconds, train_for
from magic_viewer.errors import MagicViewerError
from magic_viewer.flow.config import FlowConfig, PublishedConfig
from magic_viewer.training.build import split_examples
from magic_viewer.training.config import PRESETS, TrainConfig
from magic_viewer.training.data import read_examples
from magic_viewer.training.examples import Example
from magic_viewer.training.loop import class_names, compact_config, model_inputs
from magic_viewer.training.score import scale_scores
from magic_viewer.training.statistics import balanced_accuracy

CONFIG = replace(
    PRESETS["brain-sequence"],
    batch_size=12,
    contrast_images=4,
    contrast_labels=2,
    ema=0.98,
    patience=99,
    initial_images=512,
)
VALIDATION_IMAGES = 96
RUNS = 7
NETWORKS = ("generation", "classification")
BLOCKS = (1, 3, 5)
VARIANTS = ("compact", *(f"{network} {blocks}" for network in NETWORKS for blocks in BLOCKS))


def flow_config(variant: str, names: tuple[str, ...], config: TrainConfig) -> FlowConfig:
    """The flow of a variant: the compact one, or the published design, reduced.

    Args:
        variant: one of VARIANTS.
        names: of the classes.
        config: of the training.
    """
    if variant == "compact":
        return compact_config(names, config)
    network, blocks = variant.split()
    return PublishedConfig(
        names,
        size=config.preprocess.size,
        network="generation" if network == "generation" else "classification",
        masks=(
            *("checkerboard",) * 2,
            *("channel", "channel", "checkerboard") * 2,
            *("channel", "channel", "checkerboard", "checkerboard"),
        ),
        squeezes=(2, 5, 8),
        splits=(3, 6, 9),
        widths=((16, 16, 16),) * 5 + ((16, 16, 32),) * 3 + ((32, 32, 64),) * 4,
        residual_blocks=int(blocks),
    )


def measure(
    variant: str,
    parts: Sequence[Sequence[Example]],
    config: TrainConfig,
    minutes: float,
    run: Path,
    images: int,
) -> dict[str, Any]:
    """Trains one variant and measures it on held-back patients.

    Args:
        variant: one of VARIANTS.
        parts: training, validation and held-back slices.
        config: of the training.
        minutes: of CPU time.
        run: folder for checkpoints.
        images: held-back slices measured on, at most.

    Returns:
        JSON values.
    """
    training, validation, held_back = parts
    names = class_names(training)
    trained, milliseconds = train_for(
        minutes,
        training,
        validation[:: -(-len(validation) // VALIDATION_IMAGES)],
        config,
        run / variant.replace(" ", "-"),
        flow_config(variant, names, config),
    )
    parameters = sum(p.numel() for p in trained.flow.parameters())
    flow = trained.flow.fold()
    inputs, labels = model_inputs(held_back[:: -(-len(held_back) // images)], names, config)
    scores = scale_scores(flow, inputs, config.seed).sum(2)
    own = scores[np.arange(len(labels)), labels]
    one = torch.from_numpy(inputs[0])[None, None] + 0.5
    with torch.inference_mode():
        times = cpu_milliseconds(lambda: flow.all_label_log_prob(one), RUNS)
    return {
        "variant": variant,
        "parameters": parameters,
        "steps": trained.steps,
        "best_step": trained.step,
        "ms_per_step": milliseconds,
        "ms_per_slice": Figure("all labels of a slice", "ms", times).median,
        "bits_per_dim": float(-own.mean() / (flow.dimensions * math.log(2))),
        "balanced_accuracy": balanced_accuracy(scores.argmax(1), labels, len(names)),
        "measured_images": len(labels),
        "history": trained.history,
    }


def show(results: Sequence[dict[str, Any]]) -> None:
    """Prints a row for each variant."""
    titles = (
        "", "parameters", "steps", "ms/step", "ms/slice", "bits/dim", "balanced accuracy",
    )  # fmt: skip
    rows = [
        [
            r["variant"],
            f"{r['parameters'] / 1e6:.2f} M",
            str(r["steps"]),
            f"{r['ms_per_step']:.0f}",
            f"{r['ms_per_slice']:.1f}",
            f"{r['bits_per_dim']:.3f}",
            f"{r['balanced_accuracy']:.3f}",
        ]
        for r in results
    ]
    print_table(titles, rows)


def main() -> None:
    """Measures every variant in turn; the JSON grows with each."""
    parser = training_options("ablation", __doc__, minutes=3.0)
    parser.add_argument("--images", type=int, default=240, help="held-back slices, at most")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=VARIANTS)
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
    }
    results: list[dict[str, Any]] = []
    try:
        parts = split_examples(read_examples(chosen.data, config.task), config, chosen.fold)[:3]
        for variant in chosen.only:
            work = partial(
                measure, variant, parts, config, chosen.minutes, chosen.run, chosen.images
            )
            kept = chosen.run / f"{variant.replace(' ', '-')}.json"
            results.append(measured(kept, about, settings, work))
            if chosen.json is not None:
                write_json(results, chosen.json)
    except MagicViewerError as error:
        sys.exit(str(error))
    show(results)


if __name__ == "__main__":
    main()
