"""Whether a window can be shown here at all; Qt itself would end the program without a sentence.

Linux only: what Windows and macOS need comes with the system.
"""

import ctypes
import os
import sys
from pathlib import Path

from magic_viewer.errors import ScreenError

# What Qt and its X11 plugin are linked to -> the Debian or Ubuntu package that brings it.
_PACKAGES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
}


def require_qt() -> None:
    """Returns if Qt can be loaded.

    Raises:
        ScreenError: a library of the system is missing.
    """
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ImportError as error:
        raise _missing(str(error)) from error


def require_screen() -> None:
    """Returns if there is a screen and what Qt needs to draw on it.

    Raises:
        ScreenError: it says what is missing.
    """
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return
    if os.environ.get("WAYLAND_DISPLAY"):
        return
    display = os.environ.get("DISPLAY")
    if not display:
        raise ScreenError(
            "There is no screen here: DISPLAY and WAYLAND_DISPLAY are empty. The commands info, "
            "classify, attribute and generate work without one."
        )
    _require_loadable(_plugin())
    if not _answers():
        raise ScreenError(f"The screen {display} can't be reached, or lets this user not in.")


def _plugin() -> Path:
    """Qt's part for X11."""
    from PySide6.QtCore import QLibraryInfo

    plugins = QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)
    return Path(plugins, "platforms", "libqxcb.so")


def _require_loadable(library: Path) -> None:
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        # A frozen program's ctypes has an error of its own, with the linker's behind it.
        raise _missing(str(error.__cause__ or error)) from error


def _missing(complaint: str) -> ScreenError:
    """The dynamic linker's complaint as a sentence with what to do.

    Args:
        complaint: "libGL.so.1: cannot open shared object file: No such file or directory".
    """
    library = Path(complaint.split(":")[0]).name
    package = _PACKAGES.get(library)
    advice = f"On Debian or Ubuntu: apt install {package}." if package else "Install it."
    return ScreenError(f"The window needs {library}, which this system lacks. {advice}")


def _answers() -> bool:
    """Whether the X server named by DISPLAY takes a connection."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    answers = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return bool(answers)
