"""THIRD_PARTY_NOTICES.txt: every package in the bundle, and the whole text of its licences."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from bundle_contents import model_licence
from components import Component

FILE = "THIRD_PARTY_NOTICES.txt"
_RULE = "=" * 78
_HEAD = """\
MAGIC Viewer is under the Apache License 2.0 (LICENSE). This bundle also holds the work of
others, each under its own licence: first a list, then the texts. A text that several have in
common is printed once.

Qt and PySide6 are used under the LGPL 3: they lie as separate libraries in _internal/PySide6 and
may be replaced there by others. Their source: https://download.qt.io and
https://code.qt.io/cgit/pyside/pyside-setup.git. The source of packages from Debian:
https://snapshot.debian.org.
"""


class NoLicenceError(Exception):
    """A package in the bundle has no licence text."""


def write_notices(components: Sequence[Component], models: Sequence[Path], file: Path) -> None:
    """Writes the notices.

    Raises:
        NoLicenceError: a package has no licence text; none is passed over.
    """
    if bare := [component.name for component in components if not component.texts]:
        raise NoLicenceError(f"No licence text for {', '.join(bare)}: put it into licences/.")
    parts = [_HEAD, *_list(components, models), *_texts(components)]
    file.write_text("\n".join(parts), encoding="utf-8")


def _list(components: Sequence[Component], models: Sequence[Path]) -> list[str]:
    lines = [f"{c.name} {c.version}: {c.licence}" for c in components]
    return ["Packages", *lines, "", "Models", *(f"{m.name}: {model_licence(m)}" for m in models)]


def _texts(components: Sequence[Component]) -> list[str]:
    """All texts, the same one only once: libraries repeat those of what they are built from."""
    printed: dict[str, str] = {}
    lines = []
    for component in components:
        lines += ["", _RULE, f"{component.name} {component.version}", _RULE]
        for name, text in component.texts:
            digest = hashlib.sha256("".join(text.split()).encode()).hexdigest()
            if digest in printed:
                lines.append(f"--- {name}: the same text as {printed[digest]}")
                continue
            printed[digest] = f"{component.name}, {name}"
            lines += [f"--- {name}", "", text.strip(), ""]
    return lines
