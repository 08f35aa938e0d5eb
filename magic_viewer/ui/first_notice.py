"""The notice of the first start: what the program is for, and what it is not for."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from magic_viewer.ui.preferences import NOTICE_ACCEPTED, Preferences

VERSION = 1
"""Goes up when the words change so much that they have to be read again."""


class FirstNotice(QMessageBox):
    """Non-blocking; remembers that it was accepted, and closes the window when it was not."""

    def __init__(self, preferences: Preferences, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setIcon(QMessageBox.Icon.Information)
        self.setWindowTitle(self.tr("Before you begin"))
        self.setText(self.tr("Research use. Not for diagnosis."))
        self.setInformativeText(
            self.tr(
                "MAGIC Viewer is no medical device. Its models can be wrong, also where they are "
                "sure. Do not use what it shows to diagnose or treat anyone.\n\n"
                "Images stay on this computer: nothing is sent anywhere."
            )
        )
        accept = self.addButton(self.tr("I understand"), QMessageBox.ButtonRole.AcceptRole)
        quit_ = self.addButton(self.tr("Quit"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(accept)
        self.setEscapeButton(quit_)
        accept.clicked.connect(lambda: preferences.set(NOTICE_ACCEPTED, VERSION))
        quit_.clicked.connect(window.close)


def show_first_notice(preferences: Preferences, window: QWidget) -> FirstNotice | None:
    """Shows the notice over the window unless it was accepted before."""
    if preferences.get(NOTICE_ACCEPTED) >= VERSION:
        return None
    notice = FirstNotice(preferences, window)
    notice.open()
    return notice
