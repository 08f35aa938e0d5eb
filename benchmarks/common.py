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
        file.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def provenance(seed: int, began: float) -> dict[str, Any]:
    """What to keep beside figures: the code they come from, when, and what it took.

    Args:
        seed: of everything random.
        began: `time.process_time()` at the start.
    """
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "commit": told.stdout.strip() or None,
        "date": datetime.now(UTC).date().isoformat(),
        "torch": version("torch"),
        "seed": seed,
        "cpu_minutes": round((time.process_time() - began) / 60, 1),
    }
