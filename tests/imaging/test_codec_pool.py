"""Decoding in child processes that may die."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from magic_viewer.imaging import codec_pool as module
from magic_viewer.imaging.codec_pool import CodecError, CodecPool
from magic_viewer.imaging.study import Study

IMAGE = np.arange(48, dtype=np.uint16).reshape(6, 8)
JPEG_LS = imagecodecs.jpegls_encode(IMAGE)


@pytest.fixture
def pool() -> Iterator[CodecPool]:
    pool = CodecPool(processes=1)
    yield pool
    pool.close()


def decode(pool: CodecPool, source: bytes = JPEG_LS) -> np.ndarray:
    return pool.decode("jpeg_ls", source, (6, 8), 1, 16)


def child(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Lets the pool's children run other code."""
    monkeypatch.setattr(module, "codec_child_command", lambda: [sys.executable, "-c", code])


def test_that_a_child_decodes_one_image_after_the_other(pool: CodecPool) -> None:
    first = pool._take()
    pool._idle.put(first)
    assert [np.array_equal(decode(pool), IMAGE) for _ in range(3)] == [True] * 3
    assert pool._take() is first
    first.end()


def test_that_a_damaged_image_is_an_error_and_the_child_lives(pool: CodecPool) -> None:
    with pytest.raises(CodecError):
        decode(pool, JPEG_LS[:20])
    assert np.array_equal(decode(pool), IMAGE)


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit",
        "import os; os.kill(os.getpid(), 11)",
        "print('no JSON', flush=True)",
        'print(\'{"dtype": "<u2", "shape": [6, 8]}\', flush=True)',
        'print(\'{"dtype": "<u2", "shape": [60000, 80000]}\', flush=True)',
        'print(\'{"dtype": "|O", "shape": [1]}\', flush=True)',
        'print(\'{"dtype": "<u2", "shape": [-6, 8]}\', flush=True)',
    ],
)
def test_that_a_child_that_dies_or_talks_nonsense_is_replaced(
    pool: CodecPool, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    with monkeypatch.context() as other:
        child(other, code)
        with pytest.raises(CodecError, match="sudden end"):
            decode(pool)
    assert np.array_equal(decode(pool), IMAGE)


def test_that_a_child_that_died_at_rest_costs_the_next_image_nothing(pool: CodecPool) -> None:
    decode(pool)
    dead = pool._take()
    dead.kill()
    dead._process.wait()
    pool._idle.put(dead)
    assert np.array_equal(decode(pool), IMAGE)


def test_that_a_child_that_cannot_start_is_an_error_of_the_image(
    pool: CodecPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "codec_child_command", lambda: ["/no/such/program"])
    with pytest.raises(CodecError, match="can't be started"):
        decode(pool)


@pytest.mark.skipif(sys.platform != "linux", reason="pipes are widened on Linux only")
def test_that_a_system_without_room_for_wide_pipes_still_has_children(
    pool: CodecPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    assert np.array_equal(decode(pool), IMAGE)


@pytest.mark.skipif(sys.platform != "linux", reason="memory can be held to a limit on Linux only")
def test_that_under_a_limit_of_the_system_images_are_decoded_too(
    pool: CodecPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import resource; limit = 3 << 30; resource.setrlimit(resource.RLIMIT_AS, (limit, limit));"
        "from magic_viewer.imaging import codec_child as child; child._ROOM = 4 << 30; child.main()"
    )
    child(monkeypatch, code)
    assert np.array_equal(decode(pool), IMAGE)


def test_that_a_child_that_never_answers_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = CodecPool(processes=1, seconds=0.3)
    with monkeypatch.context() as other:
        child(other, "import time; time.sleep(600)")
        with pytest.raises(CodecError, match="too long"):
            decode(pool)
    assert pool._idle.empty()


def test_that_all_children_can_be_made_ahead() -> None:
    pool = CodecPool(processes=2)
    pool.start()
    pool.start()
    assert pool._idle.qsize() == 2
    pool.close()
    assert pool._idle.empty()


@pytest.mark.skipif(sys.platform != "linux", reason="memory can be held to a limit on Linux only")
def test_that_an_image_that_would_fill_the_memory_is_an_error(pool: CodecPool) -> None:
    # A real code stream for 40000 × 40000 pixels, where 6 × 8 are expected.
    large = imagecodecs.jpegls_encode(np.zeros((40000, 40000), np.uint8))
    with pytest.raises(CodecError):
        decode(pool, large)
    assert np.array_equal(decode(pool), IMAGE)


def test_that_a_codec_in_the_folder_one_is_in_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: CodecPool
) -> None:
    (tmp_path / "imagecodecs.py").write_text("raise RuntimeError", encoding="utf-8")
    (tmp_path / "numpy.py").write_text("raise RuntimeError", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert np.array_equal(decode(pool), IMAGE)


def test_that_the_next_file_opens_after_one_that_killed_its_child(
    write_dicom: Callable[..., Path],
    open_paths: Callable[..., Study],
    monkeypatch: pytest.MonkeyPatch,
    pydicom_files: Path,
) -> None:
    pool = CodecPool(processes=1)
    monkeypatch.setattr("magic_viewer.imaging.dicom_codecs.codec_pool", lambda: pool)
    volume = open_paths(pydicom_files / "MR_small_jpeg_ls_lossless.dcm").series[0].volumes[0]
    with monkeypatch.context() as other:
        child(other, "raise SystemExit")
        with pytest.raises(Exception, match=r"MR_small_jpeg_ls_lossless\.dcm can't be opened"):
            volume.read_slice(0)
    assert volume.read_slice(0).shape == (64, 64)
    pool.close()
