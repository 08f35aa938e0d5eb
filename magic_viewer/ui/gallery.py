"""Synthetic images as they come, each marked as such."""

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.pipeline.results import Sample
from magic_viewer.ui.study_panel import pixmap
from magic_viewer.ui.theme import SPACING, ImageColor

_SIDE = 136
_MARK_HEIGHT = 18
_SAMPLE = Qt.ItemDataRole.UserRole


class Gallery(QWidget):
    """Thumbnails with label, temperature, seed and bits/dim."""

    save_requested = Signal(object)
    save_all_requested = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Synthetic images"))
        self._list.setViewMode(QListView.ViewMode.IconMode)
        self._list.setResizeMode(QListView.ResizeMode.Adjust)
        self._list.setMovement(QListView.Movement.Static)
        self._list.setIconSize(QSize(_SIDE, _SIDE + _MARK_HEIGHT))
        self._list.setGridSize(QSize(_SIDE + 2 * SPACING, _SIDE + _MARK_HEIGHT + 58))
        self._list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self._list.setMinimumHeight(180)
        self._save = _button(self.tr("Save…"))
        self._save_all = _button(self.tr("Save all…"))
        self._clear = _button(self.tr("Clear"))
        self._list.itemSelectionChanged.connect(self._update_enabled)
        self._save.clicked.connect(self._ask_to_save)
        self._save_all.clicked.connect(lambda: self.save_all_requested.emit(self.samples))
        self._clear.clicked.connect(self.clear)
        self._lay_out()
        self._update_enabled()

    @property
    def samples(self) -> list[Sample]:
        """All that are shown, in the order they came."""
        return [self._list.item(row).data(_SAMPLE) for row in range(self._list.count())]

    def add(self, sample: Sample) -> None:
        """One more at the end."""
        picture = thumbnail(sample, self.tr("SYNTHETIC"), self.devicePixelRatioF())
        item = QListWidgetItem(_icon(picture), describe(sample))
        item.setData(_SAMPLE, sample)
        item.setToolTip(self.tr("Synthetic image. Save it with the buttons below."))
        self._list.addItem(item)
        self._update_enabled()

    def clear(self) -> None:
        """Forgets them all."""
        self._list.clear()
        self._update_enabled()

    def select(self, row: int) -> None:
        """Marks one."""
        self._list.setCurrentRow(row)

    def _ask_to_save(self) -> None:
        self.save_requested.emit(self._list.currentItem().data(_SAMPLE))

    def _update_enabled(self) -> None:
        has_any = self._list.count() > 0
        self._save.setEnabled(bool(self._list.selectedItems()))
        self._save_all.setEnabled(has_any)
        self._clear.setEnabled(has_any)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self._save, self._save_all, self._clear):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self._list, 1)
        column.addLayout(buttons)


def describe(sample: Sample) -> str:
    """Two lines under a thumbnail."""
    return (
        f"{sample.label} · T {sample.temperature:.2f}\n"
        f"seed {sample.seed} · {sample.bits_per_dim:.2f} b/dim"
    )


def thumbnail(sample: Sample, mark: str, ratio: float = 1.0) -> QPixmap:
    """The image with a strip under it that says what it is, sharp at the screen's pixel ratio."""
    result = QPixmap(round(_SIDE * ratio), round((_SIDE + _MARK_HEIGHT) * ratio))
    result.setDevicePixelRatio(ratio)
    result.fill(QColor(ImageColor.WARNING))
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(QRect(0, 0, _SIDE, _SIDE), pixmap(sample.pixels))
    font = painter.font()
    font.setPixelSize(12)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor(ImageColor.ON_BRIGHT))
    painter.drawText(QRect(0, _SIDE, _SIDE, _MARK_HEIGHT), int(Qt.AlignmentFlag.AlignCenter), mark)
    painter.end()
    return result


def _icon(picture: QPixmap) -> QIcon:
    """Grey values stay what they are when an image is selected; Qt would tint them."""
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)
    return icon


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
