"""The longest stalls of the event loop while something else works."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

from benchmarks.loading_data import Shape, make_scan
from benchmarks.ui.figures import Measured, longest_stall, of_runs
from benchmarks.ui.start import CHILD, THREAD, load_in_thread
from magic_viewer.imaging.samples import sample_scans
from magic_viewer.pipeline.results import SampleRequest
from magic_viewer.ui import tour as module
from magic_viewer.ui.backend import real_backend
from magic_viewer.ui.tour import Tour

_AIM = "50 ms"
_SERIES = (100, 512, 512)


def stalls(runs: int, series: Shape = _SERIES) -> list[Measured]:
    """At rest, opening a folder, classifying, drawing 64 samples, loading another model."""
    with tempfile.TemporaryDirectory() as folder:
        scan = make_scan("JPEG-LS", series, Path(folder)) / "images"
        return _stalls(CHILD, runs, scan) + _stalls(THREAD, runs, scan)


def _stalls(where: str, runs: int, scan: Path) -> list[Measured]:
    found: dict[str, list[float]] = {}
    backend = real_backend()
    if where == THREAD:
        backend = replace(backend, load_engine=load_in_thread)
    with (
        tempfile.TemporaryDirectory() as kept,
        mock.patch.object(module, "real_backend", return_value=backend),
    ):
        tour = Tour(Path(kept) / "settings.ini", "brain-sequence")
        work = _work(tour, scan)
        for _ in range(runs):
            for name, step in work.items():
                found.setdefault(name, []).append(longest_stall(step))
                tour.window.gallery.clear()
        tour.close()
    return [
        of_runs(f"stall {name}, engine {where}", values, _AIM) for name, values in found.items()
    ]


def _work(tour: Tour, scan: Path) -> dict[str, Callable[[], None]]:
    assert tour.session.model is not None
    label = tour.session.model.labels[0]

    def load() -> None:
        tour.open([scan])
        tour.wait_until(lambda: tour.session.study.is_complete, "open the series")
        tour.rest(1)

    def classify() -> None:
        last = tour.session.slice_index
        for index in (last - 2, last - 1, last + 1, last):
            tour.go_to(index)

    return {
        "at rest": lambda: tour.rest(1),
        "while a series is opened and decoded": load,
        "while 4 slices are classified": classify,
        "while 64 samples are drawn": lambda: tour.draw(SampleRequest(label, 0.8, 64)),
        "while another scan is opened": lambda: tour.open(sample_scans()[:1]),
    }
