"""The window with a small real model and made scans."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from magic_viewer.ui.backend import Backend, real_backend
from magic_viewer.ui.controller import Controller
from magic_viewer.ui.main_window import MainWindow

# pyqtgraph drops mouse moves above 100 a second, which a test's drag exceeds.
pg.setConfigOption("mouseRateLimit", -1)


@dataclass
class Opened:
    """A window on screen, its controller, and a wait for conditions."""

    window: MainWindow
    controller: Controller
    settings: QSettings
    wait: Callable[[Callable[[], bool]], None]

    @property
    def session(self):
        return self.controller.session

    @property
    def view(self):
        return self.window.viewer.slice_view

    def open(self, *paths: Path) -> None:
        """Opens paths and waits for the slice."""
        before = self.session.study
        self.controller.open(list(paths))
        self.wait(lambda: self.session.study is not before and self.session.slice is not None)

    def answered(self) -> None:
        """Waits for the class of the slice in view."""
        self.wait(lambda: self.session.examination is not None)


MakeWindow = Callable[..., Opened]


@pytest.fixture
def make_window(
    qtbot: QtBot, tmp_path: Path, side_model: Path, monkeypatch: pytest.MonkeyPatch
) -> MakeWindow:
    """Makes windows whose backend is the program's own but for what is given."""
    monkeypatch.setenv("MAGIC_VIEWER_MODELS", str(side_model.parent))

    def make(**other: object) -> Opened:
        settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
        window = MainWindow(settings)
        backend: Backend = replace(real_backend(), **other)
        controller = Controller(window, backend, settings)
        qtbot.addWidget(window, before_close_func=lambda _: controller.end())
        window.show()
        controller.begin("side")
        opened = Opened(
            window, controller, settings, lambda done: qtbot.waitUntil(done, timeout=20_000)
        )
        opened.wait(lambda: window.viewer is not None)
        return opened

    return make


@pytest.fixture
def opened(make_window: MakeWindow) -> Opened:
    """The window with the small model loaded."""
    opened = make_window()
    opened.wait(lambda: opened.session.model is not None)
    return opened


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A NIfTI volume of 12 axial slices of 32 × 32, stored from left to right, values 0..200.

    Voxel (i, j, k) = (5, 28, k) is bright: at the patient's left, in front.
    """
    values = np.random.default_rng(1).integers(80, 110, (32, 32, 12)).astype(np.int16)
    values[:16] += 60
    values[5, 28, :] = 200
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    affine[:3, 3] = (-30, -30, 0)
    path = tmp_path / "volume.nii.gz"
    nib.save(nib.Nifti1Image(values, affine), path)
    return path
