"""One dark look: colours, spacing, fonts.

Text on its ground has a contrast of at least 4.5:1 (WCAG 2.2 AA). Meaning is never in colour
alone; accent and warning are the blue and orange of Okabe and Ito, told apart by all eyes, and
the classes of a model have the seven of their colours that are neither black nor grey.
"""

from typing import Final

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from magic_viewer.paths import resources_folder

SPACING: Final = 8
MARGIN: Final = 12


class Color:
    """The colours of the window, as #RRGGBB."""

    GROUND: Final = "#14171c"
    PANEL: Final = "#1b1f26"
    RAISED: Final = "#272d37"
    BORDER: Final = "#39414e"
    CONTROL_EDGE: Final = "#6b7686"
    TEXT: Final = "#e8ebef"
    QUIET: Final = "#a3adba"
    DISABLED: Final = "#707a88"
    ACCENT: Final = "#56b4e9"
    WARNING: Final = "#f0a830"
    MARKING: Final = "#f0e442"
    ON_BRIGHT: Final = "#10130f"
    CLASSES: Final = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#0072b2", "#d55e00")


_CHECK = (resources_folder() / "icons" / "check.png").as_posix()
_STYLE = f"""
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
QPushButton[primary="true"]:hover {{ background: #7cc6f0; }}
QPushButton[primary="true"]:disabled {{ background: {Color.RAISED}; color: {Color.DISABLED};
  border-color: {Color.BORDER}; }}
QPushButton[primary="true"]:focus {{ border: 1px solid {Color.TEXT}; }}
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
  image: url("{_CHECK}"); }}
QCheckBox::indicator:disabled {{ border-color: {Color.BORDER}; }}
QCheckBox::indicator:checked:disabled {{ background: {Color.BORDER}; }}
QCheckBox:focus {{ color: {Color.ACCENT}; }}
QScrollArea {{ border: none; background: transparent; }}
QProgressBar {{ background: {Color.GROUND}; border: 1px solid {Color.BORDER}; border-radius: 3px;
  max-height: 6px; }}
QProgressBar::chunk {{ background: {Color.ACCENT}; border-radius: 2px; }}
QToolButton[role="fold"] {{ font-size: 15px; font-weight: 600; border: none; padding: 0;
  background: transparent; }}
QToolButton[role="fold"]:hover, QToolButton[role="fold"]:focus {{ color: {Color.ACCENT}; }}
QLabel[role="title"] {{ font-size: 15px; font-weight: 600; }}
QLabel[role="headline"] {{ font-size: 20px; font-weight: 600; }}
QLabel[role="quiet"] {{ color: {Color.QUIET}; }}
QLabel[role="quiet"]:disabled {{ color: {Color.DISABLED}; }}
QLabel[role="warning"] {{ color: {Color.WARNING}; }}
QLabel[role="alarm"] {{ background: {Color.WARNING}; color: {Color.ON_BRIGHT}; font-weight: 600;
  border-radius: 4px; padding: 8px 10px; }}
QLabel[role="badge"] {{ border: 1px solid {Color.CONTROL_EDGE}; border-radius: 4px;
  padding: 4px 8px; }}
QToolButton[role="fold"] {{ border: none; padding: 4px 0px; color: {Color.TEXT};
  text-align: left; }}
QToolButton[role="fold"]:hover, QToolButton[role="fold"]:focus {{ color: {Color.ACCENT}; }}
QWidget[role="panel"] {{ background: {Color.PANEL}; }}
"""


def class_color(number: int) -> QColor:
    """The colour of a model's class wherever classes stand beside each other."""
    return QColor(Color.CLASSES[number % len(Color.CLASSES)])


def apply_theme(app: QApplication) -> None:
    """Dresses the whole program."""
    app.setStyle("Fusion")
    app.setPalette(_palette())
    app.setStyleSheet(_STYLE)


def fill_width(widget: QWidget) -> None:
    """Lets a control of a form take all the width its row has."""
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


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
