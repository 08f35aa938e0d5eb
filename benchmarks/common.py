"""What the benchmarks share: options, medians, a table, JSON."""

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured quantity.

    Attributes:
        name: what was measured.
        unit: of the values.
        values: one a run.
    """

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the runs."""
        return statistics.median(self.values)


def options(description: str | None) -> argparse.Namespace:
    """Reads --quick and --json."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer runs, under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser.parse_args()


def training_options(name: str, description: str | None, minutes: float) -> argparse.ArgumentParser:
    """A parser of what every benchmark asks that trains on folds of patients."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=(description or "").partition("\n")[0]
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="slices.csv and one .npz")
    parser.add_argument("--fold", type=int, default=0, help="of patients, held back")
    parser.add_argument(
        "--minutes", type=float, default=minutes, help="CPU minutes of each training"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=Path, default=Path("runs") / name, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser


def timed(name: str, runs: int, work: Callable[[], object]) -> Figure:
    """Wall milliseconds of some work, after one run to warm up."""
    work()
    values = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        values.append(1000 * (time.perf_counter() - began))
    return Figure(name, "ms", tuple(values))


def show(figures: Sequence[Figure], file: Path | None) -> None:
    """Prints a table of medians, and writes JSON if asked."""
    width = max(len(figure.name) for figure in figures)
    print(f"{'':{width}}  {'median':>9}  {'min':>9}  {'max':>9}")
    for figure in figures:
        print(
            f"{figure.name:{width}}  {figure.median:9.1f}  {min(figure.values):9.1f}  "
            f"{max(figure.values):9.1f}  {figure.unit} ({len(figure.values)} runs)"
        )
    if file is not None:
        entries = [asdict(figure) | {"median": figure.median} for figure in figures]
        write_json(entries, file)


def write_json(values: Any, file: Path) -> None:
    """Writes values for people and programs to read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def provenance() -> dict[str, Any]:
    """What to keep beside figures: the code they come from, and when. To be asked at the start."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    # Figures that were just measured, and wait to be committed, change no other.
    if _git("status", "--porcelain", "--", ":/", ":/!docs/evidence*"):
        commit += "-dirty"
    return {
        "commit": commit or None,
        "date": datetime.now(UTC).date().isoformat(),
        "torch": version("torch"),
    }


def _git(*words: str) -> str:
    """What git says; nothing where there is none."""
    done = subprocess.run(
        ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def measured(
    kept: Path,
    about: dict[str, Any],
    settings: dict[str, Any],
    work: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Figures that an earlier run kept, if it had the same settings, or else measured now.

    Args:
        kept: JSON file, written when measured.
        about: of `provenance`.
        settings: all that the figures depend on.
        work: measures.

    Returns:
        All of these, and cpu_minutes.
    """
    if kept.exists():
        earlier: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        if {key: earlier.get(key) for key in settings} == settings:
            return earlier
    began = time.process_time()
    figures = work()
    spent = (time.process_time() - began) / 60
    result = about | settings | {"cpu_minutes": round(spent, 1)} | figures
    write_json(result, kept)
    return result


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows under titles, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells))
