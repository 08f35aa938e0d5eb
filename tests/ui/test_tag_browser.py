"""The tags of the file in view: search, copy, and following the slice."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel, QLineEdit, QTreeView
from pytestqt.qtbot import QtBot

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.load import open_study
from magic_viewer.imaging.tags import Tag
from magic_viewer.progress import drain
from magic_viewer.ui import tag_controller
from magic_viewer.ui.tag_browser import TagBrowser
from magic_viewer.ui.tag_model import TagModel, one_line
from tests.imaging.conftest import pixels, write_dicom, write_stack  # noqa: F401
from tests.ui.test_controller import Desk

# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

TAGS = (
    Tag("Modality", "(0008,0060)", "CS", "CT"),
    Tag("Series Description", "(0008,103E)", "LO", "<b>x</b>"),
    Tag(
        "Other Patient IDs Sequence",
        "(0010,1002)",
        "SQ",
        "2 items",
        (
            Tag("Item 1", children=(Tag("Patient ID", "(0010,0020)", "LO", "A1"),)),
            Tag("Item 2", children=(Tag("Patient ID", "(0010,0020)", "LO", "B2"),)),
        ),
    ),
    Tag("Image Comments", "(0020,4000)", "LT", "one\r\ntwo" + "." * 5000),
)


@pytest.fixture
def browser(qtbot: QtBot) -> TagBrowser:
    browser = TagBrowser()
    qtbot.addWidget(browser)
    browser.set_tags("<i>a</i>.dcm", TAGS)
    browser.show()
    return browser


def tree(browser: TagBrowser) -> QTreeView:
    return browser.findChild(QTreeView)


def shown(browser: TagBrowser) -> list[str]:
    """The names of the rows that are to be seen, from the top."""
    view = tree(browser)
    names, index = [], view.model().index(0, 0)
    while index.isValid():
        names.append(index.data())
        index = view.indexBelow(index)
    return names


def search(qtbot: QtBot, browser: TagBrowser, text: str) -> None:
    field = browser.findChild(QLineEdit)
    field.clear()
    qtbot.keyClicks(field, text)
    qtbot.waitUntil(lambda: browser._model._words == text.casefold().split())


def texts(browser: TagBrowser) -> list[str]:
    return [label.text() for label in browser.findChildren(QLabel) if label.isVisible()]


def test_that_the_model_keeps_qts_rules() -> None:
    model = TagModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    model.set_tags(TAGS)
    model.search("b2")
    model.search("")
    model.set_tags(())
    assert tester.model() is model


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("modality", ["Modality"]),
        ("0008,0060", ["Modality"]),
        ("00080060", ["Modality"]),
        ("<B>", ["Series Description"]),
        ("description series", ["Series Description"]),
        ("b2", ["Other Patient IDs Sequence", "Item 2", "Patient ID"]),
        ("other patient", ["Other Patient IDs Sequence"]),
        ("nowhere", []),
    ],
)
def test_that_a_search_shows_hits_and_what_they_hang_in(
    qtbot: QtBot, browser: TagBrowser, text: str, names: list[str]
) -> None:
    search(qtbot, browser, text)
    assert shown(browser) == names
    assert any(label.endswith("of 8 entries") for label in texts(browser))


def test_that_what_hangs_in_a_hit_can_be_opened(qtbot: QtBot, browser: TagBrowser) -> None:
    search(qtbot, browser, "other")
    tree(browser).expandAll()
    assert shown(browser).count("Patient ID") == 2


def test_that_after_a_search_the_tree_is_as_before(qtbot: QtBot, browser: TagBrowser) -> None:
    tree(browser).expand(tree(browser).model().index(2, 0))
    before = shown(browser)
    search(qtbot, browser, "b2")
    search(qtbot, browser, "")
    assert shown(browser) == before
    assert before[3:5] == ["Item 1", "Item 2"]


def test_that_from_file_to_file_the_same_stays_open_and_chosen(browser: TagBrowser) -> None:
    view = tree(browser)
    view.expand(view.model().index(2, 0))
    view.setCurrentIndex(view.model().index(1, 0, view.model().index(2, 0)))
    browser.set_tags("b.dcm", (Tag("First", "(0002,0000)"), *TAGS))
    assert shown(browser)[4:6] == ["Item 1", "Item 2"]
    assert view.currentIndex().data() == "Item 2"
    assert view.currentIndex().parent().row() == 3


def test_that_rows_are_copied_whole_and_in_the_order_of_the_file(
    qtbot: QtBot, browser: TagBrowser
) -> None:
    view = tree(browser)
    view.setFocus()
    view.expandAll()
    view.selectAll()
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert lines[:2] == ["(0008,0060) Modality: CT", "(0008,103E) Series Description: <b>x</b>"]
    assert lines[3:5] == ["Item 1:", "(0010,0020) Patient ID: A1"]
    assert lines[-1].endswith("." * 5000)


def test_that_a_value_alone_is_copied_whole(qtbot: QtBot, browser: TagBrowser) -> None:
    view = tree(browser)
    view.setFocus()
    view.setCurrentIndex(view.model().index(3, 0))
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(view, Qt.Key.Key_C, modifiers)
    assert QGuiApplication.clipboard().text() == TAGS[3].value
    assert [action.text() for action in view.actions()] == ["Copy value", "Copy rows"]


def test_that_text_from_the_file_is_no_markup_and_one_line(browser: TagBrowser) -> None:
    view = tree(browser)
    cell = view.model().index(1, 3)
    assert cell.data() == "<b>x</b>"
    assert "<b>" not in cell.data(Qt.ItemDataRole.ToolTipRole)
    assert "<i>a</i>.dcm" in texts(browser)
    for label in browser.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText
    long = view.model().index(3, 3).data()
    assert long.startswith("one ⏎ two...")
    assert long.endswith("…")
    assert one_line("a\u202eb\0c") == "a�b�c"


def test_that_the_keyboard_reaches_the_tree_and_the_search(
    qtbot: QtBot, browser: TagBrowser
) -> None:
    field = browser.findChild(QLineEdit)
    browser.activateWindow()
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert tree(browser).hasFocus()
    assert browser.isVisible()
    qtbot.keyClick(tree(browser), Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert field.hasFocus()
    assert field.accessibleName()
    assert tree(browser).accessibleName()
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not browser.isVisible()


# With the window


OpenDesk = Callable[..., Desk]


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Desk:
    return Desk(qtbot, tmp_path, entries=[]).begin()


@pytest.fixture
def open_desk(qtbot: QtBot, tmp_path: Path) -> OpenDesk:
    """Gives a function that opens files in a window without models."""

    def open_(*paths: Path) -> Desk:
        study = drain(open_study(list(paths)))
        return Desk(qtbot, tmp_path, study, entries=[]).begin().open()

    return open_


def browser_of(desk: Desk) -> TagBrowser:
    desk.trigger("tags")
    return desk.controller._tags._browser


def shows(browser: TagBrowser, *facts: str) -> bool:
    values = {row.tag.value for row in browser._model._rows}
    return values.issuperset(facts)


def test_that_the_tags_follow_the_slice(open_desk: OpenDesk, write_stack) -> None:  # noqa: F811
    desk = open_desk(*write_stack([10.0, 20.0, 30.0]))
    browser = browser_of(desk)
    desk.wait(lambda: "001.dcm" in texts(browser))
    desk.trigger("next_slice")
    desk.wait(lambda: "002.dcm" in texts(browser))
    assert shows(browser, "-10.0\\-20.0\\30.0")
    assert not browser.isModal()


def test_that_a_file_of_many_slices_is_read_once(
    open_desk: OpenDesk, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = tag_controller.read_tags
    monkeypatch.setattr(tag_controller, "read_tags", lambda file: asked.append(file) or real(file))
    desk = open_desk(scan)
    browser = browser_of(desk)
    desk.wait(lambda: browser._model.count > 40)
    number = desk.session.slice_index
    desk.trigger("next_slice")
    desk.wait(lambda: desk.session.slice is not None and desk.session.slice.index > number)
    assert asked == [scan]


def test_that_nothing_is_read_while_the_browser_is_closed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_of(desk)
    assert "Open a scan" in browser.problem
    browser.close()
    monkeypatch.setattr(tag_controller, "read_tags", None)
    desk.open()
    assert not desk.controller._tags._lane.is_busy


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ImagingError("The tags of a.dcm can't be read: it is damaged."), "it is damaged"),
        (RuntimeError("Doe^Jane"), "Something went wrong"),
    ],
)
def test_that_a_failure_is_told_where_the_tags_would_be(
    open_desk: OpenDesk, scan: Path, monkeypatch: pytest.MonkeyPatch, caplog, error, told
) -> None:
    def fail(_file):
        raise error

    desk = open_desk(scan)
    browser = browser_of(desk)
    desk.wait(lambda: browser._model.count > 40)
    monkeypatch.setattr(tag_controller, "read_tags", fail)
    desk.trigger("tags")
    desk.wait(lambda: told in browser.problem)
    assert browser._model.count == 0
    assert "Doe" not in caplog.text + browser.problem
    assert "a.dcm" not in caplog.text


def test_that_a_slice_without_a_file_says_so(desk: Desk) -> None:
    desk.open()
    assert "no file" in browser_of(desk).problem


def test_that_the_browser_goes_with_the_window(desk: Desk) -> None:
    browser = browser_of(desk)
    desk.window.close()
    assert not browser.isVisible()
