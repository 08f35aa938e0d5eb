"""What the gate lets pass: false alarms on held-back images, and foreign images of many kinds.

    python -m benchmarks.gate MODEL DATA --fold 0 --other ../shared/data/mednist64 \
        --volume ../shared/data/viewer_nifti/ixi_2mm --json gate.json

Foreign images are made of the held-back ones (halves blanked, turned, inverted, blurred), drawn
by the model itself, or read: `--other` is a data folder or scans that the model isn't for,
`--volume` scans whose other two planes are cut. Headers are left aside: pixels alone count.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageFilter

from benchmarks.common import provenance, write_json
from magic_viewer.errors import ImagingError
from magic_viewer.flow.checkpoint import config_from_json, load_weights
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.imaging.load import open_study
from magic_viewer.imaging.study import Volume
from magic_viewer.pipeline.calibration import UNLIKE, Calibration
from magic_viewer.pipeline.library import find_model, read_bundle
from magic_viewer.pipeline.preprocess import PreprocessConfig, grey_values, prepare_grey
from magic_viewer.progress import drain
from magic_viewer.training.data import SPLITS, read_examples
from magic_viewer.training.evaluate import choose_examples, score_inputs

Grey = npt.NDArray[np.float32]
Inputs = list[Grey]
FloatArray = npt.NDArray[np.float64]
Item = TypeVar("Item")

SIDE = 128
SYNTHETIC_SEED = 0
"""Other images than those that the gate is fitted on."""
CUT_SLICES = 64
"""A volume with fewer slices isn't cut: its other planes would be stripes."""


@dataclass(frozen=True)
class Row:
    """How the gate does on one kind of image.

    Attributes:
        kind: of images.
        images: how many.
        auroc: chance that one of them has a higher excess than a held-back image.
        caught: share said to be unlike anything seen.
    """

    kind: str
    images: int
    auroc: float
    caught: float


def main() -> None:
    """Prints the table, and writes JSON if asked."""
    chosen = _options()
    folder = find_model(chosen.model)
    bundle = read_bundle(folder)
    if bundle.calibration is None:
        raise SystemExit(f"{chosen.model} isn't calibrated: see `magic-viewer models calibrate`.")
    flow = load_weights(config_from_json(bundle.flow), folder).fold()
    examples = choose_examples(read_examples(chosen.data, bundle.task), chosen.split, chosen.fold)
    held = [e.grey for e in _pick(examples, chosen.held)]
    config = bundle.preprocess
    excess, typicality = _judge(flow, bundle.calibration, [_input(g, config) for g in held])
    rows = []
    print(f"{len(held)} held-back images, false alarms {(typicality < UNLIKE).mean():.1%}")
    print(f"{'kind':<34} {'images':>6}  AUROC  caught")
    for kind, inputs in _kinds(_pick(held, chosen.count), flow, config, chosen):
        found, unlikely = _judge(flow, bundle.calibration, inputs)
        caught = float((unlikely < UNLIKE).mean())
        rows.append(Row(kind, len(inputs), auroc(excess, found), caught))
        print(f"{kind:<34} {len(inputs):>6}  {rows[-1].auroc:.3f}  {caught:6.1%}", flush=True)
    if chosen.json:
        report = {
            "model": bundle.info.name,
            "data": chosen.data.resolve().name,
            "part": chosen.split or ("all" if chosen.fold is None else f"fold {chosen.fold}"),
            "held_back": len(held),
            "false_alarms": float((typicality < UNLIKE).mean()),
            "kinds": [asdict(row) for row in rows],
        }
        write_json(provenance() | report, chosen.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--split", choices=SPLITS)
    part.add_argument("--fold", type=int)
    parser.add_argument("--other", type=Path, action="append", default=[], metavar="PATH")
    parser.add_argument("--volume", type=Path, action="append", default=[], metavar="PATH")
    parser.add_argument("--held", type=int, default=1000, help="held-back images at most")
    parser.add_argument("--count", type=int, default=60, help="images of a kind at most")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser.parse_args()


def auroc(inside: FloatArray, outside: FloatArray) -> float:
    """Chance that an outside score is above an inside one, ties counting half."""
    above = outside[:, None] > inside[None]
    same = outside[:, None] == inside[None]
    return float((above + 0.5 * same).mean())


def _judge(
    flow: ConditionalFlow, calibration: Calibration, inputs: Inputs
) -> tuple[FloatArray, FloatArray]:
    """The largest excess and the typicality of each input."""
    scores = drain(score_inputs(flow, inputs, np.zeros(len(inputs), np.int64)))
    seen = scores.look(calibration.posterior(scores.scales).argmax(1))
    return calibration.gate.excess(seen).max(1), calibration.typicality(seen)


def _kinds(
    held: Sequence[Grey],
    flow: ConditionalFlow,
    config: PreprocessConfig,
    chosen: argparse.Namespace,
) -> Iterable[tuple[str, Inputs]]:
    made = {
        "blank": [np.full((SIDE, SIDE), 40, np.float32)],
        "noise": _noise(min(chosen.count, 40)),
        "half blank": [_half(g, n) for n, g in enumerate(held)],
        "turned by 90°": [np.rot90(g) for g in held],
        "turned by 180°": [np.rot90(g, 2) for g in held],
        "upside down": [g[::-1] for g in held],
        "inverted grey": [g.max() - g for g in held],
        "blurred": [_blurred(g, 2 * len(g) / 64) for g in held],
    }
    for temperature in (0.7, 1.0):
        made[f"synthetic, temperature {temperature}"] = _synthetic(flow, temperature, chosen.count)
    drawn = made["synthetic, temperature 1.0"]
    made["synthetic, smoothed"] = [_blurred(g, 0.7 * len(g) / 64) for g in drawn]
    for kind, images in made.items():
        yield kind, [_input(g, config) for g in images]
    for path in chosen.other:
        yield f"other: {path.name}", _pick(_read(path, config), chosen.count)
    cut = [planes for path in chosen.volume for planes in _planes(path, config)]
    for number, plane in enumerate(("coronal", "sagittal")):
        if inputs := [image for planes in cut for image in planes[number]]:
            yield plane, _pick(inputs, chosen.count)


def _input(
    grey: Grey, config: PreprocessConfig, spacing: tuple[float, float] | None = None
) -> Grey:
    return prepare_grey(np.ascontiguousarray(grey, np.float32), config, spacing).pixels


def _pick(items: Sequence[Item], count: int) -> list[Item]:
    """At most so many, evenly chosen."""
    index = np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)
    return [items[i] for i in index]


def _noise(count: int) -> list[Grey]:
    rng = np.random.default_rng(0)
    shape = (SIDE, SIDE)
    flat = [rng.uniform(0, 255, shape) for _ in range(count // 2)]
    normal = [rng.normal(0, 1, shape) for _ in range(count - len(flat))]
    return [image.astype(np.float32) for image in flat + normal]


def _half(grey: Grey, number: int) -> Grey:
    """One half, in turn another, at the darkest level."""
    half = np.rot90(grey, number % 4).copy()
    half[: len(half) // 2] = grey.min()
    return np.rot90(half, -(number % 4))


def _blurred(grey: Grey, radius: float) -> Grey:
    image = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32)


@torch.no_grad()
def _synthetic(flow: ConditionalFlow, temperature: float, count: int) -> list[Grey]:
    classes = len(flow.config.labels)
    drawn = [
        flow.sample(-(-count // classes), label, temperature, SYNTHETIC_SEED)
        for label in range(classes)
    ]
    return list(torch.cat(drawn)[:, 0].clamp(0, 255).floor().numpy())


def _read(path: Path, config: PreprocessConfig) -> Inputs:
    """Images of a data folder, or the middle half of every series."""
    if (path / "slices.csv").is_file() or any((path / split).is_dir() for split in SPLITS):
        return [_input(e.grey, config) for e in read_examples(path)[::16]]
    inputs = []
    for series in drain(open_study([path])).series:
        volume = series.volumes[0]
        count = volume.shape[0]
        for index in _pick(range(count // 4, max(1, count - count // 4)), 12):
            try:
                image = volume.read_slice(index)
            except ImagingError:
                continue
            grey, limits = grey_values(image)
            inputs.append(prepare_grey(grey, config, image.spacing, limits).pixels)
    return inputs


def _planes(path: Path, config: PreprocessConfig) -> Iterable[tuple[Inputs, Inputs]]:
    """Coronal and sagittal cuts through the middle half of axial volumes, head up."""
    for series in drain(open_study([path])).series:
        volume = series.volumes[0]
        if volume.shape[0] >= CUT_SLICES:
            yield _cut(volume, 1, config), _cut(volume, 2, config)


def _cut(volume: Volume, axis: int, config: PreprocessConfig) -> Inputs:
    values = np.stack([volume.read_slice(k).modality_values for k in range(volume.shape[0])])
    size = values.shape[axis]
    spacing = [mm or 1.0 for mm in volume.spacing]
    flat = (spacing[0], spacing[3 - axis])
    cuts = _pick(range(size // 4, size - size // 4), 12)
    return [_input(values[::-1].take(index, axis), config, flat) for index in cuts]


if __name__ == "__main__":
    main()
