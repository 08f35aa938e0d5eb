"""Names, widths and centres of the CT presets, to be changed and to be put back."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.imaging.display import CT_PRESETS
from magic_viewer.imaging.study import Window
from magic_viewer.ui.presets import NAME_LENGTH
from magic_viewer.ui.theme import MARGIN, SPACING
from magic_viewer.ui.value_box import ValueBox


class PresetDialog(QDialog):
    """One row a preset. Says what is wanted when it is accepted."""

    presets_requested = Signal(object)

    def __init__(self, presets: Sequence[Window], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("CT presets"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._rows: list[tuple[QLineEdit, ValueBox, ValueBox]] = []
        grid = QGridLayout()
        grid.setHorizontalSpacing(MARGIN)
        grid.setVerticalSpacing(SPACING)
        heads = (self.tr("Key"), self.tr("Name"), self.tr("Width (HU)"), self.tr("Centre (HU)"))
        for column, text in enumerate(heads):
            head = QLabel(text)
            head.setProperty("role", "quiet")
            grid.addWidget(head, 0, column)
        for number in range(len(presets)):
            self._add_row(grid, number + 1)
        column_ = QVBoxLayout(self)
        column_.setSpacing(MARGIN)
        column_.addLayout(grid)
        column_.addWidget(self._buttons())
        self.show_presets(presets)

    def show_presets(self, presets: Sequence[Window]) -> None:
        """Fills the rows."""
        for (name, width, center), preset in zip(self._rows, presets, strict=True):
            name.setText(preset.name)
            width.show_value(preset.width, 0)
            center.show_value(preset.center, 0)

    def presets(self) -> tuple[Window, ...]:
        """What the rows say; a row without a name keeps the usual one."""
        return tuple(
            Window(center.value(), width.value(), name=name.text().strip() or usual.name)
            for (name, width, center), usual in zip(self._rows, CT_PRESETS, strict=True)
        )

    def _add_row(self, grid: QGridLayout, number: int) -> None:
        name = QLineEdit()
        name.setMaxLength(NAME_LENGTH)
        name.setAccessibleName(self.tr("Name of preset {number}").format(number=number))
        width = ValueBox(self.tr("Width of preset {number}").format(number=number))
        center = ValueBox(self.tr("Centre of preset {number}").format(number=number))
        width.setRange(1, 100_000)
        center.setRange(-100_000, 100_000)
        self._rows.append((name, width, center))
        for column, widget in enumerate((QLabel(str(number)), *self._rows[-1])):
            grid.addWidget(widget, number, column)

    def _buttons(self) -> QDialogButtonBox:
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel | kinds.RestoreDefaults)
        for button in buttons.buttons():
            button.setIcon(QIcon())
        reset = buttons.button(kinds.RestoreDefaults)
        reset.setText(self.tr("Reset"))
        reset.setAutoDefault(False)
        reset.clicked.connect(lambda: self.show_presets(CT_PRESETS))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.presets_requested.emit(self.presets()))
        return buttons
