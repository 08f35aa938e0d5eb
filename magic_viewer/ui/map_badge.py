"""Whether the map adds up to the log-likelihood, live."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from magic_viewer.ui.class_bars import nats
from magic_viewer.ui.map_painter import PaintedMap


class MapBadge(QWidget):
    """The sum beside the log-likelihood, and what of it has no place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sum, self._unplaced = QLabel(), QLabel()
        for label, role in ((self._sum, "badge"), (self._unplaced, "quiet")):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setProperty("role", role)
        self._sum.setAccessibleName(self.tr("Sum of the map"))
        self._unplaced.setAccessibleName(self.tr("What of the sum has no place"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._sum)
        column.addWidget(self._unplaced)
        self.set_map(None)

    def set_map(self, painted: PaintedMap | None) -> None:
        """Compares; says nothing where there is no map."""
        for label in (self._sum, self._unplaced):
            label.setVisible(painted is not None)
        if painted is None:
            self._sum.setText("")
            self._unplaced.setText("")
            return
        fits = self.tr("Sum {sum} = {name} {total} nats ✓")
        differs = self.tr("⚠ Sum {sum} ≠ {name} {total} nats: do not rely on this map.")
        text = (fits if painted.adds_up else differs).format(
            sum=nats(painted.map_sum), name=self._name(painted), total=nats(painted.total)
        )
        self._sum.setText(text)
        self._set_role("badge" if painted.adds_up else "alarm")
        self._unplaced.setText(self._about_unplaced(painted))

    def _set_role(self, role: str) -> None:
        if self._sum.property("role") != role:
            self._sum.setProperty("role", role)
            self._sum.style().unpolish(self._sum)
            self._sum.style().polish(self._sum)

    @property
    def text(self) -> str:
        """The comparison."""
        return self._sum.text()

    @property
    def about_unplaced(self) -> str:
        """What has no place, in words."""
        return self._unplaced.text()

    def _name(self, painted: PaintedMap) -> str:
        attribution = painted.attribution
        name = "Δ log p" if attribution.is_contrast else "log p"
        if attribution.cells is None:
            return name
        return self.tr("this scale's part of {name}").format(name=name)

    def _about_unplaced(self, painted: PaintedMap) -> str:
        attribution = painted.attribution
        if attribution.is_contrast:
            return self.tr("All of it has a place: what has none is the same for every class.")
        if attribution.cells is not None:
            return self.tr("With its cells' part of what has no place and is spread evenly.")
        words = self.tr("{placed} nats of it have a place; {nats} have none, spread evenly.")
        placed = attribution.total - attribution.unplaced
        return words.format(placed=nats(placed), nats=nats(attribution.unplaced))
