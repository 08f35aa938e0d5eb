"""The left column: what is open, one row a series."""

from PySide6.QtCore import (
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import (
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.imaging.study import Series, Study
from magic_viewer.pipeline.overlay import ByteImage
from magic_viewer.ui.message_bar import plain_tooltip
from magic_viewer.ui.theme import MARGIN, SPACING, Color

THUMBNAIL_SIDE = 56
_ROW_HEIGHT = THUMBNAIL_SIDE + 2 * SPACING
_SERIES = Qt.ItemDataRole.UserRole
_THUMBNAIL = Qt.ItemDataRole.DecorationRole
_HEADING = Qt.ItemDataRole.UserRole + 1
_HEADING_HEIGHT = 30


class StudyPanel(QWidget):
    """Lists the series and says which one the user asks for."""

    series_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(self.tr("Series"))
        self._title.setProperty("role", "title")
        self._hint = QLabel(self.tr("Nothing is open yet."))
        self._hint.setProperty("role", "quiet")
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Series"))
        self._list.setItemDelegate(_SeriesRow(self._list))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self._list.itemClicked.connect(self._ask_for)
        self._list.itemActivated.connect(self._ask_for)
        self._notes = QLabel()
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        self._notes.setWordWrap(True)
        self._notes.setProperty("role", "warning")
        self._notes.setAccessibleName(self.tr("Notes on this series"))
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, SPACING, MARGIN)
        column.setSpacing(SPACING)
        column.addWidget(self._title)
        column.addWidget(self._hint)
        column.addWidget(self._list, 1)
        column.addWidget(self._notes)
        self.set_study(Study())

    def set_study(self, study: Study) -> None:
        """Lists a study's series; those listed before keep their picture."""
        items = [self._list.item(row) for row in range(self._list.count())]
        pictures = {_key(item.data(_SERIES)): item.data(_THUMBNAIL) for item in items}
        self._list.clear()
        above = ""
        for series in study.series:
            heading, above = series.study if series.study != above else "", series.study
            item = QListWidgetItem()
            item.setData(_SERIES, series)
            item.setData(_THUMBNAIL, pictures.get(_key(series)))
            item.setData(_HEADING, heading)
            item.setSizeHint(QSize(0, _ROW_HEIGHT + (_HEADING_HEIGHT if heading else 0)))
            item.setToolTip(plain_tooltip("\n".join(_all_of(series))))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(_all_of(series)))
            self._list.addItem(item)
        self._hint.setVisible(not study.series)
        if not study.series:
            self._show_notes(None)
        count = len(study.series)
        self._title.setText(self.tr("Series") if not count else f"{self.tr('Series')} · {count}")

    def set_current(self, index: int) -> None:
        """Marks the series in view and shows what is to be known of it."""
        self._list.setCurrentRow(index)
        item = self._list.item(index)
        self._show_notes(item.data(_SERIES) if item is not None else None)

    def set_thumbnail(self, index: int, pixels: ByteImage) -> None:
        """A small picture, (rows, columns) or (rows, columns, 3) uint8."""
        item = self._list.item(index)
        if item is not None:
            item.setData(_THUMBNAIL, pixmap(pixels))

    @property
    def notes(self) -> str:
        """What is said of the series in view."""
        return self._notes.text()

    def _ask_for(self, item: QListWidgetItem) -> None:
        self.series_requested.emit(self._list.row(item))

    def _show_notes(self, series: Series | None) -> None:
        reasons = _reasons(series) if series is not None else []
        self._notes.setText("\n".join(f"⚠ {reason}" for reason in reasons))
        self._notes.setVisible(bool(reasons))


def _key(series: Series) -> tuple[str, str, str]:
    return series.uid, series.title, series.format


def _all_of(series: Series) -> list[str]:
    """All that the list knows of a series, one fact a line."""
    study = [series.study] if series.study else []
    return [*study, series.title, f"{facts(series)} · {series.format}", *_reasons(series)]


def facts(series: Series) -> str:
    """Modality, slices and volumes in one line that fits the narrow column."""
    slices = series.volumes[0].shape[0]
    one, more = _say("1 slice"), _say("{count} slices")
    count = (one if slices == 1 else more).format(count=slices)
    if len(series.volumes) > 1:
        count += f" × {len(series.volumes)}"
    return f"{series.modality} · {count}" if series.modality else count


def pixmap(pixels: ByteImage) -> QPixmap:
    """A picture of its own memory from (rows, columns[, 3]) uint8."""
    rows, columns = pixels.shape[:2]
    is_color = pixels.ndim == 3
    format_ = QImage.Format.Format_RGB888 if is_color else QImage.Format.Format_Grayscale8
    step = columns * (3 if is_color else 1)
    return QPixmap.fromImage(QImage(pixels.tobytes(), columns, rows, step, format_).copy())


def _say(text: str) -> str:
    return QCoreApplication.translate("StudyPanel", text)


def _warning(series: Series) -> str:
    """The first reason, and how many more there are."""
    reasons = _reasons(series)
    more = f"+{len(reasons) - 1} · " if len(reasons) > 1 else ""
    return f"⚠ {more}{reasons[0]}"


def _reasons(series: Series) -> list[str]:
    return [notice.text for notice in series.notices]


class _SeriesRow(QStyledItemDelegate):
    """Thumbnail, title, facts and what there is to know, below the study where one begins."""

    def sizeHint(
        self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(160, _ROW_HEIGHT + (_HEADING_HEIGHT if index.data(_HEADING) else 0))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        series: Series = index.data(_SERIES)
        painter.save()
        if index.data(_HEADING):
            _draw_heading(painter, area, index.data(_HEADING))
            area = area.adjusted(0, _HEADING_HEIGHT, 0, 0)
        _draw_ground(painter, area, bool(state & QStyle.StateFlag.State_Selected))
        side = THUMBNAIL_SIDE
        box = QRect(area.left() + SPACING, area.top() + SPACING, side, side)
        painter.fillRect(box, QColor("black"))
        picture = index.data(_THUMBNAIL)
        if picture is not None:
            _draw_centered(painter, box, picture)
        left = box.right() + MARGIN
        text = QRect(left, area.top() + SPACING, area.right() - left - SPACING, side)
        _draw_text(painter, text, series)
        painter.restore()


def _draw_heading(painter: QPainter, area: QRect, text: str) -> None:
    """The study, over its first series."""
    metrics = painter.fontMetrics()
    shortened = metrics.elidedText(text, Qt.TextElideMode.ElideRight, area.width() - 2 * SPACING)
    baseline = area.top() + _HEADING_HEIGHT - SPACING
    painter.setPen(QColor(Color.QUIET))
    painter.drawText(area.left() + SPACING, baseline, shortened)
    painter.fillRect(area.left(), baseline + 5, area.width(), 1, QColor(Color.BORDER))


def _draw_ground(painter: QPainter, area: QRect, is_selected: bool) -> None:
    if is_selected:
        painter.fillRect(area, QColor(Color.RAISED))
        painter.fillRect(area.left(), area.top(), 3, area.height(), QColor(Color.ACCENT))


def _draw_centered(painter: QPainter, box: QRect, picture: QPixmap) -> None:
    size = picture.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRect(box.topLeft(), size)
    target.moveCenter(box.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(target, picture)


def _draw_text(painter: QPainter, area: QRect, series: Series) -> None:
    """Title and facts on a line each, the first reason on up to two."""
    metrics = painter.fontMetrics()
    lines = [(series.title, Color.TEXT, 1), (facts(series), Color.QUIET, 1)]
    if series.notices:
        reason = _warning(series)
        rows = 1 if metrics.horizontalAdvance(reason) <= area.width() else 2
        lines.append((reason, Color.WARNING, rows))
    height = metrics.lineSpacing()
    top = area.top() + (area.height() - height * sum(rows for *_, rows in lines)) // 2
    for text, color, rows in lines:
        # A word that goes over to the second line leaves room on the first.
        room = area.width() * rows - (area.width() // 4 if rows > 1 else 0)
        shortened = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.setPen(QColor(color))
        place = QRect(area.left(), top, area.width(), height * rows)
        wrapped = Qt.TextFlag.TextWordWrap if rows > 1 else Qt.TextFlag.TextSingleLine
        painter.drawText(place, int(wrapped), shortened)
        top += height * rows
