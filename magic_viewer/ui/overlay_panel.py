"""Controls of the likelihood map: which class, against which, how it is coloured."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from magic_viewer.pipeline.results import EVERYTHING
from magic_viewer.ui.calm import CalmCombo
from magic_viewer.ui.map_badge import MapBadge
from magic_viewer.ui.map_colors import MapColors, align
from magic_viewer.ui.map_painter import PaintedMap
from magic_viewer.ui.overlay_settings import SECOND_BEST, SMOOTHINGS
from magic_viewer.ui.overlay_settings import OverlaySettings as OverlaySettings
from magic_viewer.ui.point_table import PointTable
from magic_viewer.ui.theme import SPACING


class OverlayPanel(QWidget):
    """Shows the settings it is given and says what the user makes of them."""

    settings_requested = Signal(object)
    map_requested = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._visible = QCheckBox(self.tr("Show over the slice (T)"))
        self._why_off = QLabel(
            self.tr("Off here: this slice isn't what the model was made for. Tick to see it.")
        )
        self._why_off.setTextFormat(Qt.TextFormat.PlainText)
        self._why_off.setWordWrap(True)
        self._why_off.setProperty("role", "quiet")
        self._fits = True
        self._outline = QCheckBox(self.tr("Outline what the model sees"))
        self._mode = CalmCombo(self.tr("What the map shows"))
        for words, against in (
            (self.tr("log p(x | class)"), None),
            (self.tr("contrast of two classes"), SECOND_BEST),
            (self.tr("evidence against all others"), EVERYTHING),
        ):
            self._mode.addItem(words, against)
        self._target = CalmCombo(self.tr("Class of the map"))
        self._against = CalmCombo(self.tr("Class to subtract"))
        self._scale = CalmCombo(self.tr("Scale of the map"))
        self._smoothing = CalmCombo(self.tr("Smoothing of the map"))
        self._form = QFormLayout()
        self._shown = OverlaySettings()
        self.badge = MapBadge()
        self.point_table = PointTable()
        self._fill_smoothings()
        self._lay_out_choice()
        self.colors = MapColors(self._form)
        self._lay_out()
        self._connect()
        self.set_scales(())
        self.set_labels(())
        self.set_settings(OverlaySettings())

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """The classes to choose from."""
        for combo, first, value in (
            (self._target, self.tr("Most probable class"), None),
            (self._against, self.tr("Next most probable class"), SECOND_BEST),
        ):
            with QSignalBlocker(combo):
                combo.clear()
                combo.addItem(first, value)
                for label in labels:
                    combo.addItem(label, label)
        self.setEnabled(bool(labels))

    def set_scales(self, cells: Sequence[int]) -> None:
        """Cells a side of the scales there are, finest first; each can be mapped alone."""
        names = [self.tr("All scales together")] + [
            self.tr("{number} of {count}: {cells} × {cells} cells").format(
                number=number + 1, count=len(cells), cells=side
            )
            for number, side in enumerate(cells)
        ]
        if [self._scale.itemText(n) for n in range(self._scale.count())] == names:
            return
        with QSignalBlocker(self._scale):
            self._scale.clear()
            for number, name in enumerate(names):
                self._scale.addItem(name, number - 1 if number else None)
        self._show_scale()

    def set_settings(self, settings: OverlaySettings) -> None:
        """Shows settings."""
        self._shown = settings
        combos = (self._mode, self._target, self._against, self._smoothing)
        blockers = [QSignalBlocker(widget) for widget in (self._outline, *combos)]
        self._show_switch()
        self._outline.setChecked(settings.has_outline)
        is_pair = settings.against not in (None, EVERYTHING)
        mode = SECOND_BEST if is_pair else settings.against
        self._mode.setCurrentIndex(self._mode.findData(mode))
        self._target.setCurrentIndex(max(0, self._target.findData(settings.target)))
        self._against.setCurrentIndex(max(0, self._against.findData(settings.against)))
        self._form.setRowVisible(self._against, is_pair)
        self._smoothing.setCurrentIndex(max(0, self._smoothing.findData(settings.smoothing)))
        self._show_scale()
        self.colors.set_settings(settings)
        del blockers

    def set_fits(self, fits: bool) -> None:
        """Whether the slice is what the model was made for: else its map is off until asked for."""
        self._fits = fits
        self._show_switch()

    @property
    def why_off(self) -> str:
        """Why the map is off though it is wanted; empty where it isn't off for that."""
        return "" if self._why_off.isHidden() else self._why_off.text()

    def set_map(self, painted: PaintedMap | None) -> None:
        """What is shown now: its sum, its range, the size of its pixels."""
        self.badge.set_map(painted)
        if painted is None:
            return
        self.colors.set_area(painted.area)
        if self._shown.typed is None:
            self.colors.set_limits(painted.limits)

    def _show_switch(self) -> None:
        is_shown = self._shown.shows(self._fits)
        with QSignalBlocker(self._visible):
            self._visible.setChecked(is_shown)
        self._why_off.setVisible(self._shown.is_visible and not is_shown)

    def _show_scale(self) -> None:
        with QSignalBlocker(self._scale):
            self._scale.setCurrentIndex(max(0, self._scale.findData(self._shown.scale)))

    def _settings(self) -> OverlaySettings:
        against = self._mode.currentData()
        if against == SECOND_BEST:
            against = self._against.currentData()
        chosen = replace(
            self._shown,
            target=self._target.currentData(),
            against=against,
            has_outline=self._outline.isChecked(),
            scale=self._scale.currentData(),
            smoothing=self._smoothing.currentData(),
        )
        return self.colors.settings(chosen)

    def _ask(self, *_: object) -> None:
        self.settings_requested.emit(self._settings())

    def _connect(self) -> None:
        for box in (self._visible, self._outline):
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._visible.toggled.connect(self.map_requested)
        self._outline.toggled.connect(self._ask)
        for combo in (self._mode, self._target, self._against, self._scale, self._smoothing):
            combo.currentIndexChanged.connect(self._ask)
        self.colors.changed.connect(self._ask)

    def _fill_smoothings(self) -> None:
        raw, smooth = self.tr("raw, as it is"), self.tr("smoothed, σ {width:g} pixels")
        for width in SMOOTHINGS:
            self._smoothing.addItem(smooth.format(width=width) if width else raw, width)
        self._smoothing.setToolTip(
            self.tr("A Gaussian over pixels of the model's input. The sum stays the same.")
        )

    def _lay_out_choice(self) -> None:
        form = self._form
        align(form)
        form.addRow(self.tr("Map"), self._mode)
        form.addRow(self.tr("Class"), self._target)
        form.addRow(self.tr("minus"), self._against)
        form.addRow(self.tr("Scale"), self._scale)
        form.addRow(self.tr("Detail"), self._smoothing)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Likelihood map"))
        title.setProperty("role", "title")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        for widget in (title, self._visible, self._why_off, self.badge, self.point_table):
            column.addWidget(widget)
        column.addLayout(self._form)
        column.addWidget(self.colors.fold)
        column.addWidget(self._outline)
