"""Asks before measurements that were not saved would be lost. Never waits inside itself."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

Action = Callable[[], None]
_Button = QMessageBox.StandardButton


class UnsavedGuard(QObject):
    """Runs an action once nothing is lost by it, or the user has said that it may be.

    Args:
        window: above which the question stands.
        is_unsaved: whether there is something to lose.
        save: saves it, and calls what it is given when that has succeeded, else not.
    """

    def __init__(
        self, window: QWidget, is_unsaved: Callable[[], bool], save: Callable[[Action], None]
    ) -> None:
        super().__init__(window)
        self._window, self._is_unsaved, self._save = window, is_unsaved, save
        self._box: QMessageBox | None = None

    @property
    def is_needed(self) -> bool:
        """Whether there is something to lose."""
        return self._is_unsaved()

    def before(self, action: Action) -> None:
        """Runs an action at once if nothing is unsaved, else as the user answers."""
        if self._box is not None:
            # Only the newest of two actions can be what the user wants.
            self._box.done(_Button.Cancel.value)
        if not self._is_unsaved():
            action()
            return
        box = self._make_box()
        self._box = box
        box.finished.connect(lambda code: self._take_answer(box, code, action))
        box.open()

    def _take_answer(self, box: QMessageBox, code: int, action: Action) -> None:
        if box is self._box:
            self._box = None
        if code == _Button.Discard.value:
            action()
        elif code == _Button.Save.value:
            self._save(action)

    def _make_box(self) -> QMessageBox:
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(self.tr("Unsaved measurements"))
        box.setText(self.tr("Save the measurements first?"))
        box.setInformativeText(self.tr("Those of the open study have not been saved."))
        box.setStandardButtons(_Button.Save | _Button.Discard | _Button.Cancel)
        box.setDefaultButton(_Button.Save)
        box.setEscapeButton(_Button.Cancel)
        return box
