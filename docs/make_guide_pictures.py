"""Draws the pictures of the user guide: `make screenshots` does it after the README's.

`python docs/make_guide_pictures.py NAME ...` draws those alone. Every panel and state of the
window, on real scans of ../shared/data; a state whose scan isn't there is left out.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

IMAGES = Path(__file__).parent / "guide" / "images"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
T1 = SHARED / "viewer_nifti" / "ixi_2mm" / "IXI012-HH-1211_T1.nii.gz"
CT = SHARED / "viewer_dicom" / "ct_head_ge_hispeed"
MR = SHARED / "viewer_dicom" / "mr_patient_positions"
MODEL = "brain-sequence"
_SIZE = (1440, 900)

PICTURES: dict[str, Callable[[Any], None]] = {}


def picture(draw: Callable[[Any], None]) -> Callable[[Any], None]:
    """Registers a state under its function's name."""
    PICTURES[draw.__name__.replace("_", "-")] = draw
    return draw


@picture
def empty(tour: Any) -> None:
    """Nothing open."""


@picture
def loading(tour: Any) -> None:
    """A series half read."""
    from magic_viewer.progress import Progress

    def slow(_paths: object) -> Generator[Progress, None, None]:
        for step in range(1000):
            yield Progress(37 + step // 500, 128, "Reading headers")
            time.sleep(0.1)

    tour.controller._backend = replace(tour.controller._backend, open_study=slow)
    tour.controller._scan._backend = tour.controller._backend
    tour.controller.open([T1])


@picture
def error(tour: Any) -> None:
    """A file that is no image."""
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "brain.nii.gz"
        broken.write_bytes(T1.read_bytes()[:2000])
        tour.controller.open([broken])
        tour.rest(1)


@picture
def classified(tour: Any) -> None:
    """The main job."""
    tour.open([T1])


@picture
def contrast(tour: Any) -> None:
    """A contrast of two classes."""
    tour.open([T1])
    tour.show_contrast()


@picture
def out_of_distribution(tour: Any) -> None:
    """A head CT, which the model was not made for."""
    tour.open([CT])


@picture
def whole_series(tour: Any) -> None:
    """Every slice classified."""
    tour.open([T1])
    tour.window.commands["classify_all"].trigger()
    tour.rest(1)
    busy = tour.controller._series.lanes
    tour.wait_until(lambda: not any(lane.is_busy for lane in busy), "classify the series")


@picture
def blind(tour: Any) -> None:
    """A slice whose answer waits for the reader's."""
    tour.open([T1])
    with tempfile.TemporaryDirectory() as folder:
        tour.controller._blind.start(Path(folder) / "readings.csv")
        tour.wait_until(lambda: tour.session.is_blind, "begin to read blind")


@picture
def what_if(tour: Any) -> None:
    """A part of the slice blurred."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    tour.open([T1])
    tour.window.commands["what_if"].trigger()
    tour.rest(0.3)
    viewport = tour.slice_view.viewport()
    middle = viewport.rect().center()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=middle - QPoint(60, 40))
    for step in range(-60, 61, 6):
        QTest.mouseMove(viewport, middle + QPoint(step, -40))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=middle + QPoint(60, -40))
    tour.rest(3)


@picture
def synthetic(tour: Any) -> None:
    """Drawn images."""
    from magic_viewer.pipeline.results import SampleRequest

    tour.open([T1])
    for label in tour.session.model.labels:
        tour.draw(SampleRequest(label, 0.8, 4, seed=1))


@picture
def tags(tour: Any) -> None:
    """The header as a tree."""
    tour.open([MR])
    tour.window.commands["tags"].trigger()


@picture
def shortcuts(tour: Any) -> None:
    """The list of keys."""
    tour.window.commands["shortcuts"].trigger()


def draw(name: str, scale: float = 1.0, theme: str = "dark") -> None:
    """One state into one file, by a window of its own."""
    from PySide6.QtWidgets import QDialog

    from magic_viewer.ui.tour import Tour

    with tempfile.TemporaryDirectory() as kept:
        tour = Tour(Path(kept) / "settings.ini", MODEL, _SIZE)
        PICTURES[name](tour)
        target = Path(kept) / "picture.png"
        tour.rest(0.6)
        dialogs = [one for one in tour.window.findChildren(QDialog) if one.isVisible()]
        (dialogs[-1] if dialogs else tour.window).grab().save(str(target))
        with Image.open(target) as drawn:
            drawn.convert("RGB").save(IMAGES / f"{name}.jpg", quality=88, optimize=True)
        tour.close()


def main() -> None:
    """Draws all, or those named."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        draw(name)


if __name__ == "__main__":
    main()
