"""The what-if brush: its settings, and each class before and after the edit."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.imaging.brush import KINDS, Kind
from magic_viewer.pipeline.results import Classification
from magic_viewer.ui.theme import SPACING, fill_width
from magic_viewer.ui.whatif_table import WhatIfTable

SIZES = 40


@dataclass(frozen=True)
class BrushSettings:
    """What the user wants of the brush.

    Attributes:
        kind: what a stroke does.
        size: 0..SIZES, each a tenth larger than the one before.
        strength: 0..1.
        maps_change: whether the map over the slice is that of the change.
    """

    kind: Kind = "blur"
    size: int = 22
    strength: float = 1.0
    maps_change: bool = False

    def resized(self, steps: int) -> "BrushSettings":
        """Larger by so many steps."""
        return replace(self, size=min(max(self.size + steps, 0), SIZES))


class WhatIfPanel(QWidget):
    """Shows what it is given and says what the user asks for; hidden outside of the mode."""

    settings_requested = Signal(object)
    undo_requested = Signal()
    redo_requested = Signal()
    original_requested = Signal()
    end_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = BrushSettings()
        self._kind = self._make_kinds()
        self._size = _slider(self.tr("Brush size"), SIZES)
        self._diameter = _value_label("888.8 mm")
        self._strength = _slider(self.tr("Brush strength"), 100)
        self._percent = _value_label("100 %")
        self._change = QCheckBox(self.tr("Map the change: edited − original"))
        self._change.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._undo = _button(self.tr("Undo"), self.tr("Take back the last stroke (Ctrl+Z)"))
        self._redo = _button(self.tr("Redo"), self.tr("The stroke once more (Ctrl+Y)"))
        self._original = _button(
            self.tr("Back to the original"), self.tr("Take back all strokes; Redo has them")
        )
        self._end = _button(self.tr("Leave"), self.tr("Leave “What if…” (Esc)"))
        self._table = WhatIfTable()
        self._note = QLabel()
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setWordWrap(True)
        self._note.setProperty("role", "quiet")
        self._lay_out()
        self._connect()
        self.set_settings(self._settings)
        self.set_steps(False, False)
        self.set_note("")
        self.hide()

    # What to show

    def set_settings(self, settings: BrushSettings) -> None:
        """Shows settings."""
        self._settings = settings
        widgets = (self._kind, self._size, self._strength, self._change)
        blockers = [QSignalBlocker(widget) for widget in widgets]
        self._kind.setCurrentIndex(self._kind.findData(settings.kind))
        self._size.setValue(settings.size)
        self._strength.setValue(round(100 * settings.strength))
        self._percent.setText(f"{100 * settings.strength:.0f} %")
        self._change.setChecked(settings.maps_change)
        del blockers

    def set_diameter(self, text: str) -> None:
        """The brush's width in words, "12.3 mm"."""
        self._diameter.setText(text)
        self._size.setAccessibleDescription(text)

    def set_steps(self, can_undo: bool, can_redo: bool) -> None:
        """Which ways there are."""
        self._undo.setEnabled(can_undo)
        self._original.setEnabled(can_undo)
        self._redo.setEnabled(can_redo)

    def set_comparison(self, before: Classification | None, after: Classification | None) -> None:
        """What the model said of the slice, and says of its edited copy; None: not known yet."""
        self._table.set_comparison(before, after)

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """The classes of the model."""
        self._table.set_labels(labels)

    def set_note(self, text: str) -> None:
        """A sentence under the table, or nothing."""
        self._note.setText(text)
        self._note.setVisible(bool(text))

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """(class, probability before → after, change of its log-likelihood), as shown."""
        return self._table.texts

    @property
    def note(self) -> str:
        """The sentence under the table."""
        return self._note.text()

    # What the user asks for

    def _ask(self, *_: object) -> None:
        self._settings = BrushSettings(
            kind=self._kind.currentData(),
            size=self._size.value(),
            strength=self._strength.value() / 100,
            maps_change=self._change.isChecked(),
        )
        self.settings_requested.emit(self._settings)

    def _connect(self) -> None:
        self._kind.currentIndexChanged.connect(self._ask)
        self._size.valueChanged.connect(self._ask)
        self._strength.valueChanged.connect(self._ask)
        self._change.toggled.connect(self._ask)
        self._undo.clicked.connect(self.undo_requested)
        self._redo.clicked.connect(self.redo_requested)
        self._original.clicked.connect(self.original_requested)
        self._end.clicked.connect(self.end_requested)

    def _make_kinds(self) -> QComboBox:
        words: dict[Kind, str] = {
            "blur": self.tr("Blur"),
            "noise": self.tr("Add noise"),
            "fill": self.tr("Replace by the surroundings"),
            "mirror": self.tr("Replace by the other side"),
        }
        combo = QComboBox()
        combo.setAccessibleName(self.tr("What the brush does"))
        combo.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for kind in KINDS:
            combo.addItem(words[kind], kind)
        fill_width(combo)
        return combo

    def _lay_out(self) -> None:
        title = QLabel(self.tr("What if…"))
        title.setProperty("role", "title")
        heading = QHBoxLayout()
        heading.addWidget(title, 1)
        heading.addWidget(self._end)
        form = QFormLayout()
        form.setHorizontalSpacing(2 * SPACING)
        form.setVerticalSpacing(SPACING)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(self.tr("Brush"), self._kind)
        form.addRow(self.tr("Size  [ ]"), _beside(self._size, self._diameter))
        form.addRow(self.tr("Strength"), _beside(self._strength, self._percent))
        steps = QHBoxLayout()
        steps.setSpacing(SPACING)
        for button in (self._undo, self._redo, self._original):
            steps.addWidget(button, int(button is self._original))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(heading)
        column.addLayout(form)
        column.addLayout(steps)
        for widget in (self._table, self._change, self._note):
            column.addWidget(widget)


def _slider(name: str, most: int) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, most)
    slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    slider.setAccessibleName(name)
    return slider


def _value_label(longest: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance(longest))
    return label


def _beside(slider: QSlider, label: QLabel) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addWidget(slider, 1)
    row.addWidget(label)
    return row


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
