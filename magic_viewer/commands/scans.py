"""Scans: what is in them, which class they are, where that comes from; and images drawn."""

import argparse
import json
import sys
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from magic_viewer.commands.common import follow, show
from magic_viewer.errors import RequestError
from magic_viewer.paths import default_model
from magic_viewer.progress import Progress, drain

if TYPE_CHECKING:
    from magic_viewer.commands.common import Subparsers
    from magic_viewer.imaging.study import Slice, Volume
    from magic_viewer.pipeline.engine import Engine
    from magic_viewer.pipeline.results import Classification, SeriesClassification


def add_commands(commands: "Subparsers") -> None:
    """Adds info, classify, attribute and generate."""
    info = commands.add_parser("info", help="what a file or folder holds")
    info.add_argument("path", type=Path)
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.add_argument(
        "--voxel", action="append", default=[], metavar="I,J,K", help="also this voxel's value"
    )
    info.set_defaults(action=_info)

    classify = commands.add_parser("classify", help="which class a slice is, and how sure that is")
    _add_slice_options(classify)
    classify.add_argument("--json", action="store_true", help="one JSON object")
    classify.add_argument(
        "--all-slices", action="store_true", help="every slice, and the class of the whole series"
    )
    classify.set_defaults(action=_classify)

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
    attribute.set_defaults(action=_attribute)

    generate = commands.add_parser("generate", help="draw synthetic images")
    generate.add_argument("--model", default=default_model())
    generate.add_argument("--label", required=True)
    generate.add_argument("--temperature", type=float, default=0.8, help="sampling temperature")
    generate.add_argument("--count", type=int, default=16)
    generate.add_argument("--seed", type=int, default=0, help="image n is drawn with SEED + n")
    generate.add_argument("--out", type=Path, required=True, help="a folder")
    generate.set_defaults(action=_generate)


def _add_slice_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path)
    parser.add_argument("--model", default=default_model(), help="a model's name or folder")
    parser.add_argument("--series", type=int, default=1, help="which series, from 1")
    parser.add_argument("--slice", type=int, help="which slice, from 1; the middle if not given")


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

    engine = Engine.load(find_model(model))
    if engine.info.is_noncommercial:
        words = f"{engine.info.name} is for non-commercial use only: {engine.info.licence}"
        print(f"magic-viewer: {words}", file=sys.stderr)
    return engine


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

    series = follow(progress())
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
    return f"{result.label} {with_spread(result, result.label)}"


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
            show(item)
    print(f"{request.count} synthetic images in {options.out}")
    return 0
