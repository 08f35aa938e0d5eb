"""What holds for every control, text and drop of the window, also for those to come."""

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QProgressBar,
    QScrollBar,
    QTabBar,
    QWidget,
)

from magic_viewer.ui.preferences import Preferences
from magic_viewer.ui.settings_dialog import SettingsDialog

# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
UI = Path(__file__).parents[2] / "magic_viewer" / "ui"
CONTROLS = (
    *(QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractSlider),
    *(QLineEdit, QAbstractItemView),
)
PARTS_OF_OTHERS = (QAbstractSpinBox, QComboBox, QAbstractItemView, QTabBar)
SHOW_TEXT = {
    *("setText", "setWindowTitle", "setToolTip", "setAccessibleName", "setAccessibleDescription"),
    *("setPlaceholderText", "setTitle", "setLabelText", "setSuffix", "setPrefix", "addTab"),
    *("setInformativeText", "setNameFilter", "addMenu", "addAction", "addRow", "addItem"),
    *("QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QGroupBox", "QAction", "QFileDialog"),
}
# Names, units and keys, which are the same in every language.
SAME_EVERYWHERE = {"MAGIC Viewer", "log p –", "log p ", " nats · ", " bits/dim", "  (Alt+"}


def controls(above):
    for widget in above.findChildren(QWidget):
        is_own = not isinstance(widget, QScrollBar) and not widget.objectName().startswith("qt_")
        if isinstance(widget, CONTROLS) and is_own:
            parents = (widget.parentWidget(), widget.parentWidget().parentWidget())
            if not any(isinstance(one, PARTS_OF_OTHERS) for one in parents):
                yield widget


def name_of(widget, above):
    texts = [widget.accessibleName()]
    texts += [widget.text()] if isinstance(widget, QAbstractButton) else []
    texts += [one.text() for one in above.findChildren(QLabel) if one.buddy() is widget]
    return next((text for text in texts if text.strip()), "")


def described(widget):
    return f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}"


@pytest.fixture
def surfaces(opened, scan, qtbot):
    """The window with a scan open, and its settings."""
    opened.open(scan)
    dialog = SettingsDialog(Preferences(opened.settings), opened.window)
    dialog.open()
    yield opened.window
    dialog.close()


def test_that_every_control_has_a_name_for_screen_readers(surfaces):
    found = list(controls(surfaces))
    assert len(found) > 30
    assert [described(one) for one in found if not name_of(one, surfaces)] == []
    bars = surfaces.findChildren(QProgressBar)
    assert bars
    assert all(one.accessibleName() for one in bars)


def test_that_every_control_can_be_reached_by_keyboard(surfaces):
    unreached = [
        described(one)
        for one in controls(surfaces)
        if not one.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert unreached == []


def test_that_tab_leads_to_the_slice_slider_and_a_click_does_not(opened, scan, qtbot):
    opened.open(scan)
    slider = opened.window.viewer._slider
    assert slider.focusPolicy() == Qt.FocusPolicy.TabFocus
    slider.setFocus(Qt.FocusReason.TabFocusReason)
    before = opened.session.slice_index
    qtbot.keyClick(QApplication.focusWidget() or slider, Qt.Key.Key_Right)
    assert opened.session.slice_index == before + 1
    qtbot.keyClick(slider, Qt.Key.Key_Down)
    assert opened.session.slice_index == before + 2


def literal_words(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [one.value for one in node.values if isinstance(one, ast.Constant)]
    if isinstance(node, ast.BinOp):
        return literal_words(node.left) + literal_words(node.right)
    if isinstance(node, ast.IfExp):
        return literal_words(node.body) + literal_words(node.orelse)
    return []


def untranslated(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            function = node.func
            is_method = isinstance(function, ast.Attribute)
            name = function.attr if is_method else getattr(function, "id", "")
            if name in SHOW_TEXT:
                words = [word for one in node.args for word in literal_words(one)]
                yield from (one for one in words if sum(map(str.isalpha, one)) > 1)


def test_that_the_search_for_untranslated_texts_finds_them():
    source = 'label.setText(f"{n} things")\nQLabel("Hello" if a else self.tr("x"))\n'
    assert list(untranslated(source)) == [" things", "Hello"]


@pytest.mark.parametrize("path", sorted(UI.glob("*.py")), ids=lambda path: path.stem)
def test_that_every_text_can_be_translated(path):
    assert set(untranslated(path.read_text(encoding="utf-8"))) <= SAME_EVERYWHERE


def drop(widget, *paths):
    """As the window system does: the first of a widget's parents that takes it, gets it."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, plain = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier
    enter = QDragEnterEvent(QPoint(5, 5), copy, data, left, plain.NoModifier)
    enter.ignore()
    while widget is not None:
        if widget.acceptDrops():
            QApplication.sendEvent(widget, enter)
            if enter.isAccepted():
                event = QDropEvent(QPointF(5, 5), copy, data, left, plain.NoModifier)
                QApplication.sendEvent(widget, event)
                return
        widget = None if widget.isWindow() else widget.parentWidget()


def test_that_files_can_be_dropped_on_every_part_of_the_window(qtbot, opened, scan):
    opened.open(scan)
    window = opened.window
    places = [window, window.viewer.slice_view.viewport(), window.study_panel._list.viewport()]
    places += [window.gallery._list.viewport(), window.viewer._slider, *controls(window)]
    for place in places:
        with qtbot.waitSignal(window.paths_dropped) as dropped:
            drop(place, scan, scan.parent)
        assert dropped.args == [[scan, scan.parent]], described(place)


def test_that_words_dropped_on_the_window_are_no_files(qtbot, opened):
    data = QMimeData()
    data.setText("no file")
    event = QDragEnterEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event.ignore()
    QApplication.sendEvent(opened.window, event)
    assert not event.isAccepted()
