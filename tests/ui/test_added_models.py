"""Models from files in the window, each way in; and the word on a non-commercial licence."""

import json
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QFileOpenEvent
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox

from magic_viewer import paths
from magic_viewer.pipeline.model_file import pack
from magic_viewer.ui.add_model_dialog import AddModelDialog
from magic_viewer.ui.file_events import FileEvents
from magic_viewer.ui.licence_notice import LicenceNotice
from magic_viewer.ui.licences import Licences
from magic_viewer.ui.preferences import NONCOMMERCIAL

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of models, empty."""
    folder = tmp_path / "data" / "models"
    monkeypatch.setattr(paths, "added_models", lambda: folder)
    monkeypatch.setattr("magic_viewer.pipeline.added.added_models", lambda: folder)
    return folder


@pytest.fixture
def mine(side_model: Path, tmp_path: Path) -> Path:
    """A model's folder whose model isn't in the program yet."""
    folder = Path(shutil.copytree(side_model, tmp_path / "given" / "mine"))
    change_config(folder, title="My <b>model</b>", licence="CC0")
    return folder


@pytest.fixture
def file(mine: Path, tmp_path: Path) -> Path:
    pack(mine, tmp_path / "größe 1.magicmodel")
    return tmp_path / "größe 1.magicmodel"


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def dialog_of(opened) -> AddModelDialog:
    shown = lambda: [d for d in opened.window.findChildren(AddModelDialog) if d.isVisible()]  # noqa: E731
    opened.wait(lambda: bool(shown()))
    return shown()[0]


def checked(opened) -> AddModelDialog:
    """The dialog, once the model may be added."""
    dialog = dialog_of(opened)
    opened.wait(dialog._add.isEnabled)
    return dialog


def loaded(opened, name: str) -> None:
    opened.wait(lambda: opened.session.model is not None and opened.session.model.name == name)


def drop(opened, *given: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in given])
    no = Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, no)
    opened.window.dropEvent(event)


def tell(opened, path: Path) -> None:
    """As macOS does after a double click."""
    files = FileEvents(opened.window)
    files.paths_given.connect(opened.controller.open)
    QApplication.instance().installEventFilter(files)
    QApplication.sendEvent(QApplication.instance(), QFileOpenEvent(str(path)))
    QApplication.instance().removeEventFilter(files)


def entries(opened) -> list[str]:
    combo = opened.window.model_chooser._combo
    return [combo.itemText(index) for index in range(combo.count())]


@pytest.mark.parametrize("way", ["file", "folder", "drop", "event"])
def test_that_a_model_is_shown_before_it_is_added_and_then_chosen(way, opened, mine, file, home):
    if way == "drop":
        drop(opened, file)
    elif way == "event":
        tell(opened, file)
    else:
        opened.controller.open([file if way == "file" else mine])
    dialog = checked(opened)
    words = "\n".join(label.text() for label in dialog.findChildren(QLabel))
    for word in (
        "My <b>model</b>",
        "left, right",
        "× 32 pixels",
        "CC0",
        "Not one of the program's own",
    ):
        assert word in words
    assert all(
        label.textFormat() == Qt.TextFormat.PlainText for label in dialog.findChildren(QLabel)
    )
    assert not (home / "mine").exists()
    dialog._add.click()
    loaded(opened, "mine")
    assert "My <b>model</b> – added by you" in entries(opened)


def test_that_a_model_given_before_the_window_is_built_is_not_lost(make_window, file, monkeypatch):
    from magic_viewer.ui.controller import Controller

    begin = Controller.begin
    monkeypatch.setattr(
        Controller, "begin", lambda self, model: (self.open([file]), begin(self, model))
    )
    opened = make_window()
    checked(opened).reject()


def test_that_a_scan_and_a_model_given_together_are_both_taken(opened, file, scan):
    opened.controller.open([file, scan])
    checked(opened).reject()
    opened.wait(lambda: opened.session.slice is not None)


def test_that_cancel_keeps_nothing_and_the_next_model_is_asked_about(opened, mine, file, home):
    opened.controller.open([file, mine])
    first = checked(opened)
    first.reject()
    opened.wait(lambda: dialog_of(opened) is not first)
    checked(opened).reject()
    opened.wait(lambda: list(home.iterdir()) == [])


def test_that_cancel_while_it_is_checked_keeps_nothing(opened, file, home):
    opened.controller.open([file])
    dialog_of(opened).reject()
    opened.wait(lambda: not opened.controller._added._staging.is_busy)
    assert not home.exists() or list(home.iterdir()) == []


def test_that_closing_the_window_keeps_nothing(opened, file, home):
    opened.controller.open([file])
    checked(opened)
    opened.window.close()
    assert list(home.iterdir()) == []


def test_that_what_does_not_fit_costs_one_sentence(opened, file, home):
    file.write_bytes(file.read_bytes()[:1000])
    opened.controller.open([file])
    opened.wait(lambda: "größe 1.magicmodel" in opened.window.message_bar.text)
    assert not [d for d in opened.window.findChildren(AddModelDialog) if d.isVisible()]
    assert opened.session.model.name == "side"


def test_that_a_model_that_is_there_is_chosen_and_not_added_again(opened, side_model, home):
    opened.controller.open([side_model])
    opened.wait(lambda: "already there" in opened.window.message_bar.text)
    loaded(opened, "side")
    assert list(home.iterdir()) == []


def test_that_only_an_added_model_can_be_removed_and_only_after_a_question(opened, file, home):
    remove = opened.window.commands["remove_model"]
    assert not remove.isEnabled()
    opened.controller.open([file])
    checked(opened)._add.click()
    loaded(opened, "mine")
    remove.trigger()
    box = next(box for box in opened.window.findChildren(QMessageBox) if box.isVisible())
    assert (home / "mine").exists()
    next(button for button in box.buttons() if "Remove" in button.text()).click()
    opened.wait(lambda: not any("added by you" in words for words in entries(opened)))
    assert list(home.iterdir()) == []
    assert not remove.isEnabled()


# Non-commercial licences


@pytest.fixture
def noncommercial(mine: Path, monkeypatch: pytest.MonkeyPatch, make_window):
    """A window whose model "mine" is under a non-commercial licence."""
    change_config(mine, licence="CC BY-NC-SA 4.0 (of the test)")
    shutil.copytree(mine.parent.parent / "given", mine.parent.parent / "models")
    opened = make_window()
    monkeypatch.setenv("MAGIC_VIEWER_MODELS", str(mine.parent.parent / "models"))
    opened.controller._models.begin("mine")
    opened.wait(lambda: opened.controller._models._asked is not None)
    return opened


def notice(opened) -> LicenceNotice:
    found = opened.window.findChild(LicenceNotice)
    assert isinstance(found, LicenceNotice)
    return found


def test_that_a_non_commercial_model_is_not_used_before_the_word_is_given(noncommercial, scan):
    opened = noncommercial
    opened.controller.open([scan])
    opened.wait(lambda: opened.session.slice is not None)
    assert notice(opened).isVisible()
    assert "CC BY-NC-SA 4.0 (of the test)" in notice(opened)._licence.text()
    assert opened.session.model is None
    assert "licence" in opened.window.classify_panel.verdict
    notice(opened).accepted.emit()
    opened.answered()
    assert opened.session.model.name == "mine"
    assert not notice(opened).isVisible()


def test_that_the_word_can_be_given_by_a_key(qtbot, noncommercial):
    qtbot.keyClick(noncommercial.window, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    loaded(noncommercial, "mine")


def test_that_the_word_is_remembered_until_the_settings_are_reset(noncommercial, side_model):
    opened = noncommercial
    notice(opened).accepted.emit()
    loaded(opened, "mine")
    opened.controller._models.begin("mine")
    opened.wait(lambda: opened.session.model is not None)
    assert opened.controller._models._asked is None
    opened.controller.program.reset()
    opened.controller._models.begin("mine")
    opened.wait(lambda: opened.controller._models._asked is not None)


def test_that_another_model_can_be_chosen_instead(noncommercial):
    opened = noncommercial
    index = next(
        number
        for number, entry in enumerate(opened.controller._models._entries)
        if entry.info is not None and not entry.info.is_noncommercial
    )
    opened.window.model_chooser._combo.setCurrentIndex(index)
    assert not notice(opened).isVisible()
    opened.wait(lambda: opened.session.model is not None)
    assert opened.controller.program.preferences.get(NONCOMMERCIAL) == "[]"


@pytest.mark.parametrize("kept", ["", "7", "{", '["x", 3]', "[" * 10_000])
def test_that_settings_that_make_no_sense_count_as_no_word(kept, noncommercial):
    preferences = noncommercial.controller.program.preferences
    preferences.set(NONCOMMERCIAL, kept)
    info = noncommercial.controller._models._asked
    assert Licences(preferences).must_ask(info)
    Licences(preferences).accept(info)
    assert not Licences(preferences).must_ask(info)
