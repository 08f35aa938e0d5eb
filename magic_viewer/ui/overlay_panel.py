"""Controls of the likelihood map: which class, against which, how it is coloured."""

from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.pipeline.overlay import SEQUENTIAL_MAPS
from magic_viewer.ui.class_bars import nats
from magic_viewer.ui.theme import SPACING, fill_width


@dataclass(frozen=True)
class OverlaySettings:
    """What the user wants to see over the slice.

    Attributes:
        is_visible: whether a map is shown at all.
        target: a class, or None for the most probable one.
        against: the class to subtract, or None for log p(x | target) itself.
        opacity: 0..1.
        color_map: for maps that are no contrast.
        has_outline: whether the model's input is outlined.
    """

    is_visible: bool = True
    target: str | None = None
    against: str | None = None
    opacity: float = 0.5
    color_map: str = SEQUENTIAL_MAPS[0]
    has_outline: bool = False


class OverlayPanel(QWidget):
    """Shows the settings it is given and says what the user makes of them."""

    settings_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._visible = QCheckBox(self.tr("Show over the slice (T)"))
        self._outline = QCheckBox(self.tr("Outline what the model sees"))
        self._target = _combo(self.tr("Class of the map"))
        self._against = _combo(self.tr("Class to subtract"))
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._opacity.setAccessibleName(self.tr("Opacity"))
        self._colors = _combo(self.tr("Colour map"))
        self._colors.addItems(SEQUENTIAL_MAPS)
        self._sum = QLabel()
        self._sum.setTextFormat(Qt.TextFormat.PlainText)
        self._sum.setWordWrap(True)
        self._sum.setProperty("role", "quiet")
        self._sum.setAccessibleName(self.tr("Sum of the map"))
        self._lay_out()
        self._connect()
        self.set_labels(())
        self.set_settings(OverlaySettings())

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """The classes to choose from."""
        for combo, first in (
            (self._target, self.tr("Most probable class")),
            (self._against, self.tr("Nothing")),
        ):
            with QSignalBlocker(combo):
                combo.clear()
                combo.addItem(first, None)
                for label in labels:
                    combo.addItem(label, label)
        self.setEnabled(bool(labels))

    def set_settings(self, settings: OverlaySettings) -> None:
        """Shows settings."""
        widgets = (self._visible, self._outline, self._target, self._against, self._opacity)
        blockers = [QSignalBlocker(widget) for widget in (*widgets, self._colors)]
        self._visible.setChecked(settings.is_visible)
        self._outline.setChecked(settings.has_outline)
        self._target.setCurrentIndex(max(0, self._target.findData(settings.target)))
        self._against.setCurrentIndex(max(0, self._against.findData(settings.against)))
        self._opacity.setValue(round(100 * settings.opacity))
        self._colors.setCurrentText(settings.color_map)
        self._colors.setEnabled(settings.against is None)
        del blockers

    def set_sum(self, map_sum: float, total: float, title: str) -> None:
        """The map's own sum beside the log-likelihood it is spread from."""
        text = self.tr("Sum of the map {sum} nats\n{title} = {total} nats")
        self._sum.setText(text.format(sum=nats(map_sum), title=title, total=nats(total)))

    def clear_sum(self) -> None:
        """No map."""
        self._sum.setText("\n")

    def _settings(self) -> OverlaySettings:
        return OverlaySettings(
            is_visible=self._visible.isChecked(),
            target=self._target.currentData(),
            against=self._against.currentData(),
            opacity=self._opacity.value() / 100,
            color_map=self._colors.currentText(),
            has_outline=self._outline.isChecked(),
        )

    def _ask(self, *_: object) -> None:
        self.settings_requested.emit(self._settings())

    def _connect(self) -> None:
        for box in (self._visible, self._outline):
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.toggled.connect(self._ask)
        for combo in (self._target, self._against, self._colors):
            combo.currentIndexChanged.connect(self._ask)
        self._opacity.valueChanged.connect(self._ask)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Likelihood map"))
        title.setProperty("role", "title")
        form = QFormLayout()
        form.setHorizontalSpacing(2 * SPACING)
        form.setVerticalSpacing(SPACING)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(self.tr("log p(x | class)"), self._target)
        form.addRow(self.tr("minus"), self._against)
        form.addRow(self.tr("Opacity"), self._opacity)
        form.addRow(self.tr("Colours"), self._colors)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        for widget in (title, self._visible):
            column.addWidget(widget)
        column.addLayout(form)
        for widget in (self._outline, self._sum):
            column.addWidget(widget)


def _combo(name: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    fill_width(combo)
    return combo
