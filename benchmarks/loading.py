"""How soon scans open, and in how much memory: `python -m benchmarks.loading`.

Makes a CT series of 300 × 512² in four transfer syntaxes, an enhanced file of 520 frames and a
.nii.gz of 256³, and reads each with MAGIC Viewer and its peers, in turn, every time in a process
of its own with the files in the page cache. Imports, and for us the start of the decoding
processes, come before the clock. Each reader's slices are compared with what was written.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import print_table, provenance, write_json
from benchmarks.loading_data import SHAPES, SYNTAXES, Shape, make_scan
from benchmarks.loading_readers import READERS

Figures = dict[str, float]
TITLES = ("scan", "reader", "list, s", "first image, s", "whole, s", "peak / array")
IMPORTS = ("reader", "import, s")
_BYTES = 2
_PACKAGES = (
    "pydicom",
    "SimpleITK",
    "dicom-numpy",
    "nibabel",
    "imagecodecs",
    "numpy",
    "pyjpegls",
    "pylibjpeg-openjpeg",
    "pylibjpeg-rle",
)


def main() -> None:
    """Prints a table of medians, and what of the aims was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of every reader on every scan")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keeps the scans there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--markdown", action="store_true", help="tables for the documentation")
    options = parser.parse_args()
    about = provenance() | {"machine": machine(), "versions": versions(), "runs": options.runs}
    with nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory() as folder:
        figures = compare(Path(folder), SHAPES, options.runs)
    show = print_markdown if options.markdown else print_table
    show(TITLES, rows(figures))
    print()
    show(IMPORTS, import_rows(figures))
    print()
    for line in judged(figures):
        print(line)
    if options.json:
        write_json(about | {"figures": figures}, options.json)


def machine() -> str:
    """Processors and system, without names."""
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def versions() -> dict[str, str]:
    """Of the readers' packages that are installed."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def compare(folder: Path, shapes: dict[str, Shape], runs: int) -> dict[str, dict[str, Figures]]:
    """Measures every reader on every scan.

    Returns:
        Medians by scan and reader: seconds of the "import", and after it to "list" and "first"
        (where it has those) and to "whole", and "memory", the peak above what there was before
        over the array's size.
    """
    figures: dict[str, dict[str, Figures]] = {}
    for kind, shape in shapes.items():
        scan = make_scan(kind, shape, folder)
        family = "series" if kind in SYNTAXES else kind
        names = [n for n, r in READERS.items() if family in r.kinds and r.is_installed]
        measured: dict[str, list[Figures]] = {name: [] for name in names}
        _read("ours", scan)  # into the page cache
        for run in range(runs):
            for name in names[run % len(names) :] + names[: run % len(names)]:
                measured[name].append(_read(name, scan))
        figures[kind] = {name: _medians(all_, shape) for name, all_ in measured.items()}
    return figures


def _read(name: str, scan: Path) -> Figures:
    command = [sys.executable, "-m", "benchmarks.loading_readers", name, str(scan)]
    root = Path(__file__).parents[1]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if told.returncode:
        raise RuntimeError(f"{name} on {scan.name}: {told.stderr.strip().splitlines()[-1]}")
    found: Figures = json.loads(told.stdout)
    return found


def _medians(runs: list[Figures], shape: Shape) -> Figures:
    medians = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return medians | {"memory": medians.pop("peak") / (_BYTES * int(np.prod(shape)))}


def rows(figures: dict[str, dict[str, Figures]]) -> list[list[str]]:
    """The cells of the table, as text."""
    table: list[list[str]] = []
    for kind, readers in figures.items():
        for name, found in readers.items():
            times = [
                f"{found[key]:.3f}" if key in found else "–" for key in ("list", "first", "whole")
            ]
            table.append([kind, name, *times, f"{found['memory']:.2f}"])
    return table


def import_rows(figures: dict[str, dict[str, Figures]]) -> list[list[str]]:
    """Each reader's imports, which no other time contains, once."""
    found: dict[str, list[float]] = {}
    for readers in figures.values():
        for name, of in readers.items():
            found.setdefault(name, []).append(of["import"])
    return [[name, f"{statistics.median(times):.3f}"] for name, times in found.items()]


def print_markdown(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Prints a table as `print_table` does, to be pasted."""
    for line in (titles, ["---"] * len(titles), *lines):
        print(f"| {' | '.join(line)} |")


def judged(figures: dict[str, dict[str, Figures]]) -> list[str]:
    """Says for every scan how it stands to the aims."""
    lines = []
    for kind, readers in figures.items():
        ours = readers["ours"]
        peers: dict[str, Any] = {name: found for name, found in readers.items() if name != "ours"}
        if not peers:
            continue
        fastest = min(peers, key=lambda name: peers[name]["whole"])
        whole = peers[fastest]["whole"]
        lines.append(
            f"{kind}: first image {whole / ours['first']:.1f} times sooner than the whole volume "
            f"of the fastest peer ({fastest}), whole volume in {ours['whole'] / whole:.2f} of its "
            f"time, {ours['memory']:.2f} times the array's memory"
        )
    return lines


if __name__ == "__main__":
    main()
