"""The command line: `magic-viewer [PATH ...]` and its subcommands."""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from magic_viewer import __version__, paths
from magic_viewer.errors import MagicViewerError, RequestError
from magic_viewer.progress import Progress, drain

if TYPE_CHECKING:
    from magic_viewer.imaging.study import Slice, Volume
    from magic_viewer.pipeline.engine import Engine
    from magic_viewer.pipeline.results import Classification, SeriesClassification
    from magic_viewer.training.config import TrainConfig

Result = TypeVar("Result")
DEFAULT_MODEL = "brain-sequence"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0 on success, 2 when the input can't be used; then one sentence is on standard error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    commands = _commands()
    if not words or (words[0] not in commands and not words[0].startswith("-")):
        words.insert(0, "view")
    options = _parser().parse_args(words)
    try:
        return commands[options.command](options)
    except MagicViewerError as error:
        print(f"magic-viewer: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has seen enough; Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("magic-viewer: stopped.", file=sys.stderr)
        return 130


def _commands() -> dict[str, Callable[[argparse.Namespace], int]]:
    return {
        "view": _view,
        "demo": _demo,
        "info": _info,
        "classify": _classify,
        "attribute": _attribute,
        "generate": _generate,
        "train": _train,
        "evaluate": _evaluate,
        "models": _models,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="magic-viewer",
        description="Views medical images, and classifies, explains and samples them with a "
        "normalizing flow. Research use. Not for diagnosis.",
    )
    parser.add_argument("--version", action="version", version=f"magic-viewer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    view = commands.add_parser("view", help="open the window (also without the word 'view')")
    view.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    view.add_argument("--model", help="a model's name or folder")

    commands.add_parser("demo", help="open the window on sample scans that need no download")

    info = commands.add_parser("info", help="what a file or folder holds")
    info.add_argument("path", type=Path)
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.add_argument(
        "--voxel", action="append", default=[], metavar="I,J,K", help="also this voxel's value"
    )

    classify = commands.add_parser("classify", help="which class a slice is, and how sure that is")
    _add_slice_options(classify)
    classify.add_argument("--json", action="store_true", help="one JSON object")
    classify.add_argument(
        "--all-slices", action="store_true", help="every slice, and the class of the whole series"
    )

    attribute = commands.add_parser("attribute", help="where a slice's likelihood comes from")
    _add_slice_options(attribute)
    attribute.add_argument("--target", help="a class; the most probable one if not given")
    against = attribute.add_mutually_exclusive_group()
    against.add_argument("--against", help="a class to subtract: the contrast of the two")
    against.add_argument(
        "--evidence", action="store_true", help="subtract the mean of all classes by probability"
    )
    attribute.add_argument("--scale", type=int, help="one scale alone, 1 the finest")
    attribute.add_argument("--out", type=Path, required=True, help="a .png picture or .npy array")

    generate = commands.add_parser("generate", help="draw synthetic images")
    generate.add_argument("--model", default=DEFAULT_MODEL)
    generate.add_argument("--label", required=True)
    generate.add_argument("--temperature", type=float, default=0.8, help="sampling temperature")
    generate.add_argument("--count", type=int, default=16)
    generate.add_argument("--seed", type=int, default=0, help="image n is drawn with SEED + n")
    generate.add_argument("--out", type=Path, required=True, help="a folder")

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

    evaluate = commands.add_parser("evaluate", help="figures of a model on labelled images")
    evaluate.add_argument("model")
    evaluate.add_argument("data", type=Path)
    _add_part_options(evaluate)
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

    _add_models_commands(commands.add_parser("models", help="the models there are, and more"))
    return parser


def _add_models_commands(models: argparse.ArgumentParser) -> None:
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

    calibrate = actions.add_parser(
        "calibrate", help="fit probabilities and the gate on images not trained on"
    )
    calibrate.add_argument("model")
    calibrate.add_argument("data", type=Path)
    _add_part_options(calibrate)
    calibrate.set_defaults(action=_calibrate_model)


def _add_part_options(parser: argparse.ArgumentParser) -> None:
    """Which part of a data folder; all of it without either."""
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--split", choices=["train", "val", "test"])
    part.add_argument("--fold", type=int)


def _add_slice_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a model's name or folder")
    parser.add_argument("--series", type=int, default=1, help="which series, from 1")
    parser.add_argument("--slice", type=int, help="which slice, from 1; the middle if not given")


def _view(options: argparse.Namespace) -> int:
    from magic_viewer.ui.app import run

    return run(options.paths, options.model)


def _demo(options: argparse.Namespace) -> int:
    from magic_viewer.ui.demo import run_demo

    return run_demo()


def _info(options: argparse.Namespace) -> int:
    from magic_viewer.imaging.describe import describe, describe_in_words
    from magic_viewer.imaging.load import open_study, require_series

    study = drain(open_study([options.path]))
    require_series(study)
    voxels = [_voxel(text) for text in options.voxel]
    if options.json:
        print(json.dumps(describe(study, voxels)))
    else:
        print(describe_in_words(study))
    return 0


def _voxel(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise RequestError(f"--voxel: expected whole numbers I,J,K; came '{text}'.") from None


def _open_slice(options: argparse.Namespace) -> "tuple[Slice, int, int]":
    """The slice asked for, its number from 1, and how many there are."""
    volume = _open_volume(options)
    count = volume.shape[0]
    number = options.slice if options.slice is not None else count // 2 + 1
    if not 1 <= number <= count:
        raise RequestError(f"{options.path.name} has slices 1 to {count}; came --slice {number}.")
    return volume.read_slice(number - 1), number, count


def _open_volume(options: argparse.Namespace) -> "Volume":
    from magic_viewer.imaging.load import open_study, require_series

    study = drain(open_study([options.path]))
    require_series(study)
    if not 1 <= options.series <= len(study.series):
        raise RequestError(
            f"{options.path.name} has {len(study.series)} series; came --series {options.series}."
        )
    volume: Volume = study.series[options.series - 1].volumes[0]
    return volume


def _load_engine(model: str) -> "Engine":
    from magic_viewer.pipeline.engine import Engine
    from magic_viewer.pipeline.library import find_model

    return Engine.load(find_model(model))


def _classify(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.results import in_words

    if options.all_slices:
        return _classify_series(options)
    image, number, count = _open_slice(options)
    result = _load_engine(options.model).examine(image).classification
    if options.json:
        print(json.dumps(_slice_values(result, number) | {"slices": count}))
        return 0
    print(f"slice {number} of {count}: {_answer(result)}")
    for label, probability in sorted(result.probabilities.items(), key=lambda item: -item[1]):
        print(
            f"  {label:<12} {probability:7.1%}   log-likelihood {result.log_likelihoods[label]:.1f}"
            f" ± {result.log_likelihood_spreads[label]:.1f} nats, "
            f"{result.bits_per_dim[label]:.3f} bits/dim"
        )
    warning = "" if result.in_distribution else " Don't rely on the class."
    print(f"typicality {result.typicality:.1%}: {result.verdict}{warning}")
    temperatures = in_words(result.likelihood_temperatures)
    print(f"likelihood temperatures {temperatures} (fine to coarse); {result.device}")
    print("Research use. Not for diagnosis.")
    return 0


def _classify_series(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.results import SliceAnswer

    if options.slice is not None:
        raise RequestError("Give either --slice or --all-slices.")
    answers: list[SliceAnswer] = []

    def progress() -> Generator[Progress, None, "SeriesClassification"]:
        work = _load_engine(options.model).classify_series(_open_volume(options))
        while True:
            try:
                item = next(work)
            except StopIteration as stop:
                series: SeriesClassification = stop.value
                return series
            if isinstance(item, SliceAnswer):
                answers.append(item)
            else:
                yield item

    series = _follow(progress())
    if options.json:
        slices = [_slice_values(a.classification, a.index + 1) for a in answers]
        print(json.dumps(asdict(series) | {"slices": slices}))
        return 0
    print(f"series: {series.label if series.used else 'no answer'}. {series.verdict}")
    for label, probability in sorted(series.probabilities.items(), key=lambda item: -item[1]):
        print(f"  {label:<12} {probability:7.1%}")
    for answer in answers:
        result = answer.classification
        print(
            f"slice {answer.index + 1}: {_answer(result)}, typicality {result.typicality:.1%}"
            f"{'' if result.in_distribution else ', left out'}"
        )
    print("Research use. Not for diagnosis.")
    return 0


def _answer(result: "Classification") -> str:
    """The class with its probability, or that it is too close to call."""
    from magic_viewer.pipeline.results import with_spread

    if result.abstains:
        return f"too close to call, {' or '.join(result.contenders)}"
    return f"{result.label} {with_spread(result)}"


def _slice_values(result: "Classification", number: int) -> dict[str, Any]:
    """An answer as JSON values."""
    values = asdict(result) | {"slice": number, "abstains": result.abstains}
    return values | {"bits_per_dim": result.bits_per_dim[result.label]}


def _attribute(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.library import choose_label
    from magic_viewer.pipeline.map_file import save_attribution
    from magic_viewer.pipeline.results import EVERYTHING

    image, _, _ = _open_slice(options)
    engine = _load_engine(options.model)
    examination = engine.examine(image)
    target = examination.classification.label
    if options.target:
        target = choose_label(engine.info, options.target)
    against = choose_label(engine.info, options.against) if options.against else None
    if options.evidence:
        against = EVERYTHING
    scales = len(examination.scale_cells)
    if options.scale is not None and not 1 <= options.scale <= scales:
        raise RequestError(f"{options.model} has scales 1 to {scales}; came {options.scale}.")
    scale = None if options.scale is None else options.scale - 1
    attribution = examination.attribution(target, against, scale)
    save_attribution(image, attribution, options.out)
    print(
        f"{options.out}: {attribution.title} = {attribution.total:.3f} nats; "
        f"the map sums to {attribution.values.sum():.3f}"
    )
    if attribution.unplaced:
        print(f"of that, {attribution.unplaced:.1f} nats have no place and are spread evenly")
    return 0


def _generate(options: argparse.Namespace) -> int:
    from magic_viewer.pipeline.export import sample_file_name, save_sample
    from magic_viewer.pipeline.results import Sample, SampleRequest

    engine = _load_engine(options.model)
    request = SampleRequest(options.label, options.temperature, options.count, options.seed)
    for item in engine.generate(request):
        if isinstance(item, Sample):
            options.out.mkdir(parents=True, exist_ok=True)
            save_sample(item, options.out / sample_file_name(item))
        else:
            _show(item)
    print(f"{request.count} synthetic images in {options.out}")
    return 0


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
    figures = _follow(work)
    print(json.dumps(figures))
    print(f"Model in {options.out}")
    return 0


def _cross_validate(options: argparse.Namespace, config: "TrainConfig", run: Path) -> int:
    from magic_viewer.training.cross_validation import RESULT, cross_validate

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
    print(json.dumps({name: figure["value"] for name, figure in _follow(work)["figures"].items()}))
    print(f"Figures in {options.out / RESULT}")
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
        figures = _follow(write_report(folder, options.data, options.report, *chosen, *drawn))
    else:
        figures = _follow(evaluation(folder, options.data, *chosen)).figures
    text = json.dumps(figures, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


def _models(options: argparse.Namespace) -> int:
    action: Callable[[argparse.Namespace], int] = options.action
    return action(options)


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
    count = _follow(calibrate_model(folder, options.data, options.split, options.fold))
    print(f"Calibrated on {count} images")
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


def _follow(work: Generator[Progress, None, Result]) -> Result:
    """Drains work, showing its progress on standard error."""
    while True:
        try:
            _show(next(work))
        except StopIteration as stop:
            result: Result = stop.value
            return result


def _show(progress: Progress) -> None:
    """One line on standard error; on a terminal the line is written over."""
    if sys.stderr.isatty():
        end = "\n" if progress.done == progress.total else "\r"
        print(
            f"\033[K{progress.done}/{progress.total} {progress.message}", end=end, file=sys.stderr
        )
    elif progress.total and progress.done % max(1, progress.total // 100) == 0:
        print(f"{progress.done}/{progress.total} {progress.message}", file=sys.stderr)
