"""Training and evaluation."""

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from magic_viewer.commands.common import add_part_options, follow
from magic_viewer.errors import RequestError

if TYPE_CHECKING:
    from magic_viewer.commands.common import Subparsers
    from magic_viewer.training.config import TrainConfig


def add_commands(commands: "Subparsers") -> None:
    """Adds train and evaluate."""
    train = commands.add_parser("train", help="train a model on labelled images")
    train.add_argument("data", type=Path)
    train.add_argument("--out", type=Path, required=True, help="the model folder to write")
    train.add_argument("--preset", help="a built-in configuration; the name of OUT if there is one")
    train.add_argument("--fold", type=int, default=0, help="held back, in data with folds")
    train.add_argument(
        "--cross-validate",
        metavar="FOLDS",
        help="instead of a model, write the figures of one model a fold, each on the fold it "
        "never saw: 0,1,2 or all",
    )
    train.add_argument(
        "--from",
        dest="begin",
        metavar="MODEL",
        help="begin from a model's weights; with --cross-validate, {fold} in it stands for the "
        "fold's number",
    )
    train.add_argument("--run", type=Path, help="folder for checkpoints; default runs/NAME")
    train.add_argument(
        "--minutes", type=float, default=math.inf, help="stop at the first validation after that"
    )
    train.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change one setting"
    )
    train.set_defaults(action=_train)

    evaluate = commands.add_parser("evaluate", help="figures of a model on labelled images")
    evaluate.add_argument("model")
    evaluate.add_argument("data", type=Path)
    add_part_options(evaluate)
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    evaluate.add_argument(
        "--report", type=Path, metavar="DIR", help="write a page and all figures with intervals"
    )
    evaluate.add_argument(
        "--generation",
        type=int,
        nargs="?",
        const=500,
        metavar="COUNT",
        help="in the report, also compare COUNT drawn images a class (500) with held-back ones",
    )
    evaluate.add_argument(
        "--features", type=Path, metavar="FILE", help="a RadImageNet ResNet-50 to compare them in"
    )
    evaluate.set_defaults(action=_evaluate)


def _train(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.library import find_model
    from magic_viewer.training.build import build_model
    from magic_viewer.training.config import configuration

    config = configuration(options.preset, options.out.name, options.set)
    run = options.run or Path("runs") / options.out.name
    if options.cross_validate:
        return _cross_validate(options, config, run)
    begin = find_model(options.begin) if options.begin else None
    work = build_model(options.data, options.out, run, config, options.fold, options.minutes, begin)
    figures = follow(work)
    print(json.dumps(figures))
    print(f"Model in {options.out}")
    return 0


def _cross_validate(options: argparse.Namespace, config: "TrainConfig", run: Path) -> int:
    from magic_viewer.training.card import CROSS_VALIDATION
    from magic_viewer.training.cross_validation import cross_validate

    folds = None
    if options.cross_validate != "all":
        try:
            folds = [int(fold) for fold in options.cross_validate.split(",")]
        except ValueError:
            raise RequestError(
                "--cross-validate: expected folds as 0,1,2 or all; came "
                f"'{options.cross_validate}'."
            ) from None
    work = cross_validate(
        options.data, options.out, run, config, folds, options.minutes, options.begin
    )
    print(json.dumps({name: figure["value"] for name, figure in follow(work)["figures"].items()}))
    print(f"Figures in {options.out / CROSS_VALIDATION}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.library import find_model
    from magic_viewer.training.evaluate import evaluation
    from magic_viewer.training.report import write_report

    folder = find_model(options.model)
    chosen = (options.split, options.fold)
    if options.generation is not None and not options.report:
        raise RequestError("--generation adds to a report: give --report DIR too.")
    if options.features and options.generation is None:
        raise RequestError("--features is what --generation compares images in: give that too.")
    if options.report:
        drawn = (options.generation, options.features)
        figures = follow(write_report(folder, options.data, options.report, *chosen, *drawn))
    else:
        figures = follow(evaluation(folder, options.data, *chosen)).figures
    text = json.dumps(figures, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0
