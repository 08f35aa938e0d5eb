"""One window a user and session: a second start hands its files to the first and ends.

A socket in the user's own folder, of which only the user can make use; nothing listens on the
network. A message is a JSON list of absolute paths, as many bytes as it takes, then a line feed;
the answer is one line. What is no such list is dropped unread.
"""

import getpass
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QStandardPaths, QTimer, Signal

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

MOST_BYTES: Final = 4 * 1024 * 1024
_TAKEN: Final = b"taken\n"
_PATIENCE_MS: Final = 2000
_LONGEST_SOCKET: Final = 100


def socket_name() -> str:
    """Where the first of this user and session listens: a path, or a pipe's name on Windows."""
    session = [os.environ.get(name, "") for name in ("WAYLAND_DISPLAY", "DISPLAY", "SESSIONNAME")]
    user = str(os.getuid()) if sys.platform != "win32" else getpass.getuser()
    words = "\n".join([user, os.path.expanduser("~"), *session])
    name = f"magic-viewer-{hashlib.sha256(words.encode()).hexdigest()[:16]}"
    if sys.platform == "win32":
        return name
    path = str(_own_folder() / name)
    # A socket's path has to fit into some 100 bytes; Qt puts a bare name into the temporary folder.
    return path if len(os.fsencode(path)) < _LONGEST_SOCKET else name


def hand_over(paths: Sequence[Path]) -> bool:
    """Gives paths to the window that is already open; whether there was one that took them."""
    name = socket_name()
    if os.sep in name and sys.platform != "win32" and not os.path.exists(name):
        # Nobody has listened here: no need to load QtNetwork before the window.
        return False
    from PySide6.QtNetwork import QLocalSocket

    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(_PATIENCE_MS):
        return False
    socket.write(encoded(paths))
    while socket.bytesToWrite():
        if not socket.waitForBytesWritten(_PATIENCE_MS):
            return False
    while not socket.canReadLine():
        if not socket.waitForReadyRead(_PATIENCE_MS):
            return False
    return bytes(socket.readLine().data()) == _TAKEN


def encoded(paths: Sequence[Path]) -> bytes:
    """A message. JSON's escapes carry names of any language, and those that are no text at all."""
    return json.dumps([str(path.absolute()) for path in paths]).encode() + b"\n"


def decoded(message: bytes) -> list[Path] | None:
    """What a message says, or None where it is not one."""
    try:
        given = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        return None
    paths = [Path(one) for one in given]
    return paths if all(path.is_absolute() and "\0" not in str(path) for path in paths) else None


class InstanceServer(QObject):
    """Takes the paths of later starts."""

    paths_received = Signal(list)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server: QLocalServer | None = None
        self._callers: list[_Caller] = []

    def listen(self) -> bool:
        """Begins; False where another listens already. A socket left by a crash is replaced."""
        from PySide6.QtNetwork import QLocalServer, QLocalSocket

        name = socket_name()
        probe = QLocalSocket()
        probe.connectToServer(name)
        if probe.waitForConnected(_PATIENCE_MS):
            probe.abort()
            return False
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(name)
        if not server.listen(name):
            return False
        server.newConnection.connect(self._greet)
        self._server = server
        return True

    def close(self) -> None:
        """Ends; the socket goes too."""
        for caller in self._callers:
            caller.drop()
        self._callers.clear()
        if self._server is not None:
            self._server.close()
            self._server = None

    def _greet(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()):
            self._callers = [caller for caller in self._callers if caller.is_there]
            self._callers.append(_Caller(socket, self))


class _Caller(QObject):
    """One later start: reads its message, answers, and lets it go in any case."""

    def __init__(self, socket: "QLocalSocket", server: InstanceServer) -> None:
        super().__init__(server)
        self._socket, self._server = socket, server
        self.is_there = True
        self._message = b""
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._let_go)
        self._patience.start(_PATIENCE_MS)
        socket.readyRead.connect(self._read)
        socket.disconnected.connect(self.drop)
        self._read()

    def _read(self) -> None:
        self._message += bytes(self._socket.readAll().data())
        if len(self._message) > MOST_BYTES:
            self._let_go()
        elif self._message.endswith(b"\n"):
            paths = decoded(self._message)
            if paths is not None:
                self._socket.write(_TAKEN)
                self._socket.flush()
                self._server.paths_received.emit(paths)
            self._let_go()

    def _let_go(self) -> None:
        self._patience.stop()
        self._socket.disconnectFromServer()

    def drop(self) -> None:
        """Lets go of the socket, once; it must not speak while it is being taken down."""
        if self.is_there:
            self.is_there = False
            self._patience.stop()
            self._socket.readyRead.disconnect(self._read)
            self._socket.disconnected.disconnect(self.drop)
            self._socket.deleteLater()


def _own_folder() -> Path:
    """A folder that other users can't write to."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.path.isdir(runtime) and os.access(runtime, os.W_OK):
        return Path(runtime)
    place = QStandardPaths.StandardLocation.AppLocalDataLocation
    return Path(QStandardPaths.writableLocation(place))
