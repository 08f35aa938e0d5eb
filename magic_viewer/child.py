"""A process of our own that works for this one, and the two pipes between them.

Its standard input brings requests and its standard output takes answers. It ends when its input
does, so it is never left behind: the system closes the pipe however this process ends.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, BinaryIO

_PIPE_BYTES = 1 << 20


class Child:
    """The process, as its parent holds it.

    Attributes:
        requests: to write to.
        answers: to read from.
    """

    def __init__(self, command: Sequence[str]) -> None:
        """Starts it.

        Raises:
            OSError: the system has no room for another process.
        """
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C in a terminal is for the parent to answer
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.requests: IO[bytes] = self._process.stdin
        self.answers: IO[bytes] = self._process.stdout
        for pipe in (self.requests, self.answers):
            _widen(pipe)

    @property
    def pid(self) -> int:
        """The system's number for it."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends the process, and so what waits for its answer. Any thread may call it."""
        self._process.kill()

    def end(self) -> None:
        """Ends the process and closes its pipes."""
        self.kill()
        self._process.wait()
        for pipe in (self.requests, self.answers):
            try:
                pipe.close()
            except OSError:
                continue


def _widen(pipe: IO[bytes]) -> None:
    """More room where there is some to be had: a user may have only so much for all pipes."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """In the child: where requests come from and where answers go.

    What libraries print is silenced, as it must not get between the answers.
    """
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    return sys.stdin.buffer, answers
