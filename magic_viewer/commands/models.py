"""Model folders: list, import, verify, check, calibrate."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from magic_viewer import paths
from magic_viewer.commands.common import add_part_options, follow

if TYPE_CHECKING:
    from magic_viewer.commands.common import Subparsers


def add_commands(commands: "Subparsers") -> None:
    """Adds models and its actions."""
    models = commands.add_parser("models", help="the models there are, and more")
    models.add_argument("--json", action="store_true", help="one JSON list")
    models.set_defaults(action=_list_models)
    actions = models.add_subparsers(metavar="ACTION")

    take = actions.add_parser("import", help="make a model of a published checkpoint")
    take.add_argument("checkpoint", type=Path, help="a .pth file; code in it is never run")
    take.add_argument("--config", type=Path, required=True, help="its configuration, JSON")
    take.add_argument("--mask", type=Path, help="image of the custom mask")
    take.add_argument("--labels", help="names of the classes, separated by commas")
    take.add_argument("--out", type=Path, required=True, help="the model folder to write")
    take.set_defaults(action=_import_model)

    verify = actions.add_parser("verify", help="compare a model with the published code's numbers")
    verify.add_argument("model")
    verify.add_argument("expected", type=Path, help="a .safetensors file with those numbers")
    verify.set_defaults(action=_verify_model)

    check = actions.add_parser("check", help="whether a model or a file of weights is sound")
    check.add_argument("model", help="a model's name or folder, or a file")
    check.set_defaults(action=_check_model)

    measure = actions.add_parser(
        "measure", help="record the planes, field of view and spacing of the training images"
    )
    measure.add_argument("model")
    measure.add_argument("data", type=Path, help="what the model was trained on")
    measure.set_defaults(action=_measure_model)

    calibrate = actions.add_parser(
        "calibrate", help="fit probabilities and the gate on images not trained on"
    )
    calibrate.add_argument("model")
    calibrate.add_argument("data", type=Path)
    add_part_options(calibrate)
    calibrate.set_defaults(action=_calibrate_model)


def _import_model(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.published import import_published

    labels = [label.strip() for label in options.labels.split(",")] if options.labels else None
    bundle = import_published(options.checkpoint, options.config, options.out, options.mask, labels)
    print(f"{bundle.info.summary}\nModel in {options.out}; not calibrated yet.")
    return 0


def _verify_model(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.library import find_model
    from magic_viewer.pipeline.published import TOLERANCE, verify_published

    differences = verify_published(find_model(options.model), options.expected)
    for name, difference in differences.items():
        print(f"{name:<20} {difference:.2e}")
    agrees = max(differences.values()) <= TOLERANCE
    print(f"largest relative differences; {'all' if agrees else 'not all'} within {TOLERANCE:g}")
    return 0 if agrees else 1


def _check_model(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.library import find_model
    from magic_viewer.pipeline.self_test import check_model

    path = Path(options.model)
    print(json.dumps(check_model(path if path.is_file() else find_model(options.model))))
    return 0


def _calibrate_model(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.library import find_model
    from magic_viewer.training.build import calibrate_model

    folder = find_model(options.model)
    count = follow(calibrate_model(folder, options.data, options.split, options.fold))
    print(f"Calibrated on {count} images")
    return 0


def _measure_model(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.library import find_model
    from magic_viewer.training.made_for import record_made_for

    made_for = asdict(record_made_for(find_model(options.model), options.data))
    for name, values in made_for.items():
        words = ", ".join(f"{value}" for value in values) or "not known"
        print(f"{name.replace('_', ' ')}: {words}")
    return 0


def _list_models(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.library import read_info

    infos = [read_info(folder) for folder in paths.model_folders()]
    if options.json:
        print(json.dumps([asdict(info) for info in infos]))
        return 0
    for info in infos:
        print(f"{info.name}: {info.summary}\n  classes: {', '.join(info.labels)}")
        print(f"  licence of the weights: {info.licence}")
    return 0
