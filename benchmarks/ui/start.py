"""From the command to the window, its first image and its first answer; one process each."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace

from benchmarks.ui.figures import Measured, of_runs

THREAD, CHILD = "in a thread", "in a child"


def starts(runs: int) -> list[Measured]:
    """Times of starting with a scan, and the longest stall until the scan is classified."""
    _start(CHILD)  # into the page cache
    found = {where: [_start(where) for _ in range(runs)] for where in (CHILD, THREAD)}
    return [
        of_runs(name, [run[key] for run in found[where]], aim)
        for key, what, aim, places in (
            ("window", "window on screen", "1000 ms", (CHILD,)),
            ("image", "first image on screen", "", (CHILD,)),
            ("answer", "first answer on screen", "", (CHILD, THREAD)),
            ("stall", "longest stall until then", "50 ms", (CHILD, THREAD)),
        )
        for where in places
        for name in [f"{what}, engine {where}" if len(places) > 1 else what]
    ]


def _start(where: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.ui.start", where]
    with tempfile.TemporaryDirectory() as home:
        # Settings and recent studies of the user are left alone.
        others = {"XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "BEGAN": repr(time.time())}
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | others, check=True
        )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """One start; prints milliseconds."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QMainWindow

    from magic_viewer.imaging.samples import sample_scans
    from magic_viewer.ui import app
    from magic_viewer.ui.licences import Licences

    began, found = float(os.environ["BEGAN"]), {}
    if sys.argv[1] == THREAD:
        _use_threads()
    kept: list[app.Controller] = []

    class KeptController(app.Controller):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)
            kept.append(self)

    app.Controller = KeptController
    app.show_first_notice = lambda *_: None
    Licences.must_ask = lambda *_: False

    def now() -> float:
        return 1000 * (time.time() - began)

    class Watch(QObject):
        """Sees the first paint of the window, then of the slice, then of its answer."""

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            if event.type() == QEvent.Type.Paint:
                self._painted(watched)
            return False

        def _painted(self, watched: QObject) -> None:
            if "window" not in found and isinstance(watched, QMainWindow):
                found["window"] = now()
                self.beats = Beats()
            viewer = kept[0]._window.viewer if kept else None
            if viewer is None or watched is not viewer.slice_view.viewport():
                return
            if kept[0].session.slice is not None:
                found.setdefault("image", now())
            if kept[0].session.examination is not None and "answer" not in found:
                found["answer"] = now()
                found["stall"] = self.beats.stop()
                QTimer.singleShot(0, application.quit)

    from benchmarks.ui.figures import Beats

    application = app.application()
    watch = Watch()
    application.installEventFilter(watch)
    QTimer.singleShot(60_000, application.quit)
    scans = [path for path in sample_scans() if path.suffix == ".dcm"]
    app.run(scans[:1], "brain-sequence")
    print(json.dumps(found))


def _use_threads() -> None:
    """The engine in a thread of the window."""
    from magic_viewer.imaging.codec_pool import codec_pool
    from magic_viewer.ui import app

    real = app.real_backend
    app.real_backend = lambda: replace(real(), load_engine=load_in_thread)
    app._start_children = lambda: codec_pool().start()


def load_in_thread(folder: object) -> object:
    """Loads a model into this process."""
    from magic_viewer.pipeline.engine import Engine

    return Engine.load(folder)


if __name__ == "__main__":
    main()
