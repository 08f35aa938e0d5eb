"""How the window looks: a dark and a light look, spacing, style sheet.

Both are switched while the window is open; the image stays on black in both.
"""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from magic_viewer.paths import resources_folder
from magic_viewer.ui.colors import DARK, LIGHT, Color, ImageColor, use

__all__ = ["MARGIN", "SPACING", "Color", "ImageColor", "apply_theme", "class_color", "fill_width"]

SPACING: Final = 8
MARGIN: Final = 12


def class_color(number: int) -> QColor:
    """The colour of a model's class wherever classes stand beside each other."""
    return QColor(Color.CLASSES[number % len(Color.CLASSES)])


def apply_theme(app: QApplication, theme: str = "dark") -> None:
    """Dresses the whole program, also while it is shown.

    Args:
        app: the program.
        theme: "dark", "light" or "system".
    """
    use(LIGHT if theme == "light" or (theme == "system" and _system_is_light()) else DARK)
    if app.style().name() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(_palette())
    app.setStyleSheet(_style())


def fill_width(widget: QWidget) -> None:
    """Lets a control of a form take all the width its row has."""
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


def _system_is_light() -> bool:
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light


def _check() -> str:
    """The check mark in the colour of what stands on ACCENT; Qt finds its @2x beside it."""
    name = "check-light.png" if Color.ON_BRIGHT == LIGHT.ON_BRIGHT else "check.png"
    return (resources_folder() / "icons" / name).as_posix()


def _palette() -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for name, color in (
        (role.Window, Color.PANEL),
        (role.Base, Color.GROUND),
        (role.AlternateBase, Color.PANEL),
        (role.Button, Color.RAISED),
        (role.WindowText, Color.TEXT),
        (role.Text, Color.TEXT),
        (role.ButtonText, Color.TEXT),
        (role.BrightText, Color.WARNING),
        (role.ToolTipBase, Color.RAISED),
        (role.ToolTipText, Color.TEXT),
        (role.PlaceholderText, Color.QUIET),
        (role.Highlight, Color.ACCENT),
        (role.HighlightedText, Color.ON_BRIGHT),
        (role.Link, Color.ACCENT),
    ):
        palette.setColor(name, QColor(color))
    for role_name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role_name, QColor(Color.DISABLED))
    return palette


def _style() -> str:
    return f"""
QWidget {{ font-size: 13px; }}
QMainWindow, QMenuBar, QStatusBar {{ background: {Color.GROUND}; }}
QMenuBar::item {{ padding: 5px 10px; background: transparent; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {Color.RAISED}; }}
QMenu {{ background: {Color.PANEL}; border: 1px solid {Color.BORDER}; padding: 4px; }}
QMenu::item {{ padding: 5px 28px 5px 24px; }}
QMenu::item:disabled {{ color: {Color.DISABLED}; }}
QMenu::separator {{ height: 1px; background: {Color.BORDER}; margin: 4px 8px; }}
QStatusBar::item {{ border: none; }}
QToolTip {{ background: {Color.RAISED}; color: {Color.TEXT}; border: 1px solid {Color.BORDER};
  padding: 4px; }}
QSplitter::handle {{ background: {Color.GROUND}; }}
QSplitter::handle:hover {{ background: {Color.BORDER}; }}
QPushButton {{ background: {Color.RAISED}; border: 1px solid {Color.CONTROL_EDGE};
  border-radius: 4px; padding: 5px 12px; min-height: 18px; }}
QPushButton:hover {{ border-color: {Color.ACCENT}; }}
QPushButton:pressed {{ background: {Color.BORDER}; }}
QPushButton:disabled {{ color: {Color.DISABLED}; border-color: {Color.BORDER}; }}
QPushButton:focus {{ border: 1px solid {Color.ACCENT}; }}
QPushButton[primary="true"] {{ background: {Color.ACCENT}; color: {Color.ON_BRIGHT};
  border-color: {Color.ACCENT}; font-weight: 600; }}
QPushButton[primary="true"]:hover {{ background: {Color.ACCENT_HOVER}; }}
QPushButton[primary="true"]:disabled {{ background: {Color.RAISED}; color: {Color.DISABLED};
  border-color: {Color.BORDER}; }}
QPushButton[primary="true"]:focus {{ border: 1px solid {Color.TEXT}; }}
QPushButton[role="row"] {{ background: transparent; border: 1px solid transparent; text-align: left;
  padding: 4px 8px; }}
QPushButton[role="row"]:hover {{ background: {Color.RAISED}; }}
QPushButton[role="row"]:focus {{ border: 1px solid {Color.ACCENT}; }}
QComboBox, QSpinBox, QDoubleSpinBox {{ min-height: 22px; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {Color.BORDER}; }}
QTabBar::tab {{ padding: 8px 16px; color: {Color.QUIET}; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {Color.TEXT}; border-bottom: 2px solid {Color.ACCENT}; }}
QListWidget {{ background: {Color.PANEL}; border: none; outline: none; }}
QListWidget::item {{ border-radius: 4px; border: 1px solid transparent; }}
QListWidget::item:selected {{ background: {Color.RAISED}; color: {Color.TEXT};
  border: 1px solid {Color.ACCENT}; }}
TagBrowser QLineEdit {{ padding: 4px 8px; border: 1px solid {Color.CONTROL_EDGE};
  border-radius: 4px; background: {Color.GROUND}; }}
TagBrowser QLineEdit:focus {{ border-color: {Color.ACCENT}; }}
QTreeView {{ border: 1px solid {Color.BORDER}; }}
QTreeView:focus {{ border-color: {Color.ACCENT}; }}
QTreeView::item {{ padding: 2px 4px; }}
QHeaderView::section {{ background: {Color.RAISED}; color: {Color.TEXT}; padding: 4px 8px;
  border: none; border-right: 1px solid {Color.BORDER}; }}
QCheckBox {{ spacing: 8px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {Color.CONTROL_EDGE};
  border-radius: 3px; background: {Color.GROUND}; }}
QCheckBox::indicator:checked {{ background: {Color.ACCENT}; border-color: {Color.ACCENT};
  image: url("{_check()}"); }}
QCheckBox::indicator:disabled {{ border-color: {Color.BORDER}; }}
QCheckBox::indicator:checked:disabled {{ background: {Color.BORDER}; }}
QCheckBox:focus {{ color: {Color.ACCENT}; }}
QScrollArea {{ border: none; background: transparent; }}
QProgressBar {{ background: {Color.GROUND}; border: 1px solid {Color.BORDER}; border-radius: 3px;
  max-height: 6px; }}
QProgressBar::chunk {{ background: {Color.ACCENT}; border-radius: 2px; }}
QToolButton[role="fold"] {{ font-size: 15px; font-weight: 600; border: none; padding: 0;
  background: transparent; }}
QLabel[role="title"] {{ font-size: 15px; font-weight: 600; }}
QMessageBox QLabel#qt_msgbox_label {{ font-size: 15px; font-weight: 600; }}
QMessageBox QLabel#qt_msgbox_informativelabel {{ min-width: 360px; }}
QLabel[role="headline"] {{ font-size: 20px; font-weight: 600; }}
QLabel[role="quiet"] {{ color: {Color.QUIET}; }}
QLabel[role="quiet"]:disabled {{ color: {Color.DISABLED}; }}
QLabel[role="warning"] {{ color: {Color.WARNING}; }}
QLabel[role="alarm"] {{ background: {Color.WARNING}; color: {Color.ON_BRIGHT}; font-weight: 600;
  border-radius: 4px; padding: 8px 10px; }}
QLabel[role="badge"] {{ border: 1px solid {Color.CONTROL_EDGE}; border-radius: 4px;
  padding: 4px 8px; }}
QToolButton[role="heading"] {{ border: none; padding: 4px 0px; color: {Color.TEXT};
  text-align: left; }}
QToolButton[role="heading"]:hover, QToolButton[role="heading"]:focus {{ color: {Color.ACCENT}; }}
QWidget[role="panel"] {{ background: {Color.PANEL}; }}
MessageBar {{ background: {Color.RAISED}; border-left: 4px solid {Color.WARNING}; }}
#drop {{ border: 1px dashed {Color.CONTROL_EDGE}; border-radius: 8px; }}
"""
