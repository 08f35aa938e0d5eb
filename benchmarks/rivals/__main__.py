"""Trains rivals and our flow for the same CPU minutes, and judges all in the same way.

Everything is kept in the run folder: started again with the same words, it goes on.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import provenance, training_options, write_json
from benchmarks.evidence import render
from benchmarks.rivals.base import Classifier, Generator, Rival, Run
from benchmarks.rivals.classifiers import CNN, Transformer
from benchmarks.rivals.generators import GAN, VAE, Diffusion
from benchmarks.rivals.judge import (
    Parts,
    flow_drawing,
    flow_scores,
    judge_classes,
    judge_images,
    judge_real,
    network_scores,
    read_parts,
    rival_drawing,
)
from benchmarks.rivals.ours import bundled_flow, trained_flow
from magic_viewer.errors import MagicViewerError
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.library import find_model
from magic_viewer.progress import drain
from magic_viewer.training.config import PRESETS
from magic_viewer.training.features import learned_features, radimagenet_features
from magic_viewer.training.generation import FEATURES, TEMPERATURES, Reference, make_reference

RIVALS: dict[str, type[Rival]] = {
    "cnn": CNN,
    "vit": Transformer,
    "vae": VAE,
    "gan": GAN,
    "diffusion": Diffusion,
}
RESULT = "result.json"
Rows = dict[str, list[dict[str, Any]]]


def options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = training_options("rivals", __doc__, minutes=10.0)
    parser.add_argument("--preset", choices=list(PRESETS), default="brain-sequence")
    parser.add_argument("--ours", metavar="MODEL", help="also a model that is there already")
    parser.add_argument("--only", nargs="+", choices=["ours", *RIVALS], default=["ours", *RIVALS])
    parser.add_argument("--count", type=int, default=200, help="images of each class to draw")
    parser.add_argument("--features", type=Path, metavar="FILE", help="a RadImageNet ResNet-50")
    return parser.parse_args(words)


def main() -> None:
    """Prints the comparison as Markdown, and writes it as JSON."""
    chosen = options()
    torch.set_num_threads(1)
    try:
        report = compare_all(chosen)
    except (MagicViewerError, ModuleNotFoundError) as error:
        sys.exit(str(error))
    file = chosen.json or chosen.run / "rivals.json"
    write_json(report, file)
    print(render(report))


def compare_all(chosen: argparse.Namespace) -> dict[str, Any]:
    """Trains and judges everything chosen."""
    began = time.process_time()
    config = replace(PRESETS[chosen.preset], seed=chosen.seed)
    parts = read_parts(chosen.data, config, chosen.fold)
    reference = _reference(parts, chosen)
    settings = {
        "data": chosen.data.resolve().name,
        "preset": chosen.preset,
        "split": parts.split,
        "minutes": chosen.minutes,
        "count": chosen.count,
        "features": reference.space.name,
    }
    found: Rows = {"classification": [], "generation": []}
    real = [{"name": "real training images"} | row for row in judge_real(reference)]
    works: dict[str, Callable[[], Rows]] = {
        name: lambda name=name: _rival(name, parts, reference, chosen) for name in chosen.only
    }
    if "ours" in works:
        works["ours"] = lambda: _ours(parts, reference, chosen)
    if chosen.ours:
        works["bundled"] = lambda: _bundled(parts, reference, chosen.ours)
    for name, work in works.items():
        rows = _kept(chosen.run / name / RESULT, settings | {"seed": chosen.seed}, work)
        for kind in found:
            found[kind] += rows[kind]
    found["generation"] += real
    spent = {"seed": chosen.seed, "cpu_minutes": round((time.process_time() - began) / 60, 1)}
    return provenance() | settings | spent | found


def _reference(parts: Parts, chosen: argparse.Namespace) -> Reference:
    if chosen.features:
        space = radimagenet_features(chosen.features)
    else:
        cache = chosen.run / FEATURES
        space = drain(learned_features(parts.training, parts.names, parts.config, cache))
    return drain(
        make_reference(
            parts.training, parts.held_back, parts.names, parts.config, chosen.count, space
        )
    )


def _kept(path: Path, settings: dict[str, Any], work: Callable[[], Rows]) -> Rows:
    """The rows of an earlier run with the same settings, or new ones."""
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["settings"] == settings:
            rows: Rows = kept["rows"]
            return rows
    rows = work()
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"settings": settings, "rows": rows}
    write_json(kept, path)
    return rows


def _rival(name: str, parts: Parts, reference: Reference, chosen: argparse.Namespace) -> Rows:
    torch.manual_seed(chosen.seed)
    rival = RIVALS[name](parts.config.preprocess.size, len(parts.names))
    run = Run(rival, chosen.run / name, parts.config, chosen.minutes)
    run.train(parts.by_class, _say)
    about = {
        "parameters": rival.parameters_count,
        "cpu_minutes": round(run.seconds / 60, 1),
        "steps": run.step,
    }
    if isinstance(rival, Classifier):
        figures = judge_classes(parts, network_scores(rival, parts))
        return {"classification": [{"name": rival.name} | figures | about], "generation": []}
    assert isinstance(rival, Generator)
    rows, seconds = judge_images(reference, rival_drawing(rival))
    about["seconds_per_image"] = round(seconds, 4)
    return {
        "classification": [],
        "generation": [{"name": rival.name} | row | about for row in rows],
    }


def _ours(parts: Parts, reference: Reference, chosen: argparse.Namespace) -> Rows:
    flow, minutes, steps = trained_flow(parts, chosen.run / "ours", chosen.minutes, _say)
    return _flow_rows("ours, same minutes", flow, parts, reference, minutes, steps)


def _bundled(parts: Parts, reference: Reference, model: str) -> Rows:
    flow, bundle = bundled_flow(find_model(model), parts)
    about = bundle.training
    name = f"ours, bundled {bundle.info.name} (wall minutes)"
    return _flow_rows(name, flow, parts, reference, about["minutes"], about["steps"])


def _flow_rows(
    name: str,
    flow: ConditionalFlow,
    parts: Parts,
    reference: Reference,
    minutes: float,
    steps: int,
) -> Rows:
    about = {
        "parameters": sum(p.numel() for p in flow.parameters()),
        "cpu_minutes": round(minutes, 1),
        "steps": steps,
    }
    flow = flow.fold()
    figures = judge_classes(parts, flow_scores(flow, parts))
    rows: Rows = {"classification": [{"name": name} | figures | about], "generation": []}
    for temperature in TEMPERATURES:
        images, seconds = judge_images(reference, flow_drawing(flow, temperature))
        title = {"name": f"{name}, T {temperature}"}
        about["seconds_per_image"] = round(seconds, 4)
        rows["generation"] += [title | row | about for row in images]
    return rows


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
