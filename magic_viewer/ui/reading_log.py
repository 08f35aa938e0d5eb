"""The file that a blind reading is written to: one line an answer. No Qt, no patient data."""

import csv
import errno
import io
import os
import threading
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from magic_viewer.errors import ExportError

COLUMNS = (
    "time", "series", "volume", "slice", "model", "model_hash", "reader", "model_answer",
    "probability", "agreement", "seconds", "typical", "blind", "abstains",
)  # fmt: skip
_FEWEST = COLUMNS.index("abstains")
"""Columns of a file from before there were more, which goes on without them."""


@dataclass(frozen=True)
class Reading:
    """One answer of the reader beside the model's.

    Attributes:
        time: UTC, ISO 8601.
        series: its number in the list, from 1.
        volume: its number in the series, from 1.
        slice: its number in the volume, from 1.
        model: name.
        model_hash: SHA-256 of its weights, hex.
        reader: the reader's class.
        model_answer: the model's most probable class.
        probability: that the model gives its own answer, 0..1.
        seconds: from showing the slice to the answer.
        is_typical: whether the slice is like those the model knows.
        is_blind: whether the reader had neither answered for this slice nor seen the model's
            answer before.
        abstains: whether the model names no class, as it is too close to call.
    """

    time: str
    series: int
    volume: int
    slice: int
    model: str
    model_hash: str
    reader: str
    model_answer: str
    probability: float
    seconds: float
    is_typical: bool
    is_blind: bool
    abstains: bool

    @property
    def agrees(self) -> bool:
        """Whether reader and model name the same class."""
        return self.reader == self.model_answer

    @property
    def row(self) -> tuple[str, ...]:
        """As written, in the order of COLUMNS."""
        *place, probability, seconds, is_typical, is_blind, abstains = astuple(self)
        return (
            *map(str, place),
            f"{probability:.6f}",
            _yes(self.agrees),
            f"{seconds:.2f}",
            _yes(is_typical),
            _yes(is_blind),
            _yes(abstains),
        )


class ReadingLog:
    """Appends to a CSV file. What could not be written is kept and tried again with the next.

    May be used from any thread.

    Args:
        path: a file that is not there yet, or one of readings.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending: list[Reading] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    @property
    def pending(self) -> tuple[Reading, ...]:
        """What is not in the file yet."""
        with self._lock:
            return tuple(self._pending)

    def add(self, reading: Reading) -> None:
        """Keeps an answer until it is written."""
        with self._lock:
            self._pending.append(reading)

    def write(self) -> None:
        """Writes all that is pending, down to the disk.

        Raises:
            ExportError: it can't be written; nothing is lost.
        """
        with self._writing:
            waiting = self.pending
            try:
                self._append(waiting)
            except OSError as error:
                raise ExportError(
                    f"The readings can't be written to their file ({_reason(error)}). "
                    "They are kept, and tried again; or choose another file."
                ) from error
            with self._lock:
                del self._pending[: len(waiting)]

    def _append(self, readings: Sequence[Reading]) -> None:
        # Unbuffered, so that nothing is left to be written after an error.
        with self.path.open("a+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            beginning, columns = self._beginning(file, end)
            text = beginning + _lines([r.row[:columns] for r in readings])
            data = text.encode()
            if not data:
                return
            try:
                if file.write(data) < len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                # Half a line would be taken for a reading, and the whole one comes again.
                file.truncate(end)
                raise

    def _beginning(self, file: io.FileIO, end: int) -> tuple[str, int]:
        """What comes before the next line, the head of a new file or nothing; and its columns."""
        head = _lines([COLUMNS])
        if not end:
            return head, len(COLUMNS)
        file.seek(0)
        found = file.read(len(head)).decode(errors="replace").splitlines()[:1]
        for columns in (len(COLUMNS), _FEWEST):
            if found == [",".join(COLUMNS[:columns])]:
                file.seek(-1, os.SEEK_END)
                return "" if file.read(1) == b"\n" else "\n", columns
        raise ExportError(
            "The chosen file holds something else than readings, so nothing is written to "
            "it. Choose another file, or a name that is not there yet."
        )


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _reason(error: OSError) -> str:
    """The system's words without the path, which may hold a name."""
    return error.strerror or type(error).__name__
