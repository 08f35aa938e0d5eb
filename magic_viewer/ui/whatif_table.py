"""One row a class: its probability before and after an edit, and the nats it gained."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from magic_viewer.pipeline.results import Classification
from magic_viewer.ui.class_bars import nats
from magic_viewer.ui.theme import SPACING

_UNKNOWN = "–"
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class WhatIfTable(QWidget):
    """Numbers in columns, so that they can be read against each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Classes before and after the edit"))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACING)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self._cells: dict[str, tuple[QLabel, QLabel, QLabel]] = {}
        self.setToolTip(self.tr("log p(x | class) of the edited slice − of the original, in nats"))
        for column, text in enumerate(("", self.tr("before → after"), self.tr("Δ log p, nats"))):
            self._grid.addWidget(_label(text, is_quiet=True), 0, column)

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """Which classes there are; nothing is known of them yet."""
        for cells in self._cells.values():
            for cell in cells:
                self._grid.removeWidget(cell)
                cell.deleteLater()
        self._cells = {label: (_label(label), _label(), _label()) for label in labels}
        for row, cells in enumerate(self._cells.values(), 1):
            cells[0].setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            for column, cell in enumerate(cells):
                self._grid.addWidget(cell, row, column)
        self.set_comparison(None, None)

    def set_comparison(self, before: Classification | None, after: Classification | None) -> None:
        """What is known of both; None where nothing is yet."""
        for label, (_, shares, change) in self._cells.items():
            shares.setText(f"{_percent(before, label)} → {_percent(after, label)} %")
            change.setText(_change(before, after, label))

    @property
    def texts(self) -> list[tuple[str, str, str]]:
        """The rows as they are read."""
        return [
            (name.text(), shares.text(), change.text())
            for name, shares, change in self._cells.values()
        ]


def _percent(answer: Classification | None, label: str) -> str:
    if answer is None or label not in answer.probabilities:
        return _UNKNOWN
    return f"{100 * answer.probabilities[label]:.1f}"


def _change(before: Classification | None, after: Classification | None, label: str) -> str:
    if before is None or after is None or label not in before.log_likelihoods:
        return _UNKNOWN
    gained = after.log_likelihoods[label] - before.log_likelihoods[label]
    return nats(gained) if gained <= 0 else f"+{nats(gained)}"


def _label(text: str = "", is_quiet: bool = False) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(_RIGHT)
    if is_quiet:
        label.setProperty("role", "quiet")
    return label
