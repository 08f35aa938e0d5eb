"""Model folders: list, add, remove, pack, import, verify, check, calibrate."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from magic_viewer import paths
from magic_viewer.commands.common import add_part_options, follow
from magic_viewer.errors import MagicViewerError

if TYPE_CHECKING:
    from magic_viewer.commands.common import Subparsers


def add_commands(commands: "Subparsers") -> None:
    """Adds models and its actions."""
    models = commands.add_parser("models", help="the models there are, and more")
    models.add_argument("--json", action="store_true", help="one JSON list")
    models.set_defaults(action=_list_models)
    actions = models.add_subparsers(metavar="ACTION")

    add = actions.add_parser("add", help="add a model to those that can be chosen, once checked")
    add.add_argument("path", type=Path, help="a .magicmodel file or a model folder")
    add.set_defaults(action=_add_model)

    remove = actions.add_parser("remove", help="take a model that was added away")
    remove.add_argument("name")
    remove.set_defaults(action=_remove_model)

    pack = actions.add_parser("pack", help="make one file of a model, to give to others")
    pack.add_argument("model", help="a model's name or folder")
    pack.add_argument("file", type=Path, help="the .magicmodel file to write")
    pack.set_defaults(action=_pack_model)

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


def _add_model(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.added import discard, keep, stage_model
    from magic_viewer.pipeline.self_test import check_steps

    staged = follow(stage_model(options.path, check_steps))
    if staged.same:
        discard(staged)
        print(f"{staged.same}: already there")
        return 0
    folder = keep(staged)
    print(f"{staged.name}: {staged.info.summary}\n  classes: {', '.join(staged.info.labels)}")
    print(f"  licence of the weights: {staged.info.licence}")
    print(f"  SHA-256 of the weights: {staged.sha256}\nAdded in {folder}")
    return 0


def _remove_model(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.added import remove_model
    from magic_viewer.pipeline.library import find_model

    remove_model(find_model(options.name))
    print(f"Removed {options.name}")
    return 0


def _pack_model(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.library import find_model
    from magic_viewer.pipeline.model_file import pack
    from magic_viewer.pipeline.self_test import check_model

    folder = find_model(options.model)
    check_model(folder)
    pack(folder, options.file)
    print(f"{folder.name} in {options.file}")
    return 0


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
    """Those that can't be read are named, and leave the others alone."""
    from magic_viewer.pipeline.library import read_info

    infos, problems = {}, []
    for folder in paths.model_folders():
        try:
            infos[folder] = read_info(folder)
        except MagicViewerError as error:
            problems.append(str(error))
    if options.json:
        print(json.dumps([asdict(info) for info in infos.values()]))
    else:
        for folder, info in infos.items():
            added = " (added)" if paths.is_added(folder) else ""
            print(f"{info.name}{added}: {info.summary}\n  classes: {', '.join(info.labels)}")
            print(f"  licence of the weights: {info.licence}")
    for problem in problems:
        print(f"magic-viewer: {problem}", file=sys.stderr)
    return 2 if problems else 0
