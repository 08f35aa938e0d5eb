"""What the window and the process of the model say to each other, and how it is sent.

A message is a pickle of one of the classes below, and its arrays' bytes as they lie in memory,
each with its length before it. It goes through the private pipes between this program and a
child that it started itself, and nowhere else: nothing that was read from a file or came from
elsewhere may ever be given to `receive`, as a pickle can run code.
"""

import pickle
import struct
from dataclasses import dataclass
from typing import IO, Any

from magic_viewer.pipeline.calibration import Calibration
from magic_viewer.pipeline.results import ModelInfo

CHECK = "check"
"""The task that needs no model loaded: whether that of a folder is sound."""
_COUNT = struct.Struct("<I")


@dataclass(frozen=True)
class Ask:
    """A request.

    Attributes:
        number: of the request; no two have the same.
        folder: of the model.
        task: a name in `engine_child.TASKS`, or CHECK.
        subject: what it is to be done with; None where the model says it all.
    """

    number: int
    folder: str
    task: str
    subject: Any = None


@dataclass(frozen=True)
class Stop:
    """A request is no longer wanted."""

    number: int


@dataclass(frozen=True)
class Told:
    """Something on the way to an answer, such as progress or a sample."""

    number: int
    value: Any
    device: str


@dataclass(frozen=True)
class Done:
    """An answer; the last of a request. None when it was stopped."""

    number: int
    value: Any = None
    device: str = ""


@dataclass(frozen=True)
class Failed:
    """Why there is no answer; the last of a request.

    Attributes:
        number: of the request.
        error: name of the error's class.
        sentence: for the user, when the class is one of `errors`; else "".
        places: lines of code, without any text of the error, for the log.
    """

    number: int
    error: str
    sentence: str
    places: str


@dataclass(frozen=True)
class ModelFacts:
    """What there is to know of a loaded model.

    Attributes:
        info: what the user should know.
        calibration: None where it hasn't been fitted.
        model_hash: SHA-256 of its weights, hex.
    """

    info: ModelInfo
    calibration: Calibration | None
    model_hash: str


Request = Ask | Stop
Answer = Told | Done | Failed


def send(pipe: IO[bytes], message: Request | Answer) -> None:
    """Writes one message. Arrays are not copied.

    Raises:
        OSError: nobody reads any more.
    """
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(head), *(buffer.raw() for buffer in buffers)]
    pipe.write(_COUNT.pack(len(parts)))
    pipe.write(struct.pack(f"<{len(parts)}Q", *(part.nbytes for part in parts)))
    for part in parts:
        pipe.write(part)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Reads one message of our own other process; see above.

    Raises:
        EOFError: there is none any more.
    """
    (count,) = _COUNT.unpack(_read(pipe, _COUNT.size))
    lengths = struct.unpack(f"<{count}Q", _read(pipe, 8 * count))
    head, *buffers = (_read(pipe, length) for length in lengths)
    return pickle.loads(head, buffers=buffers)


def _read(pipe: IO[bytes], length: int) -> bytearray:
    content = bytearray(length)
    rest = memoryview(content)
    while rest:
        count = pipe.readinto(rest)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        rest = rest[count:]
    return content
