"""Draws the pictures of the user guide: `make screenshots` does it after the README's.

`python docs/make_guide_pictures.py NAME ...` draws those alone. Every panel and state of the
window, on real scans of ../shared/data; a state whose scan isn't there is left out.
"""

import os
import shutil
import subprocess
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
    tour.open([T1])
    tour.window.commands["what_if"].trigger()
    tour.rest(0.3)
    _drag(tour, (-60, -40), (60, -40))
    tour.rest(3)


@picture
def synthetic(tour: Any) -> None:
    """Drawn images."""
    from magic_viewer.pipeline.results import SampleRequest

    tour.open([T1])
    for label in tour.session.model.labels:
        tour.draw(SampleRequest(label, 0.8, 4, seed=1))


@picture
def measuring(tour: Any) -> None:
    """An ellipse and a distance."""
    tour.open([CT])
    tour.window.commands["overlay"].setChecked(False)
    for name, start, stop in (
        ("draw_ellipse", (-120, -60), (-30, 20)),
        ("draw_distance", (20, 60), (150, -80)),
    ):
        tour.window.commands[name].trigger()
        _drag(tour, start, stop)
        tour.window.commands["cancel"].trigger()
    tour.rest(0.5)


@picture
def planes(tour: Any) -> None:
    """Three planes and the slices as acquired, with the crosshair."""
    tour.open([T1])
    tour.window.commands["layout_planes"].trigger()
    tour.rest(3)


@picture
def compare(tour: Any) -> None:
    """Two series side by side."""
    tour.open([MR])
    tour.window.commands["overlay"].setChecked(False)
    tour.window.commands["layout_compare"].trigger()
    tour.rest(3)


@picture
def light(tour: Any) -> None:
    """The light look."""
    tour.open([T1])
    tour.show_contrast()


@picture
def twice_as_large(tour: Any) -> None:
    """On a screen of twice the density."""
    tour.open([T1])


@picture
def settings(tour: Any) -> None:
    """The settings."""
    tour.window.commands["settings"].trigger()


@picture
def add_model(tour: Any) -> None:
    """A model from a file, checked and not yet added."""
    from magic_viewer.pipeline.library import find_model

    folder = Path(tempfile.mkdtemp())
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    given = shutil.copytree(find_model("scanner-vendor"), folder / "scanner-vendor")
    config = (given / "config.json").read_text(encoding="utf-8")
    config = config.replace("MR scanner vendor", "MR scanner vendor of our phantom")
    (given / "config.json").write_text(config, encoding="utf-8")
    tour.controller.open([given])
    tour.wait_until(lambda: tour.controller._added._staged is not None, "check the model")
    shutil.rmtree(given)


@picture
def licence(tour: Any) -> None:
    """The question before the first use of a non-commercial model."""
    tour.open([T1])
    tour.controller.program.reset()
    tour.controller._models.begin(MODEL)
    tour.wait_until(lambda: tour.controller._models._asked is not None, "ask")


@picture
def tags(tour: Any) -> None:
    """The header as a tree, and a search in it."""
    from PySide6.QtWidgets import QApplication, QLineEdit

    from magic_viewer.ui.tag_browser import TagBrowser

    tour.open([MR])
    tour.window.commands["tags"].trigger()
    tour.rest(1)
    (browser,) = [one for one in QApplication.topLevelWidgets() if isinstance(one, TagBrowser)]
    browser.findChild(QLineEdit).setText("slice")


@picture
def shortcuts(tour: Any) -> None:
    """The list of keys."""
    tour.window.commands["shortcuts"].trigger()


def _drag(tour: Any, start: tuple[int, int], stop: tuple[int, int]) -> None:
    """A left drag in the slice view, in pixels from its middle."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    viewport, button = tour.slice_view.viewport(), Qt.MouseButton.LeftButton
    first, last = (viewport.rect().center() + QPoint(*end) for end in (start, stop))
    QTest.mousePress(viewport, button, pos=first)
    for step in range(1, 21):
        QTest.mouseMove(viewport, first + (last - first) * (step / 20))
    QTest.mouseRelease(viewport, button, pos=last)


def draw(name: str) -> None:
    """One state into one file."""
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QDialog

    from magic_viewer.ui.tour import Tour

    with tempfile.TemporaryDirectory() as kept:
        file = Path(kept) / "settings.ini"
        if name == "light":
            QSettings(str(file), QSettings.Format.IniFormat).setValue("theme", "light")
        tour = Tour(file, MODEL, _SIZE)
        PICTURES[name](tour)
        tour.rest(0.6)
        dialogs = [one for one in tour.window.findChildren(QDialog) if one.isVisible()]
        target = Path(kept) / "picture.png"
        (dialogs[-1] if dialogs else tour.window).grab().save(str(target))
        with Image.open(target) as drawn:
            drawn.convert("RGB").save(IMAGES / f"{name}.jpg", quality=88, optimize=True)
        tour.close()


def main() -> None:
    """Draws all, or those named; each in a process of its own, for its look and density."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    IMAGES.mkdir(parents=True, exist_ok=True)
    names = sys.argv[1:] or list(PICTURES)
    if len(names) == 1:
        draw(names[0])
        return
    for name in names:
        scale = "2" if name == "twice-as-large" else "1"
        environment = os.environ | {"QT_SCALE_FACTOR": scale}
        subprocess.run([sys.executable, __file__, name], env=environment, check=True)


if __name__ == "__main__":
    main()
