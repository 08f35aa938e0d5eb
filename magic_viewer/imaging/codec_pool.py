"""Compressed images decoded in child processes, which are kept and used again.

Compiled codecs can be brought down, or made to run or allocate without end, by a damaged file.
In a child that costs one sentence: it is ended, and the next image gets a new one.
"""

import atexit
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import prod
from queue import Empty, LifoQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from magic_viewer.child import Child
from magic_viewer.paths import codec_child_command

PROCESSES = max(1, min(4, os.cpu_count() or 1))
_SECONDS = 20.0
_WATCH_SECONDS = 0.2
_SECONDS_A_MEGABYTE = 0.5


class CodecError(Exception):
    """An image can't be decoded; its text has no word of the image's own."""


class CodecPool:
    """As many children as there are processors, each made when first needed."""

    def __init__(self, processes: int = PROCESSES, seconds: float = _SECONDS) -> None:
        """Makes a pool without any child yet.

        Args:
            processes: at most.
            seconds: that one image may take, beside half a second a megabyte.
        """
        self._turns = threading.Semaphore(processes)
        self._idle: LifoQueue[_Child] = LifoQueue()
        self._processes, self._seconds = processes, seconds
        self._deadlines: dict[_Child, float] = {}
        self._closed = threading.Event()
        self._watch: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Makes all children now, so that the first image needn't wait for one."""
        ready = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        ready += [_Child() for _ in range(self._processes - len(ready))]
        for child in ready:
            self._idle.put(child)

    def close(self) -> None:
        """Ends all children that are idle, and the watch over the others."""
        self._closed.set()
        while not self._idle.empty():
            self._idle.get_nowait().end()

    def decode(
        self, codec: str, source: bytes, shape: tuple[int, int], samples: int, bits: int
    ) -> npt.NDArray[Any]:
        """Decodes one image.

        Args:
            codec: "jpeg", "jpeg_ls", "jpeg_2000" or "rle".
            source: its compressed bytes.
            shape: (rows, columns) it should have.
            samples: a pixel.
            bits: allocated for a sample.

        Returns:
            What the codec gave, in its own shape and type.

        Raises:
            CodecError: it is damaged, or took too much time or memory.
        """
        expected = prod(shape) * samples * max(bits // 8, 1)
        asked = {
            "codec": codec,
            "bytes": len(source),
            "shape": shape,
            "samples": samples,
            "bits": bits,
            "expected": expected,
        }
        with self._turns:
            child = self._take()
            try:
                with self._watched(child, self._seconds + _SECONDS_A_MEGABYTE * expected / 1e6):
                    image = child.ask(asked, source)
            except _DeadError:
                child.end()
                raise CodecError("the decoder came to a sudden end or took too long") from None
            except BaseException:
                child.end()
                raise
            self._idle.put(child)
        if isinstance(image, str):
            raise CodecError(image)
        return image

    @contextmanager
    def _watched(self, child: "_Child", seconds: float) -> Iterator[None]:
        """Ends a child that takes longer; one thread for all, as making one takes a while."""
        with self._lock:
            if self._watch is None:
                self._watch = threading.Thread(target=self._end_late_ones, daemon=True)
                self._watch.start()
        self._deadlines[child] = time.monotonic() + seconds
        try:
            yield
        finally:
            del self._deadlines[child]

    def _end_late_ones(self) -> None:
        while not self._closed.wait(_WATCH_SECONDS):
            for child, deadline in list(self._deadlines.items()):
                if time.monotonic() > deadline:
                    child.kill()

    def _take(self) -> "_Child":
        """One that lives: one that died at rest is no fault of the next image."""
        with suppress(Empty):
            while True:
                child = self._idle.get_nowait()
                if child.is_running:
                    return child
                child.end()
        try:
            return _Child()
        except OSError:
            raise CodecError("the decoder can't be started; close other programs") from None


class _DeadError(Exception):
    """A child no longer answers."""


class _Child(Child):
    """One process that decodes."""

    def __init__(self) -> None:
        super().__init__(codec_child_command())

    def ask(self, asked: dict[str, Any], source: bytes) -> npt.NDArray[Any] | str:
        """Gives the image, or what kind of error there was.

        Raises:
            _DeadError: no whole answer came.
        """
        try:
            self.requests.write(json.dumps(asked).encode() + b"\n")
            self.requests.write(source)
            self.requests.flush()
            line = self.answers.readline()
            head = json.loads(line) if line else {}
            if "error" in head:
                return str(head["error"])
            return self._image(head, asked["expected"])
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise _DeadError from error

    def _image(self, head: dict[str, Any], expected: int) -> npt.NDArray[Any]:
        """Reads as many bytes as the answer says, if an image can have so many."""
        dtype, shape = np.dtype(head["dtype"]), tuple(map(int, head["shape"]))
        count = prod(shape) * dtype.itemsize
        if dtype.kind not in "iuf" or not 0 <= count <= 8 * expected + 64:
            raise ValueError(head)
        content = self.answers.read(count)
        if len(content) < count:
            raise EOFError
        return np.frombuffer(content, dtype).reshape(shape)


_pool: CodecPool | None = None
_lock = threading.Lock()


def codec_pool() -> CodecPool:
    """The program's one pool."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = CodecPool()
            atexit.register(_pool.close)
        return _pool
