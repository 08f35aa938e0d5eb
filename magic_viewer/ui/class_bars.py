"""One row a class: name, bar, probability, log-likelihood."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from magic_viewer.pipeline.results import Classification, with_spread
from magic_viewer.ui.theme import SPACING, Color


class ClassBars(QWidget):
    """Probabilities as bars, with the likelihood of each class under its name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACING)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._rows: dict[str, _Row] = {}

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """Which classes there are; their values are not known yet."""
        if tuple(self._rows) == labels:
            self.clear_values()
            return
        for row in self._rows.values():
            row.remove_from(self._grid)
        self._rows = {label: _Row(label) for label in labels}
        for number, row in enumerate(self._rows.values()):
            row.add_to(self._grid, 2 * number)

    def clear_values(self) -> None:
        """The rows stay, so that the panel does not jump."""
        for row in self._rows.values():
            row.clear()

    def set_values(self, answer: Classification) -> None:
        """What the model says. An answer that can't be relied on is greyed."""
        for label, row in self._rows.items():
            row.set_values(answer, label)


class _Row:
    """The widgets of one class."""

    def __init__(self, label: str) -> None:
        self._name = QLabel(label)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = _Bar(label)
        self._share = QLabel()
        self._share.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._share.setMinimumWidth(self._share.fontMetrics().horizontalAdvance("100.0 ± 0.0 % "))
        self._facts = QLabel()
        self._facts.setProperty("role", "quiet")
        self._facts.setContentsMargins(0, 0, 0, SPACING)
        self.clear()

    def add_to(self, grid: QGridLayout, row: int) -> None:
        grid.addWidget(self._name, row, 0)
        grid.addWidget(self._bar, row, 1)
        grid.addWidget(self._share, row, 2)
        grid.addWidget(self._facts, row + 1, 0, 1, 3)

    def remove_from(self, grid: QGridLayout) -> None:
        for widget in (self._name, self._bar, self._share, self._facts):
            grid.removeWidget(widget)
            widget.deleteLater()

    def clear(self) -> None:
        self._share.setText("–")
        self._facts.setText("log p –")
        self._bar.set_share(0, is_sure=True)

    def set_values(self, answer: Classification, label: str) -> None:
        share = answer.probabilities[label]
        self._share.setText(with_spread(answer, label))
        self._facts.setText(
            f"log p {nats(answer.log_likelihoods[label])} ± "
            f"{answer.log_likelihood_spreads[label]:.1f} nats · "
            f"{answer.bits_per_dim[label]:.3f} bits/dim"
        )
        is_sure = answer.is_reliable and label == answer.label
        self._bar.set_share(share, is_sure)


class _Bar(QWidget):
    """A horizontal bar from 0 to 1."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(label)
        self._share = 0.0
        self._is_sure = True

    def sizeHint(self) -> QSize:
        return QSize(80, 14)

    def set_share(self, share: float, is_sure: bool) -> None:
        self._share, self._is_sure = share, is_sure
        self.setAccessibleDescription(f"{100 * share:.1f} %")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect()).adjusted(0, 1, 0, -1)
        painter.fillRect(area, QColor(Color.RAISED))
        filled = QRectF(area)
        filled.setWidth(area.width() * self._share)
        painter.fillRect(filled, QColor(Color.ACCENT if self._is_sure else Color.CONTROL_EDGE))
        painter.setPen(QColor(Color.BORDER))
        painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))


def nats(value: float) -> str:
    """One decimal, thousands apart by a narrow space, a true minus."""
    return f"{value:,.1f}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "−")
