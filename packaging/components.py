"""Whose work the bundle holds: every file is traced to the package that it came from.

Python distributions by their own records, the interpreter by its folder, and what was taken from
the build machine's system by dpkg. A file that nobody owns is an error: its licence is unknown.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

from bundle_contents import ROOT

LICENCES = Path(__file__).resolve().parent / "licences"
_LICENCE_FILE = re.compile(r"licen[cs]e|copying|notice|copyright", re.IGNORECASE)
# Wheels that bring no licence text of their own -> the files of licences/ that hold for them.
_TEXTS = {
    "pyside6-essentials": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "shiboken6": ("LGPL-3.0.txt", "GPL-3.0.txt"),
}


class UnknownOriginError(Exception):
    """A file of the bundle belongs to no package."""


@dataclass(frozen=True)
class Component:
    """One package in the bundle.

    Attributes:
        name: as its index or system calls it.
        version: of it.
        kind: "pypi", "deb" or "generic", as in a package URL.
        licence: an expression or words.
        homepage: or "".
        texts: (name, text) of its licence files.
    """

    name: str
    version: str
    kind: str
    licence: str
    homepage: str
    texts: tuple[tuple[str, str], ...]


def components(sources: Path) -> list[Component]:
    """Every package with a file in the bundle, by name.

    Args:
        sources: what the recipe wrote: places in the bundle and the files they came from.

    Raises:
        UnknownOriginError: there is a file of unknown origin.
    """
    owners, system = _python_files(), set[str]()
    used = {"pyinstaller": _named("pyinstaller")}  # its loader starts all
    has_python = False
    for place, source in json.loads(sources.read_text(encoding="utf-8")):
        path = Path(source).resolve()
        owner = owners.get(path)
        if owner is not None:
            used[_key(owner)] = owner
        elif path.is_relative_to(ROOT):
            continue
        elif any(path.is_relative_to(home) for home in _python_homes()):
            has_python = True
        elif sys.platform == "linux":
            system.add(source)
        elif "_pyinstaller" not in source.lower():
            raise UnknownOriginError(f"{place} comes from {source}, which no package owns.")
    used.pop("magic-viewer", None)
    found = {key: _of_distribution(distribution) for key, distribution in used.items()}
    if has_python:
        found["python"] = _python()
    found |= {package.name: package for package in map(_of_debian, _debian_owners(system))}
    return [found[name] for name in sorted(found)]


def own() -> Component:
    """MAGIC Viewer itself."""
    from magic_viewer import __version__

    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    return Component("magic-viewer", __version__, "pypi", "Apache-2.0", "", (("LICENSE", text),))


@cache
def _python_files() -> dict[Path, Distribution]:
    """Each installed file and the distribution that brought it."""
    owners = {}
    for distribution in distributions():
        for file in distribution.files or ():
            owners[Path(str(distribution.locate_file(file))).resolve()] = distribution
    return owners


def _key(distribution: Distribution) -> str:
    return re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()


def _named(key: str) -> Distribution:
    return next(d for d in distributions() if _key(d) == key)


def _of_distribution(distribution: Distribution) -> Component:
    meta = distribution.metadata
    key = _key(distribution)
    texts = [
        (
            file.as_posix().split(".dist-info/")[-1].removeprefix("licenses/"),
            _read(distribution, file),
        )
        for file in distribution.files or ()
        if _LICENCE_FILE.search(file.name) and _is_licence(file.as_posix())
    ]
    texts += [(name, (LICENCES / name).read_text(encoding="utf-8")) for name in _TEXTS.get(key, ())]
    return Component(
        key,
        distribution.version,
        "pypi",
        _licence_words(distribution),
        meta.get("Home-page") or _homepage(meta.get_all("Project-URL") or ()),
        tuple(sorted(set(texts))),
    )


def _is_licence(place: str) -> bool:
    """Texts only, from where packages keep them: not modules that have the word in their name."""
    is_text = Path(place).suffix.lower() in {"", ".txt", ".md", ".rst", ".apache", ".bsd"}
    is_text = is_text or "/LICENSE-" in place
    return is_text and (".dist-info/" in place or "licenses/" in place)


def _read(distribution: Distribution, file: object) -> str:
    path = Path(str(distribution.locate_file(file)))  # type: ignore[arg-type]
    return path.read_text(encoding="utf-8", errors="replace")


def _licence_words(distribution: Distribution) -> str:
    meta = distribution.metadata
    stated = meta.get("License-Expression") or meta.get("License") or ""
    classifiers = meta.get_all("Classifier") or []
    classified = [c.split(" :: ")[-1] for c in classifiers if c.startswith("License")]
    if stated and "\n" not in stated and len(stated) < 100:
        return str(stated)
    return " AND ".join(classified) or "see the text"


def _homepage(urls: Iterable[str]) -> str:
    """Of the labelled addresses, that of the project rather than of some page of it."""
    parts = [url.partition(", ") for url in urls]
    labelled = {label.lower(): address for label, _, address in parts}
    ranked = ("homepage", "home", "source", "source code", "repository")
    return next((labelled[label] for label in ranked if label in labelled), "")


@cache
def _python_homes() -> list[Path]:
    return [Path(sys.base_prefix).resolve()] if sys.base_prefix != "/usr" else []


def _python() -> Component:
    version = ".".join(map(str, sys.version_info[:3]))
    homes = [Path(sys.base_prefix), Path(sys.base_prefix, "lib", f"python{version[:4]}")]
    files = [home / name for home in homes for name in ("LICENSE.txt", "LICENSE")]
    text = next(file.read_text(encoding="utf-8") for file in files if file.is_file())
    return Component(
        "python", version, "generic", "PSF-2.0", "https://www.python.org", (("LICENSE", text),)
    )


def _debian_owners(files: set[str]) -> list[str]:
    """The Debian packages that the build machine has the files from."""
    # A file may be known by its place before /lib and /usr/lib became one.
    names = {file: {file, real, real.removeprefix("/usr")} for file, real in _resolved(files)}
    command = ["dpkg-query", "--search", *sorted(set().union(*names.values()))]
    said = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    owners = {name: owner for owner, name in (line.split(": ", 1) for line in said)}
    found = set()
    for file, called in names.items():
        owner = next((owners[name] for name in called if name in owners), None)
        if owner is None:
            raise UnknownOriginError(f"{file} is in the bundle, and no package owns it.")
        found.add(owner.split(",")[0])
    return sorted(found)


def _resolved(files: set[str]) -> list[tuple[str, str]]:
    return [(file, str(Path(file).resolve())) for file in sorted(files)]


def _of_debian(package: str) -> Component:
    fields = "${Package}\t${Version}\t${Homepage}"
    command = ["dpkg-query", "--show", f"--showformat={fields}", package]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    name, version, homepage = shown.split("\t")
    copyright_file = Path("/usr/share/doc", name, "copyright")
    texts = [("copyright", copyright_file.read_text(encoding="utf-8", errors="replace"))]
    common = sorted(set(re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", texts[0][1])))
    for licence in common:
        file = Path("/usr/share/common-licenses", licence)
        if file.is_file():
            texts.append((licence, file.read_text(encoding="utf-8")))
    stated = re.findall(r"^License:\s*(\S.*)$", texts[0][1], re.MULTILINE)
    words = " AND ".join(dict.fromkeys(stated)) or "see the text"
    return Component(name, version, "deb", words, homepage, tuple(texts))
