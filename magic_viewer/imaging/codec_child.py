"""The process that runs compiled image codecs, so that what they do stays in it.

It reads requests from standard input and answers on standard output: one line of JSON, then
the bytes. It imports no DICOM reader and sees no header, only one compressed image at a time. A
line is never evaluated and nothing is unpickled, in neither direction.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from magic_viewer.child import take_pipes

Image = npt.NDArray[Any]
_ROOM = 512 << 20
_COPIES = 6


def main() -> None:
    """Answers until standard input ends."""
    requests, answers = take_pipes()
    while line := requests.readline():
        asked = json.loads(line)
        source = requests.read(asked["bytes"])
        _answer(asked, source, answers)


def _answer(asked: dict[str, Any], source: bytes, answers: BinaryIO) -> None:
    try:
        _limit_memory(asked["expected"])
        image = np.ascontiguousarray(_CODECS[asked["codec"]](source, asked))
        head: dict[str, Any] = {"dtype": image.dtype.str, "shape": image.shape}
        content: Any = image.data if image.size else b""
    except BaseException as error:  # noqa: BLE001 - codecs in Rust raise BaseException
        head, content = {"error": type(error).__name__}, b""
    answers.write(json.dumps(head).encode() + b"\n")
    answers.write(content)
    answers.flush()


def _limit_memory(expected: int) -> None:
    """Allows for an image of so many bytes, where the system can hold a process to that."""
    try:
        import resource

        allowed = _used_at_first() + _ROOM + _COPIES * expected
    except (ImportError, OSError):
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


@cache
def _used_at_first() -> int:
    """Bytes of address space before the first image, from Linux's /proc."""
    import resource

    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[0]) * resource.getpagesize()


def _jpeg(source: bytes, asked: dict[str, Any]) -> Image:
    """Components as they are stored: pydicom turns colours."""
    from imagecodecs import jpeg8_decode

    stay = "YCBCR" if asked["samples"] == 3 else None
    decoded: Image = jpeg8_decode(source, colorspace=stay, outcolorspace=stay)
    return decoded


def _jpeg_ls(source: bytes, asked: dict[str, Any]) -> Image:
    from imagecodecs import jpegls_decode

    decoded: Image = jpegls_decode(source)
    return decoded


def _jpeg_2000(source: bytes, asked: dict[str, Any]) -> Image:
    from imagecodecs import jpeg2k_decode

    decoded: Image = jpeg2k_decode(source)
    return decoded


def _rle(source: bytes, asked: dict[str, Any]) -> Image:
    """Planes one after the other."""
    from rle.rle import decode_frame

    rows, columns = asked["shape"]
    return np.frombuffer(decode_frame(source, rows * columns, asked["bits"], "<"), np.uint8)


_CODECS: dict[str, Callable[[bytes, dict[str, Any]], Image]] = {
    "jpeg": _jpeg,
    "jpeg_ls": _jpeg_ls,
    "jpeg_2000": _jpeg_2000,
    "rle": _rle,
}


if __name__ == "__main__":
    main()
