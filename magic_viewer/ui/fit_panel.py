"""Whether the slice is what the model was made for, point by point."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from magic_viewer.pipeline.fit import Fit
from magic_viewer.ui.fold import Fold

_MARKS = {"fits": "✓", "misfit": "⚠"}


class FitPanel(QWidget):
    """Opens by itself where something doesn't fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = QLabel()
        self._lines.setTextFormat(Qt.TextFormat.PlainText)
        self._lines.setWordWrap(True)
        self._lines.setAccessibleName(self.tr("Fit of the slice to the model"))
        self.fold = Fold(self.tr("Fit to the model"), self._lines)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        self.set_fit(())

    def set_fit(self, found: Sequence[Fit]) -> None:
        """What was looked at; hidden where nothing was."""
        self.setVisible(bool(found))
        self._lines.setText("\n".join(self._told(found)))
        bad = [fit.name for fit in found if fit.state == "misfit"]
        if bad:
            self.fold.set_open(True)
            self.fold.set_state(f"⚠ {', '.join(bad)}")
        elif all(fit.state == "fits" for fit in found):
            self.fold.set_state(self.tr("✓"))
        else:
            checked = sum(fit.state == "fits" for fit in found)
            words = self.tr("{checked} of {count} checked ✓") if checked else self.tr("not checked")
            self.fold.set_state(words.format(checked=checked, count=len(found)))

    @property
    def text(self) -> str:
        """All lines."""
        return self._lines.text()

    def _told(self, found: Sequence[Fit]) -> list[str]:
        """A line for each that was checked, then one for each reason why others weren't."""
        lines = [f"{_MARKS[f.state]} {f.name}: {f.words}" for f in found if f.state != "unchecked"]
        reasons: dict[str, list[str]] = {}
        for fit in found:
            if fit.state == "unchecked":
                reasons.setdefault(fit.words, []).append(fit.name)
        words = self.tr("– not checked: {names} ({reason})")
        more = [words.format(names=", ".join(reasons[r]), reason=r) for r in reasons]
        return lines + more
