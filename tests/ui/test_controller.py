"""The joints of the window, with an engine and scans made for the occasion."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QPushButton

from magic_viewer.errors import ImagingError, RequestError
from magic_viewer.imaging.study import (
    Notice,
    Overlay,
    Series,
    Slice,
    Study,
    Volume,
    Window,
)
from magic_viewer.pipeline.fit import Fit
from magic_viewer.pipeline.results import Classification, Examination, ModelInfo
from magic_viewer.progress import Progress
from magic_viewer.ui.backend import Backend, ModelEntry, real_backend
from magic_viewer.ui.controller import Controller
from magic_viewer.ui.look import Look
from magic_viewer.ui.main_window import MainWindow
from magic_viewer.ui.slice_view import SliceView
from magic_viewer.ui.snapshot import captions

LABELS = ("T1", "T2")
INFO = ModelInfo("brain", "Brain MR", LABELS, "Tells T1 from T2.", "CC-BY-4.0", 8)
AXIAL = np.diag([2.0, 2.0, 5.0, 1.0])


class Engine:
    info, device, model_hash = INFO, "CPU", "ab12"

    def __init__(self, in_distribution=True, error=None, fits=True):
        self.in_distribution, self.error, self.asked = in_distribution, error, []
        self.fits = fits

    def examine(self, image):
        self.asked.append(image.index)
        if self.error is not None:
            raise self.error
        maps = np.full((2, 8, 8), -3.0)
        sums = dict.fromkeys(LABELS, float(maps[0].sum()))
        answer = Classification(
            "T2", {"T1": 0.2, "T2": 0.8}, {"T1": 0.01, "T2": 0.01}, ("T2",), sums,
            {label: (nats,) for label, nats in sums.items()}, dict.fromkeys(LABELS, 1.5), sums,
            0.5, self.in_distribution, "So it is.",
            (1.0,), "brain", "CPU", 0.1,
            fit=() if self.fits else (Fit("modality", "misfit", "The file says CT."),),
        )  # fmt: skip
        return Examination(
            answer, maps[None], (8,), np.zeros((8, 8), np.float32), (0, 0, 40, 50), 0.0
        )

    def generate(self, request):
        yield Progress(0, request.count, "Drawing")


def read(index):
    rows, columns = np.mgrid[:40, :50]
    values = (rows * 100 + columns + 10000 * index).astype(np.float32)
    return Slice(values, index, AXIAL, (2.0, 2.0), unit="HU", modality="CT")


def broken_at(number):
    def read_or_fail(index):
        if index == number:
            raise ImagingError("This slice is cut short.")
        return read(index)

    return read_or_fail


def series(read_slice=read, slices=5, volumes=1):
    made = tuple(
        Volume((slices, 40, 50), later(read_slice, number), AXIAL, (5.0, 2.0, 2.0))
        for number in range(volumes)
    )
    return Series("Axial", "CT", made, "DICOM")


def later(read_slice, number):
    """The same slices, a million brighter in each volume."""
    return lambda index: _brighter(read_slice(index), number * 1e6)


def _brighter(image, by):
    return replace(image, modality_values=image.modality_values + np.float32(by))


class Desk:
    """The window with its controller."""

    def __init__(self, qtbot, tmp_path, study=None, engine=None, entries=None):
        self.qtbot, self.opened = qtbot, []
        self.study = study or Study((series(), series(slices=3, volumes=2)))
        self.engine = engine or Engine()
        self.settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(self.settings)
        entries = [ModelEntry(Path("brain"), INFO)] if entries is None else entries
        backend = Backend(
            self._open,
            lambda: [Path("sample")],
            lambda: entries,
            lambda _: self.engine,
            real_backend().stage_model,
        )
        self.controller = Controller(self.window, backend, self.settings)
        self.session = self.controller.session
        qtbot.addWidget(self.window, before_close_func=lambda _: self.controller.end())
        self.window.show()

    def _open(self, given):
        self.opened.append(list(given))
        yield Progress(0, None, "Opening")
        return self.study

    def begin(self, model=None):
        self.controller.begin(model)
        self.wait(lambda: self.window.viewer is not None)
        return self

    def open(self):
        self.controller.open([Path("scan")])
        self.wait(lambda: self.session.slice is not None)
        return self

    def wait(self, is_so):
        self.qtbot.waitUntil(is_so, timeout=20_000)

    def trigger(self, name):
        self.window.commands[name].trigger()

    @property
    def view(self):
        return self.window.viewer.slice_view

    def texts(self, corner):
        return [line.text for line in getattr(self.view._corners, corner)]


@pytest.fixture
def desk(qtbot, tmp_path):
    return Desk(qtbot, tmp_path).begin()


def test_that_a_scan_dropped_before_the_view_is_ready_is_opened(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/scans/größe/a.dcm")])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    desk.window.dropEvent(event)
    desk.begin()
    desk.wait(lambda: desk.session.slice is not None)
    assert desk.opened == [[Path("/scans/größe/a.dcm")]]


def test_that_a_slice_which_cannot_be_read_leaves_no_other_under_its_number(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path, Study((series(broken_at(3)),))).begin().open()
    desk.trigger("next_slice")
    desk.wait(lambda: "cut short" in desk.window.message_bar.text)
    assert desk.session.slice is None
    assert desk.view.picture.image() is None
    assert "Slice 4 / 5" in desk.texts("top_right")
    desk.trigger("next_slice")
    desk.wait(lambda: desk.session.slice is not None)
    assert desk.texts("bottom_right")[0].startswith("W ")


def test_that_files_which_could_not_be_opened_are_told_beside_those_that_could(qtbot, tmp_path):
    rejected = (Notice("a.dcm is damaged."), Notice("b.dcm is damaged."))
    desk = Desk(qtbot, tmp_path, Study((series(),), rejected)).begin().open()
    assert desk.window.message_bar.text.startswith("a.dcm is damaged.")
    assert "1 more" in desk.window.message_bar.text


def test_that_a_slice_unlike_the_training_images_is_marked_on_the_image_too(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path, engine=Engine(in_distribution=False)).begin().open()
    desk.wait(lambda: desk.session.examination is not None)
    assert any(line.is_warning for line in desk.view._corners.top_right)
    assert desk.window.classify_panel.alarm
    desk.wait(lambda: desk.controller._models.painted is not None)
    lines = captions(desk.session, desk.controller._models.painted, Look())
    assert any("Do not rely" in line for line in lines)


def test_that_a_map_of_a_slice_the_model_was_not_made_for_is_off_until_asked_for(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path, engine=Engine(fits=False)).begin().open()
    models, panel = desk.controller._models, desk.window.overlay_panel
    action = desk.window.commands["overlay"]
    desk.wait(lambda: panel.badge.text != "")
    assert models.painted is None
    assert not action.isChecked()
    assert panel.why_off.startswith("Off here")
    panel._visible.click()
    desk.wait(lambda: models.painted is not None)
    assert action.isChecked()
    assert panel.why_off == ""
    desk.session.go_to_slice(0)
    desk.wait(lambda: models.painted is not None)
    desk.session.select_series(1)
    desk.wait(lambda: panel.why_off != "")
    assert models.painted is None
    desk.trigger("overlay")
    desk.wait(lambda: models.painted is not None)
    desk.trigger("overlay")
    desk.wait(lambda: models.painted is None)
    assert panel.why_off == ""  # switched off by hand


def test_that_other_settings_leave_a_map_off_that_was_not_asked_for(qtbot, tmp_path):
    engine = Engine(fits=False)
    desk = Desk(qtbot, tmp_path, engine=engine).begin().open()
    models, panel = desk.controller._models, desk.window.overlay_panel
    desk.wait(lambda: panel.why_off != "")
    panel._smoothing.setCurrentIndex(1)
    assert panel.why_off != ""
    engine.fits = True
    desk.session.go_to_slice(0)
    desk.wait(lambda: models.painted is not None)
    assert models.settings.smoothing == 1
    assert panel.why_off == ""


def test_that_an_edit_that_no_longer_fits_still_shows_what_it_changed(qtbot, tmp_path):
    engine = Engine()
    desk = Desk(qtbot, tmp_path, engine=engine).begin().open()
    models = desk.controller._models
    desk.wait(lambda: models.painted is not None)
    engine.fits = False
    desk.session.set_edited(replace(desk.session.slice))
    desk.wait(lambda: models.painted is not None)
    assert desk.session.examination.classification.is_misfit


def test_that_what_the_model_cannot_take_is_said_where_its_answer_would_be(qtbot, tmp_path):
    engine = Engine(error=RequestError("Colour slices can't be classified."))
    desk = Desk(qtbot, tmp_path, engine=engine).begin().open()
    panel = desk.window.classify_panel
    desk.wait(lambda: panel.verdict == "Colour slices can't be classified.")
    assert desk.window.message_bar.text == ""


def test_that_where_a_slice_cannot_be_read_no_scan_is_asked_for(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path, Study((series(broken_at(1)),))).begin()
    panel = desk.window.classify_panel
    desk.wait(lambda: desk.session.model is not None)
    assert panel.verdict.startswith("Open a scan")
    desk.open()
    desk.session.go_to_slice(1)
    desk.wait(lambda: desk.session.slice is None and desk.window.message_bar.text != "")
    assert panel.verdict == "No slice to classify is in view."


def test_that_without_a_model_an_open_scan_is_not_asked_for(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path, entries=[]).begin().open()
    assert desk.window.classify_panel.verdict == "No answer before a model is loaded."


def test_that_fast_scrolling_asks_the_model_once(desk):
    desk.wait(lambda: desk.session.model is not None)
    desk.open()
    desk.wait(lambda: desk.session.examination is not None)
    desk.engine.asked.clear()
    for _ in range(2):
        desk.trigger("previous_slice")
    desk.wait(lambda: desk.session.slice is not None and desk.session.slice.index == 0)
    desk.wait(lambda: desk.session.examination is not None)
    assert desk.engine.asked == [0]


def test_that_the_map_goes_as_soon_as_another_slice_is_shown(desk):
    desk.wait(lambda: desk.session.model is not None)
    desk.open()
    models = desk.controller._models
    desk.wait(lambda: models.painted is not None)
    desk.trigger("next_slice")
    desk.wait(lambda: desk.session.slice is not None and desk.session.slice.index == 3)
    assert models.painted is None
    assert desk.view.picture._veil is None


def test_that_without_any_model_scans_can_be_viewed(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path, entries=[]).begin()
    desk.wait(lambda: "No model" in desk.window.model_chooser.status)
    desk.open()
    assert desk.window.message_bar.text == ""


def test_that_a_damaged_model_is_passed_over_for_one_that_works(qtbot, tmp_path):
    entries = [ModelEntry(Path("a"), None, "It is damaged."), ModelEntry(Path("brain"), INFO)]
    desk = Desk(qtbot, tmp_path, entries=entries).begin()
    desk.wait(lambda: desk.session.model is not None)


def test_that_a_model_which_is_not_installed_is_named_with_those_that_are(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path).begin("lung")
    desk.wait(lambda: desk.session.model is not None)
    assert "lung" in desk.window.message_bar.text
    assert "brain" in desk.window.message_bar.text


def test_that_zoom_and_pan_stay_while_scrolling_and_double_click_fits(qtbot, desk):
    desk.open()
    fitted = desk.view._box.viewRect()
    desk.trigger("zoom_in")
    desk.view.pan(QPointF(30, 10))
    mine = desk.view._box.viewRect()
    desk.trigger("next_slice")
    desk.wait(lambda: desk.session.slice is not None and desk.session.slice.index == 3)
    assert desk.view._box.viewRect() == mine
    qtbot.mouseDClick(desk.view.viewport(), Qt.MouseButton.LeftButton)
    assert desk.view._box.viewRect().width() == pytest.approx(fitted.width())


def test_that_ctrl_drag_sets_the_window_from_the_pixels_under_it(qtbot, desk):
    desk.open()
    item, port = desk.view._item, desk.view.viewport()
    start, end = (
        desk.view.mapFromScene(item.mapToScene(QPointF(*corner))) for corner in ((10, 5), (20, 15))
    )
    ctrl = Qt.KeyboardModifier.ControlModifier
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, ctrl, start)
    for step in (0.3, 0.7, 1.0):
        qtbot.mouseMove(port, start + (end - start) * step)
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, ctrl, end)
    window = desk.session.window
    low, high = window.center - window.width / 2, window.center + window.width / 2
    assert low == pytest.approx(20000 + 5 * 100 + 10, abs=102)
    assert high == pytest.approx(20000 + 15 * 100 + 20, abs=102)


def test_that_the_value_under_the_pointer_follows_pointer_and_slice(qtbot, desk):
    desk.open()

    def point():
        place = desk.view.mapFromScene(desk.view._item.mapToScene(QPointF(7.5, 3.5)))
        for offset in (QPoint(9, 9), QPoint()):
            qtbot.mouseMove(desk.view.viewport(), place + offset)
        return desk.texts("bottom_left")

    desk.wait(lambda: point() == ["L 14.0 P 6.0 S 0.0", "x 7  y 3", "20307 HU"])
    desk.trigger("next_slice")
    desk.wait(lambda: desk.texts("bottom_left")[-1:] == ["30307 HU"])
    QApplication.sendEvent(desk.view, QEvent(QEvent.Type.Leave))
    assert desk.texts("bottom_left") == []


def test_that_the_view_can_be_closed(qtbot):
    view = SliceView()
    view.set_slice(read(0))
    view.show()
    view.close()
    QApplication.processEvents()
    assert not view.isVisible()


def test_that_ct_presets_and_the_files_window_are_one_key_away(qtbot, desk):
    desk.open()
    before = desk.session.window
    qtbot.keyClick(desk.window, "3")
    assert (desk.session.window.width, desk.session.window.center) == (2500, 480)
    qtbot.keyClick(desk.window, Qt.Key.Key_AsciiTilde)
    assert desk.session.window == before


def test_that_the_files_windows_are_gone_through_by_its_key(qtbot, desk):
    desk.open()
    windows = (Window(40, 400), Window(-600, 1500))
    desk.session.set_slice(replace(desk.session.slice, windows=windows))
    desk.session.set_window(None)
    seen = []
    for _ in range(3):
        qtbot.keyClick(desk.window, Qt.Key.Key_AsciiTilde)
        seen.append(desk.session.window)
    assert seen == [windows[0], windows[1], windows[0]]


def test_that_space_presses_the_button_in_focus_and_resets_elsewhere(qtbot, desk):
    desk.open()
    desk.trigger("invert")
    desk.controller.say("Something.")
    dismiss = desk.window.message_bar.findChild(QPushButton)
    dismiss.setFocus()
    qtbot.keyClick(dismiss, Qt.Key.Key_Space)
    assert desk.window.message_bar.text == ""
    assert desk.session.is_inverted
    desk.view.setFocus()
    qtbot.keyClick(desk.view, Qt.Key.Key_Space)
    assert not desk.session.is_inverted


def test_that_the_volumes_of_a_series_can_be_gone_through(desk):
    desk.open()
    desk.trigger("next_series")
    desk.wait(lambda: desk.session.slice is not None)
    assert desk.session.slice.modality_values.min() == 10000
    desk.window.viewer._volume.setValue(1)
    desk.wait(lambda: desk.session.slice.modality_values.min() == 1010000)
    assert desk.session.slice_index == 1


def test_that_the_saved_view_is_turned_like_the_screen_and_names_the_convention(desk, tmp_path):
    desk.open()
    desk.wait(lambda: desk.controller._models.painted is not None)
    desk.window.commands["radiological"].setChecked(False)
    path = tmp_path / "view.png"
    desk.controller.save_view(path)
    desk.wait(lambda: path.exists() and not desk.controller._saving.is_busy)
    with Image.open(path) as image:
        assert image.text["convention"] == "Neurological · Axial"


LESION = np.zeros((40, 50), bool)
LESION[10:20, 10:30] = True


def with_lesion(index):
    overlays = (Overlay("Lesion", LESION),) if index == 2 else ()
    return replace(read(index), overlays=overlays)


def drawn(desk):
    image = desk.view.picture.image()
    return bytes(image.constBits())


def test_that_overlays_of_the_file_are_drawn_and_named_until_switched_off(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path, Study((series(with_lesion),)), entries=[]).begin().open()
    assert "Overlay: Lesion" in desk.texts("top_left")
    shown = drawn(desk)
    qtbot.keyClick(desk.window, "o")
    plain = drawn(desk)
    assert plain != shown
    assert "Overlay: Lesion" not in desk.texts("top_left")
    desk.trigger("file_overlays")
    assert drawn(desk) == shown
    desk.trigger("next_slice")
    desk.wait(lambda: desk.session.slice is not None and desk.session.slice.index == 3)
    assert not any("Overlay" in text for text in desk.texts("top_left"))


def test_that_switched_off_overlays_stay_off_the_next_time(qtbot, tmp_path):
    study = Study((series(with_lesion),))
    Desk(qtbot, tmp_path, study, entries=[]).begin().trigger("file_overlays")
    again = Desk(qtbot, tmp_path, study, entries=[]).begin().open()
    assert not again.window.commands["file_overlays"].isChecked()
    assert again.view.picture.overlays is None
    again.trigger("file_overlays")
    assert again.view.picture.overlays is not None


def test_that_the_saved_view_has_the_overlays_that_are_on_screen(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path, Study((series(with_lesion),)), entries=[]).begin().open()
    heights = []
    for name in ("with.png", "without.png"):
        desk.controller.save_view(tmp_path / name)
        desk.wait(lambda: not desk.controller._saving.is_busy)
        with Image.open(tmp_path / name) as image:
            heights.append(image.height)
        desk.trigger("file_overlays")
    assert heights[0] == heights[1] + 22  # the line that names it


def test_that_what_was_found_after_the_slice_in_view_is_laid_over_it(qtbot, tmp_path):
    desk = Desk(qtbot, tmp_path, entries=[])
    whole = series(with_lesion)
    found = replace(whole.volumes[0], has_findings=True)

    study = Study((replace(whole, volumes=(found,)),))
    desk.begin()
    desk.session.open(Study((series(),), is_complete=False))
    desk.wait(lambda: desk.session.slice is not None)
    desk.controller._scan._is_first_part = False
    desk.controller._scan._take_study(study)
    desk.wait(lambda: desk.session.slice is not None and desk.session.slice.overlays != ())
    assert desk.session.slice_index == 2


def test_that_the_convention_is_remembered(qtbot, desk, tmp_path):
    desk.window.commands["radiological"].setChecked(False)
    desk.settings.sync()
    again = Desk(qtbot, tmp_path)
    assert not again.session.is_radiological


def test_that_cancel_during_opening_leaves_what_was_in_view(desk):
    desk.open()
    study = desk.session.study
    desk.study = Study((series(),))
    desk.controller.open([Path("other")])
    desk.trigger("cancel")
    desk.wait(lambda: not desk.controller._scan._opening.is_busy)
    assert desk.session.study is study
    assert desk.window.busy_strip.isHidden()
