"""How quick the window feels: `python -m benchmarks.ui`.

Time to the window and to its first image, the time a frame takes while scrolling and windowing,
the longest stalls of the event loop, and memory after opening and closing many series. Everything
is measured offscreen, and again under Xvfb where `xvfb-run` is installed. Where it means
something, the engine in a thread of the window stands beside the one in a child process, which
is the program's own.

A stall is the longest time between two beats of a 1 ms timer in the event loop, less that
millisecond; of several runs the median, and beside it the worst.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import options, print_table, provenance, write_json
from benchmarks.ui.figures import Measured

PLATFORMS = ("offscreen", "xcb")
STEPS = ("start", "frames", "stalls", "memory")
_SCREEN = "-screen 0 1600x1000x24"


@dataclass(frozen=True)
class Extent:
    """How much is done.

    Attributes:
        starts: of the program.
        runs: of each piece of work whose stalls are looked at.
        frames: of each kind.
        series: opened and closed.
    """

    starts: int
    runs: int
    frames: int
    series: int


FULL, QUICK = Extent(5, 5, 120, 150), Extent(2, 2, 30, 10)


def main() -> None:
    """Prints both platforms beside each other."""
    if len(sys.argv) == 5 and sys.argv[1] == "--here":
        measure_here(sys.argv[2], QUICK if sys.argv[3] == "quick" else FULL, Path(sys.argv[4]))
        return
    chosen = options(__doc__)
    about = provenance() | {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
    found = {}
    for platform in PLATFORMS:
        if platform == "xcb" and shutil.which("xvfb-run") is None:
            print("xvfb-run isn't installed, so nothing is measured under Xvfb.")
            continue
        extent = "quick" if chosen.quick else "full"
        found[platform] = [one for step in STEPS for one in measure(platform, step, extent)]
    print_table(*table(found))
    print(f"load of the machine: {about['load_before']:.1f} before, {os.getloadavg()[0]:.1f} after")
    if chosen.json is not None:
        values = {name: [vars(one) for one in all_] for name, all_ in found.items()}
        write_json(about | {"figures": values}, chosen.json)


def measure(platform: str, step: str, extent: str) -> list[Measured]:
    """Measures in a process of its own on a Qt platform."""
    print(f"{platform}: {step} …", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "benchmarks.ui", "--here", step, extent, str(file)]
        if platform == "xcb":
            command = ["xvfb-run", "-a", "-s", _SCREEN, *command]
        subprocess.run(command, env=os.environ | {"QT_QPA_PLATFORM": platform}, check=True)
        return [Measured(**values) for values in json.loads(file.read_text(encoding="utf-8"))]


def measure_here(step: str, extent: Extent, file: Path) -> None:
    """Measures on the Qt platform of the environment."""
    from benchmarks.ui.frames import frames
    from benchmarks.ui.memory import memory
    from benchmarks.ui.stalls import stalls
    from benchmarks.ui.start import starts

    work: dict[str, Callable[[], list[Measured]]] = {
        "start": lambda: starts(extent.starts),
        "frames": lambda: frames(extent.frames),
        "stalls": lambda: stalls(extent.runs),
        "memory": lambda: memory(extent.series),
    }
    found = work[step]()
    file.write_text(json.dumps([vars(one) for one in found]), encoding="utf-8")


def table(
    found: dict[str, list[Measured]],
) -> tuple[tuple[str, ...], list[list[str]]]:
    """Titles and rows, a column for each platform."""
    rows: dict[str, list[str]] = {}
    for measured in found.values():
        for one in measured:
            rows.setdefault(one.name, [one.name]).append(one.text)
    first = next(iter(found.values()))
    return ("", *found, "aim"), [[*rows[one.name], one.aim] for one in first]


if __name__ == "__main__":
    main()
