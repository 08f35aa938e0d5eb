"""Model folders: what config.json says, without torch.

models/NAME/
├── weights.safetensors
├── config.json          format, title, labels, flow, preprocess, calibration, training
└── card.md              for people
"""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from magic_viewer import paths
from magic_viewer.errors import ModelError, RequestError
from magic_viewer.pipeline.calibration import Calibration
from magic_viewer.pipeline.fit import MadeFor
from magic_viewer.pipeline.gate import Gate
from magic_viewer.pipeline.header_says import HeaderRule
from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.pipeline.results import ModelInfo

FORMAT = 3
OLDER = (1, 2)
"""The formats before: their gates measured less or nothing, so they are to be calibrated anew."""
CONFIG = "config.json"
CARD = "card.md"

Settings = TypeVar("Settings", PreprocessConfig, Calibration, Gate, MadeFor, HeaderRule)


@dataclass(frozen=True)
class Bundle:
    """A model folder's config.json.

    Attributes:
        info: what the user should know.
        modalities: DICOM modalities it is for; none is any.
        task: how array data is labelled for it (`training.data`).
        flow: the flow's configuration as JSON values.
        preprocess: how a slice becomes its input.
        calibration: what turns the flow's numbers into answers; None where it hasn't been
            fitted.
        training: how it came about: data, split, steps, seed, figures.
        made_for: the geometry of its training images; in config.json since slices are compared
            with it, empty in older ones.
        header: which attribute of a header names its classes, likewise.
    """

    info: ModelInfo
    modalities: tuple[str, ...]
    task: str
    flow: dict[str, Any]
    preprocess: PreprocessConfig
    calibration: Calibration | None
    training: dict[str, Any]
    made_for: MadeFor = field(default_factory=MadeFor)
    header: HeaderRule = field(default_factory=HeaderRule)


def find_model(name_or_folder: str) -> Path:
    """The folder of a model given by name or path.

    Raises:
        RequestError: naming the models there are.
    """
    by_name = {folder.name: folder for folder in paths.model_folders()}
    if name_or_folder in by_name:
        return by_name[name_or_folder]
    folder = Path(name_or_folder)
    if (folder / CONFIG).is_file():
        return folder
    known = ", ".join(by_name) or "none"
    raise RequestError(
        f"No model '{name_or_folder}': expected a folder with {CONFIG}, or one of: {known}."
    )


def read_bundle(folder: Path) -> Bundle:
    """Reads a model's configuration.

    Raises:
        ModelError: if it is missing, no JSON, of another format, or incomplete.
    """
    path = folder / CONFIG
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: expected the model's configuration as JSON.") from error
    if not isinstance(values, dict) or values.get("format") not in (*OLDER, FORMAT):
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise ModelError(
            f"{path}: expected a model of format {FORMAT}; came {found}. "
            "A newer MAGIC Viewer may be needed."
        )
    try:
        info = ModelInfo(
            name=folder.resolve().name,
            title=str(values["title"]),
            labels=tuple(values["flow"]["labels"]),
            summary=str(values["summary"]),
            licence=str(values["licence"]),
            input_size=int(values["preprocess"]["size"]),
            header=_settings(HeaderRule, values.get("header", {})),
        )
        calibration = values["calibration"]
        if calibration is not None and values["format"] == FORMAT:
            gate = _settings(Gate, calibration["gate"])
            calibration = _settings(Calibration, calibration | {"gate": gate})
        else:
            calibration = None
        return Bundle(
            info,
            tuple(values["modalities"]),
            str(values["task"]),
            dict(values["flow"]),
            _settings(PreprocessConfig, values["preprocess"]),
            calibration,
            dict(values["training"]),
            _settings(MadeFor, values.get("made_for", {})),
            _settings(HeaderRule, values.get("header", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: an entry is missing or of the wrong type ({error}).") from error


def read_info(folder: Path) -> ModelInfo:
    """What the user should know of the model in a folder."""
    return read_bundle(folder).info


def write_bundle(folder: Path, bundle: Bundle) -> None:
    """Writes config.json."""
    values = {
        "format": FORMAT,
        "title": bundle.info.title,
        "summary": bundle.info.summary,
        "licence": bundle.info.licence,
        "modalities": bundle.modalities,
        "task": bundle.task,
        "flow": bundle.flow,
        "preprocess": asdict(bundle.preprocess),
        "calibration": bundle.calibration and asdict(bundle.calibration),
        "training": bundle.training,
    }
    for name, kind in (("made_for", MadeFor()), ("header", HeaderRule())):
        if getattr(bundle, name) != kind:
            values[name] = asdict(getattr(bundle, name))
    (folder / CONFIG).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _settings(kind: type[Settings], values: dict[str, Any]) -> Settings:
    known = {each.name for each in fields(kind)}
    if unknown := sorted(set(values) - known):
        raise ValueError(f"unknown entries {', '.join(unknown)}")
    return kind(**{name: _tuples(value) for name, value in values.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def choose_label(info: ModelInfo, label: str) -> str:
    """The model's label that is meant; case, spaces and hyphens don't matter.

    Raises:
        RequestError: naming the labels there are.
    """

    def plain(text: str) -> str:
        return "".join(c for c in text.lower() if c.isalnum())

    for known in info.labels:
        if plain(known) == plain(label):
            return known
    raise RequestError(
        f"Model {info.name} has no label '{label}'; expected one of: {', '.join(info.labels)}."
    )
