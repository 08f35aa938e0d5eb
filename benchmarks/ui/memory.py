"""Memory of the window and of its model's process, while series are opened one after the other."""

import os
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.loading_data import NIFTI, make_scan
from benchmarks.ui.figures import Measured
from magic_viewer.pipeline.engine_client import model_process
from magic_viewer.ui.tour import Tour

_SETTLED = 0.3


def memory(count: int) -> list[Measured]:
    """Megabytes after each of so many series, and the slope over those after the first ones."""
    with tempfile.TemporaryDirectory() as folder:
        scans = [
            make_scan("uncompressed", (40, 256, 256), Path(folder)) / "images",
            make_scan(NIFTI, (40, 256, 256), Path(folder)) / "images",
        ]
        tour = Tour(Path(folder) / "settings.ini", "brain-sequence")
        window, model = [], []
        for number in range(count):
            tour.open([scans[number % 2]])
            tour.wait_until(lambda: tour.session.study.is_complete, "open the series")
            tour.rest(0.3)
            window.append(megabytes(os.getpid()))
            child = model_process().pid
            model.append(megabytes(child) if child is not None else 0.0)
        tour.close()
    return [_row("window", window), _row("model's process", model)]


def _row(name: str, values: list[float]) -> Measured:
    slope = growth(values)
    text = f"{values[0]:.0f} → {values[-1]:.0f} MB, {slope:+.2f} MB each"
    return Measured(f"memory of the {name}, {len(values)} series", text, values, "no growth")


def growth(values: list[float]) -> float:
    """Megabytes a series, after those that fill caches."""
    settled = values[int(_SETTLED * len(values)) :]
    return float(np.polyfit(range(len(settled)), settled, 1)[0])


def megabytes(pid: int) -> float:
    """Resident memory, from Linux's /proc."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return float("nan")
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
