"""The settings: one row each, in force at once. A row more is a line more in `_rows`."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.ui.preferences import (
    FILE_OVERLAYS,
    MOUSE_PROFILE,
    RADIOLOGICAL,
    REMEMBER_RECENT,
    THEME,
    Preference,
    Preferences,
)
from magic_viewer.ui.theme import MARGIN, fill_width


@dataclass(frozen=True)
class _Row:
    """One setting as the user reads it; `words` stand beside the preference's choices."""

    preference: Preference[Any]
    text: str
    words: tuple[str, ...] = ()
    hint: str = ""


class SettingsDialog(QDialog):
    """Shows the preferences and writes what the user chooses."""

    reset_requested = Signal()

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._preferences = preferences
        self._controls: list[tuple[_Row, QCheckBox | QComboBox]] = []
        form = QFormLayout()
        form.setHorizontalSpacing(2 * MARGIN)
        form.setVerticalSpacing(MARGIN)
        for row in self._rows():
            self._add_row(form, row)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * MARGIN, 2 * MARGIN, 2 * MARGIN, MARGIN)
        column.setSpacing(2 * MARGIN)
        column.addLayout(form)
        column.addStretch(1)
        column.addWidget(self._buttons())
        self.setMinimumWidth(480)
        # A method, which goes with the dialog; a function would outlive it.
        preferences.changed.connect(self._show_values)
        self._show_values()

    def _rows(self) -> list[_Row]:
        looks = (self.tr("Dark"), self.tr("Light"), self.tr("As the system"))
        mice = (
            self.tr("Clinical: left window, right zoom"),
            self.tr("Research: left crosshair, right zoom"),
        )
        return [
            _Row(THEME, self.tr("Look"), looks),
            _Row(MOUSE_PROFILE, self.tr("Mouse"), mice),
            _Row(RADIOLOGICAL, self.tr("Radiological: patient's right on screen left")),
            _Row(FILE_OVERLAYS, self.tr("Show overlays of the file")),
            _Row(
                REMEMBER_RECENT,
                self.tr("Remember recent studies"),
                hint=self.tr("Only where they are and when they were opened, on this computer."),
            ),
        ]

    def _add_row(self, form: QFormLayout, row: _Row) -> None:
        if isinstance(row.preference.default, bool):
            box = QCheckBox(row.text)
            box.toggled.connect(lambda on, of=row: self._set(of, on))
            form.addRow(box)
            self._controls.append((row, box))
        else:
            combo = QComboBox()
            combo.setAccessibleName(row.text)
            combo.addItems(row.words)
            combo.currentIndexChanged.connect(lambda index, of=row: self._choose(of, index))
            fill_width(combo)
            form.addRow(row.text, combo)
            self._controls.append((row, combo))
        if row.hint:
            hint = QLabel(row.hint)
            hint.setProperty("role", "quiet")
            hint.setWordWrap(True)
            hint.setContentsMargins(22, 0, 0, 0)
            form.addRow(hint)

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        reset = QPushButton(self.tr("Reset everything…"))
        reset.setAutoDefault(False)
        reset.clicked.connect(self._ask_to_reset)
        buttons.addButton(reset, QDialogButtonBox.ButtonRole.ResetRole)
        return buttons

    @Slot(str)
    def _show_values(self, _changed: str = "") -> None:
        for row, control in self._controls:
            with QSignalBlocker(control):
                value = self._preferences.get(row.preference)
                if isinstance(control, QCheckBox):
                    control.setChecked(bool(value))
                else:
                    control.setCurrentIndex(row.preference.choices.index(value))

    def _set(self, row: _Row, is_on: bool) -> None:
        self._preferences.set(row.preference, is_on)

    def _choose(self, row: _Row, index: int) -> None:
        self._preferences.set(row.preference, row.preference.choices[index])

    def _ask_to_reset(self) -> None:
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Reset everything"))
        box.setText(self.tr("Set everything back to how it was at first?"))
        box.setInformativeText(
            self.tr("All settings, the columns' widths and the list of recent studies are lost.")
        )
        reset = box.addButton(self.tr("Reset"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        reset.clicked.connect(self.reset_requested)
        box.open()
