"""The closed schema of a config.json that comes from elsewhere: nothing unknown, all in bounds."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from magic_viewer.errors import ModelError
from magic_viewer.flow.config import KINDS
from magic_viewer.pipeline.calibration import Calibration
from magic_viewer.pipeline.fit import MadeFor
from magic_viewer.pipeline.header_says import HeaderRule
from magic_viewer.pipeline.library import FORMAT, OLDER
from magic_viewer.pipeline.preprocess import PreprocessConfig

_ENTRIES: dict[str, Any] = {
    "format": int,
    "title": str,
    "summary": str,
    "licence": str,
    "modalities": tuple[str, ...],
    "task": str,
    "flow": dict,
    "preprocess": PreprocessConfig,
    "calibration": Calibration | None,
    "training": dict,
    "made_for": MadeFor,
    "header": HeaderRule,
}
_OPTIONAL = {"made_for", "header"}
_LONGEST_TEXT, _LONGEST_LABEL = 600, 60
_MOST_LABELS, _MOST_NUMBERS, _LARGEST, _LARGEST_SIDE = 100, 1_000, 1_024, 1_024


def require_config(path: Path, values: object) -> None:
    """Refuses a configuration of this program's format with anything in it that doesn't belong.

    Args:
        path: for the sentence.
        values: what the JSON says. Another format is left to `library.read_bundle`, which
            refuses it.

    Raises:
        ModelError: naming the first entry that isn't as expected.
    """
    if not isinstance(values, dict) or values.get("format") not in (*OLDER, FORMAT):
        return
    if values["format"] in OLDER:
        values = values | {"calibration": None}
    try:
        _require_entries(values, _ENTRIES, "", _OPTIONAL)
        _require_words(values)
        _require_flow(values["flow"])
        _require_size(values["flow"], values["preprocess"])
    except ValueError as error:
        raise ModelError(f"{path}: {error}. Ask whoever made the model for another file.") from None


def _require_words(values: dict[str, Any]) -> None:
    """What people will read: in one line, and short enough for a window."""
    for name in ("title", "summary", "licence", "task"):
        _require_line(name, values[name], _LONGEST_TEXT)
    for name in ("title", "licence"):
        if not values[name].strip():
            raise ValueError(f"{name} is empty")
    for text in values["modalities"]:
        _require_line("modalities", text, _LONGEST_LABEL)


def _require_line(name: str, text: str, longest: int) -> None:
    if len(text) > longest or not text.isprintable():
        raise ValueError(f"{name}: expected one line of at most {longest} characters")


def _require_flow(values: dict[str, Any]) -> None:
    kind = KINDS.get(str(values.get("kind")))
    if kind is None:
        raise ValueError(f"flow: expected a kind among {', '.join(KINDS)}")
    rest = {name: value for name, value in values.items() if name != "kind"}
    _require(rest, kind, "flow")
    labels = values["labels"]
    if not 1 <= len(labels) <= _MOST_LABELS or len(set(labels)) < len(labels):
        raise ValueError(f"flow.labels: expected 1 to {_MOST_LABELS} different names")
    for label in labels:
        _require_line("flow.labels", label, _LONGEST_LABEL)
    for name, value in rest.items():
        for number in _flat(value):
            if isinstance(number, int) and not 0 <= number <= _LARGEST:
                raise ValueError(f"flow.{name}: expected at most {_LARGEST}; came {number}")


def _require_size(flow: dict[str, Any], preprocess: dict[str, Any]) -> None:
    size = flow.get("size", KINDS[flow["kind"]].size)
    if not 8 <= size <= _LARGEST_SIDE:
        raise ValueError(f"flow.size: expected 8 to {_LARGEST_SIDE} pixels a side; came {size}")
    if preprocess.get("size", PreprocessConfig.size) != size:
        raise ValueError("flow.size and preprocess.size differ")


def _flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    if len(value) > _MOST_NUMBERS:
        raise ValueError(f"flow: expected lists of at most {_MOST_NUMBERS} values")
    return [one for each in value for one in _flat(each)]


def _require(value: Any, wanted: Any, name: str) -> None:
    """One value against the type that a dataclass declares for it.

    Raises:
        ValueError: naming it.
    """
    origin, arguments = get_origin(wanted), get_args(wanted)
    if isinstance(wanted, type) and hasattr(wanted, "__dataclass_fields__"):
        hints = get_type_hints(wanted)
        optional = {
            one.name
            for one in fields(wanted)
            if one.default is not MISSING or one.default_factory is not MISSING
        }
        _require_entries(value, hints, f"{name}.", optional)
    elif origin is tuple:
        _require_list(value, arguments, name)
    elif origin is UnionType:
        if value is not None:
            _require(value, arguments[0], name)
    elif origin is Literal:
        if value not in arguments:
            raise ValueError(f"{name}: expected one of {', '.join(map(repr, arguments))}")
    elif not _is_of(value, wanted):
        raise ValueError(f"{name}: expected a value of type {wanted.__name__}")


def _require_entries(
    values: Any, wanted: Mapping[str, Any], prefix: str, optional: set[str]
) -> None:
    if not isinstance(values, dict):
        raise ValueError(f"{prefix.removesuffix('.')}: expected named entries")
    if unknown := sorted(set(values) - set(wanted)):
        raise ValueError(f"the entry {prefix}{unknown[0][:_LONGEST_LABEL]!a} is not known")
    if missing := sorted(set(wanted) - set(values) - optional):
        raise ValueError(f"the entry {prefix}{missing[0]} is missing")
    for name, value in values.items():
        _require(value, wanted[name], prefix + name)


def _require_list(value: Any, kinds: tuple[Any, ...], name: str) -> None:
    is_any = len(kinds) == 2 and kinds[1] is Ellipsis
    if not isinstance(value, list) or not (is_any or len(value) == len(kinds)):
        raise ValueError(f"{name}: expected a list{'' if is_any else f' of {len(kinds)}'}")
    for number, one in enumerate(value):
        _require(one, kinds[0] if is_any else kinds[number], name)


def _is_of(value: Any, kind: type) -> bool:
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is kind
