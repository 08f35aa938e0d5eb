"""The group "Window" under the series: histogram with handles, exact values, colours."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.imaging.study import Window
from magic_viewer.ui.theme import MARGIN, SPACING, fill_width
from magic_viewer.ui.value_box import ValueBox
from magic_viewer.ui.windowing import decimals


class WindowPanel(QWidget):
    """Shows a window and says which the user asks for. Folded it costs nothing."""

    center_requested = Signal(float)
    width_requested = Signal(float)
    colors_requested = Signal(str)
    unfolded = Signal(bool)
    shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fold = QToolButton()
        self._fold.setText(self.tr("Window"))
        self._fold.setAccessibleName(self.tr("Window: show or hide"))
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setAutoRaise(True)
        self._fold.setCheckable(True)
        self._fold.setProperty("role", "fold")
        self._fold.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._fold.toggled.connect(self._set_unfolded)
        self._reason = QLabel()
        self._reason.setTextFormat(Qt.TextFormat.PlainText)
        self._reason.setWordWrap(True)
        self._reason.setProperty("role", "quiet")
        self._center = ValueBox(self.tr("Centre of the window"))
        self._width = ValueBox(self.tr("Width of the window"))
        self._center.value_requested.connect(self.center_requested)
        self._width.value_requested.connect(self.width_requested)
        self._colors = QComboBox()
        self._colors.setAccessibleName(self.tr("Colours of the image"))
        self._colors.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._colors.currentTextChanged.connect(self.colors_requested)
        self._body = QWidget()
        self._lay_out()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._set_unfolded(False)
        self.set_window(None, "")

    @property
    def is_unfolded(self) -> bool:
        """Whether more than the title shows."""
        return self._fold.isChecked()

    @property
    def reason(self) -> str:
        """Why there is no window to change, or what to know of it."""
        return self._reason.text()

    def add_histogram(self, view: QWidget) -> None:
        """Puts the histogram in its place. It is made late: pyqtgraph takes long to import."""
        self._above.addWidget(view)

    def set_unfolded(self, is_unfolded: bool) -> None:
        """Opens or folds the group."""
        self._fold.setChecked(is_unfolded)

    def set_window(self, window: Window | None, reason: str) -> None:
        """The window's values; without one all is grey and the reason says why."""
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))
        for box in (self._center, self._width):
            box.setEnabled(window is not None)
        if window is None:
            self._center.clear()
            self._width.clear()
            return
        digits = decimals(window)
        self._center.show_value(window.center, digits)
        self._width.show_value(window.width, digits)

    def set_color_maps(self, names: tuple[str, ...]) -> None:
        """Those to choose from."""
        with QSignalBlocker(self._colors):
            self._colors.clear()
            self._colors.addItems(list(names))

    def set_colors(self, name: str, is_possible: bool) -> None:
        """The colour map of the image; a colour image has its own."""
        with QSignalBlocker(self._colors):
            self._colors.setCurrentText(name)
        self._colors.setEnabled(is_possible)

    def showEvent(self, event: QShowEvent) -> None:
        """Says that there is something to see again."""
        super().showEvent(event)
        self.shown.emit()

    def _set_unfolded(self, is_unfolded: bool) -> None:
        self._fold.setArrowType(Qt.ArrowType.DownArrow if is_unfolded else Qt.ArrowType.RightArrow)
        self._body.setVisible(is_unfolded)
        self.unfolded.emit(is_unfolded)

    def _lay_out(self) -> None:
        self._above = QVBoxLayout()
        self._above.setContentsMargins(0, 0, 0, 0)
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACING)
        grid.setVerticalSpacing(SPACING)
        grid.setColumnStretch(1, 1)
        rows = (
            (self.tr("Width"), self._width),
            (self.tr("Centre"), self._center),
            (self.tr("Colours"), self._colors),
        )
        for number, (name, widget) in enumerate(rows):
            fill_width(widget)
            grid.addWidget(QLabel(name), number, 0)
            grid.addWidget(widget, number, 1)
        inside = QVBoxLayout(self._body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(SPACING)
        inside.addWidget(self._reason)
        inside.addLayout(self._above)
        inside.addLayout(grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, SPACING, SPACING, MARGIN)
        column.setSpacing(SPACING)
        column.addWidget(self._fold)
        column.addWidget(self._body)
