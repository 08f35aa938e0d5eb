"""How the map is coloured: opacity, what is hidden, range, colours, unit."""

from dataclasses import replace

from PySide6.QtCore import QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QWidget

from magic_viewer.pipeline.overlay import (
    DIVERGING_MAPS,
    SEQUENTIAL_MAPS,
    UNIT,
    UNIT_PER_AREA,
    Limits,
)
from magic_viewer.ui.calm import CalmCombo, CalmNumber, CalmSlider
from magic_viewer.ui.fold import Fold
from magic_viewer.ui.overlay_settings import OverlaySettings
from magic_viewer.ui.theme import SPACING

_FARTHEST = 1e6


class MapColors(QObject):
    """Shows its part of the settings, and gives them with what the user makes of it."""

    changed = Signal()

    def __init__(self, form: QFormLayout) -> None:
        super().__init__()
        self._opacity = CalmSlider(self.tr("Opacity"))
        self._opacity.setRange(0, 100)
        self._opacity_words = QLabel()
        self._opacity_words.setProperty("role", "quiet")
        self._opacity_words.setMinimumWidth(
            self._opacity_words.fontMetrics().horizontalAdvance("100 %")
        )
        self._opacity_words.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._threshold = _number(self.tr("Hide values nearer to 0 than"), 0.0)
        self._threshold.setSpecialValueText(self.tr("nothing hidden"))
        self._range = CalmCombo(self.tr("Range of the colours"))
        for words, kind in (
            (self.tr("5th to 95th percentile"), "percentiles"),
            (self.tr("locked across slices"), "locked"),
            (self.tr("typed"), "typed"),
        ):
            self._range.addItem(words, kind)
        self._low = _number(self.tr("Value of the lowest colour"), -_FARTHEST)
        self._high = _number(self.tr("Value of the highest colour"), -_FARTHEST)
        self._colors = CalmCombo(self.tr("Colour map"))
        self._unit = CalmCombo(self.tr("Unit of the map"))
        self._unit.addItem(UNIT, False)
        self._unit.addItem(UNIT_PER_AREA, True)
        self._shown = OverlaySettings()
        self._area: float | None = None
        self._lay_out(form)
        self._connect()
        self.set_area(None)

    def set_settings(self, settings: OverlaySettings) -> None:
        """Shows settings."""
        self._shown = settings
        blockers = [QSignalBlocker(widget) for widget in self._widgets()]
        self._opacity.setValue(round(100 * settings.opacity))
        self._opacity_words.setText(f"{self._opacity.value()} %")
        self._threshold.setValue(settings.threshold)
        self._range.setCurrentIndex(self._range.findData(settings.range_kind))
        self._unit.setCurrentIndex(int(settings.per_area and self._area is not None))
        names = DIVERGING_MAPS if settings.is_contrast else SEQUENTIAL_MAPS
        if self._colors.itemText(0) != names[0]:
            self._colors.clear()
            self._colors.addItems(names)
        wanted = settings.diverging_map if settings.is_contrast else settings.color_map
        self._colors.setCurrentText(wanted)
        self._form.setRowVisible(self._ends, settings.range_kind == "typed")
        if settings.typed is not None:
            self.set_limits(settings.typed)
        self.fold.set_state(_in_short(settings))
        # A contrast is centred on 0, so one end says the other.
        self._low.setEnabled(not settings.is_contrast)
        del blockers

    def set_limits(self, limits: Limits) -> None:
        """The ends of the colours as they are now, for the user to start from."""
        blockers = [QSignalBlocker(self._low), QSignalBlocker(self._high)]
        self._low.setValue(limits[0])
        self._high.setValue(limits[1])
        del blockers

    def set_area(self, area: float | None) -> None:
        """mm² of a pixel of the model's input; None where nobody knows: no values per mm²."""
        self._area = area
        with QSignalBlocker(self._unit):
            self._unit.setCurrentIndex(int(self._shown.per_area and area is not None))
        self._unit.setEnabled(area is not None)
        tip = self.tr("A pixel of the model's input is {area:.2f} mm².")
        unknown = self.tr("The file doesn't say how large a pixel is.")
        self._unit.setToolTip(unknown if area is None else tip.format(area=area))

    def settings(self, others: OverlaySettings) -> OverlaySettings:
        """Settings with this part of them as it is shown."""
        kind = self._range.currentData()
        is_typed = kind == "typed" and self._shown.range_kind == "typed"
        name = self._colors.currentText()
        return replace(
            others,
            opacity=self._opacity.value() / 100,
            threshold=self._threshold.value(),
            color_map=name if name in SEQUENTIAL_MAPS else others.color_map,
            diverging_map=name if name in DIVERGING_MAPS else others.diverging_map,
            range_kind=kind,
            typed=(self._low.value(), self._high.value()) if is_typed else None,
            # Where nobody can choose, the choice for other slices stands.
            per_area=self._unit.currentData() if self._area is not None else others.per_area,
        )

    def _widgets(self) -> tuple[QWidget, ...]:
        ends = (self._low, self._high)
        return (self._opacity, self._threshold, self._range, *ends, self._colors, self._unit)

    def _connect(self) -> None:
        self._opacity.valueChanged.connect(self._ask)
        for number in (self._threshold, self._high):
            number.valueChanged.connect(self._ask)
        self._low.valueChanged.connect(self._ask)
        for combo in (self._range, self._colors, self._unit):
            combo.currentIndexChanged.connect(self._ask)

    def _ask(self, *_: object) -> None:
        self.changed.emit()

    def _lay_out(self, form: QFormLayout) -> None:
        """Adds a row to the form of the panel; the rest goes under a heading of its own."""
        opacity = QWidget()
        row = QHBoxLayout(opacity)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._opacity)
        row.addWidget(self._opacity_words)
        self._ends = QWidget()
        ends = QHBoxLayout(self._ends)
        ends.setContentsMargins(0, 0, 0, 0)
        ends.setSpacing(SPACING // 2)
        for number in (self._low, self._high):
            ends.addWidget(number)
        form.addRow(self.tr("Opacity"), opacity)
        inside = QWidget()
        self._form = QFormLayout(inside)
        align(self._form)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.addRow(self.tr("Hide |value| <"), self._threshold)
        self._form.addRow(self.tr("Range"), self._range)
        self._form.addRow(self.tr("from, to"), self._ends)
        self._form.addRow(self.tr("Colours"), self._colors)
        self._form.addRow(self.tr("Unit"), self._unit)
        self.fold = Fold(self.tr("Colours and range"), inside)


def align(form: QFormLayout) -> None:
    """Controls as wide as there is room, close together."""
    form.setHorizontalSpacing(2 * SPACING)
    form.setVerticalSpacing(SPACING // 2 + 2)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)


def _in_short(settings: OverlaySettings) -> str:
    """What is out of sight while folded."""
    parts = [settings.diverging_map if settings.is_contrast else settings.color_map]
    if settings.threshold > 0:
        parts.append(f"< {settings.threshold:g}")
    if settings.range_kind != "percentiles":
        parts.append(settings.range_kind)
    return ", ".join(parts)


def _number(name: str, lowest: float) -> CalmNumber:
    number = CalmNumber(name)
    number.setRange(lowest, _FARTHEST)
    number.setSingleStep(0.05)
    return number
