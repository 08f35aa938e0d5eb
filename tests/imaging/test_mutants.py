"""Damaged files: nothing but a clean answer or a clean refusal comes out.

To see one again: `show_mutant("MR_small.dcm", 17, Path("somewhere"))`, with the name and number
that the failure gives.
"""

import json
import os
import re
import shutil
import threading
import traceback
import warnings
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from magic_viewer.errors import ImagingError
from magic_viewer.imaging import codec_pool
from magic_viewer.imaging.codec_pool import CodecPool
from magic_viewer.imaging.describe import describe
from magic_viewer.imaging.display import to_display
from magic_viewer.imaging.load import open_study
from magic_viewer.imaging.quiet import READERS
from magic_viewer.imaging.study import Notice, Series, Study, Volume
from magic_viewer.progress import drain
from tests.imaging.mutants import mutated, write_mutant
from tests.imaging.seeds import CANARY, CORPUS, Seed, corpus_seeds, packaged_seeds

CHUNKS = 20
# Least and largest whole numbers, and fractions that are none.
EXTREMES = (
    *(b"\0\0", b"\xff\x7f", b"\0\x80", b"\xff\xff\xff\x7f"),
    *(np.array(number, "<f4").tobytes() for number in (np.inf, np.nan)),
    *(np.array(number, "<f8").tobytes() for number in (np.nan, -1e300)),
)
LEAST = 2000
# Without an image, without a part of it, or damaged as they came.
NOT_SHOWN = """
    UN_sequence.dcm nested_priv_SQ.dcm rtstruct.dcm no_meta.dcm analyze.hdr minc2_1_scale.mnc
    JPEG2000-embedded-sequence-delimiter.dcm
"""
PER_SEED, PER_CORPUS_SEED = 50, 6
SECONDS = 20.0
CODEC_SECONDS = 8.0
LONGEST = 300
MOST_BYTES = 1 << 30
FORGET_PEAK = Path("/proc/self/clear_refs")
# libtiff prints by itself, and Pillow has no way to stop it: its lines are told by their form.
PRINTING = ("packed.tif", "lzw.tif")
PRINTED_BY_LIBTIFF = re.compile(r"(?:[\w.]+: [ -~]+\.\n)*")
NOT_FOR_USERS = re.compile(
    r"Traceback|Exception|Error\b|\bline \d+|site-packages|\.py\b|\b0x[0-9a-f]"
)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Seed]:
    """What is there wherever the tests run."""
    return packaged_seeds(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(scope="module", autouse=True)
def _quick_codecs() -> Iterator[None]:
    """Ends a codec that hangs before the watch ends the test."""
    pool = CodecPool(seconds=CODEC_SECONDS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec_pool, "_pool", pool)
        yield
    pool.close()


def test_that_every_seed_is_clean_before_it_is_damaged(
    seeds: list[Seed], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = [seed.name for seed in seeds]
    assert len(set(names)) == len(names)
    assert len(names) * PER_SEED >= LEAST
    for seed in seeds:
        folder = tmp_path / "seed"
        path = write_mutant(folder, seed, 0)
        path.write_bytes(seed.content)
        assert faults(path, capfd) == [], seed.name
        assert seed.name in NOT_SHOWN.split() or is_shown(path), seed.name
        shutil.rmtree(folder)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_that_damage_gives_a_clean_answer_or_refusal(
    chunk: int, seeds: list[Seed], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mutants = [(seed, number) for seed in seeds for number in range(PER_SEED)]
    check_mutants(mutants[chunk::CHUNKS], tmp_path, capfd)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus isn't there")
@pytest.mark.parametrize("chunk", range(4))
def test_that_damage_to_the_corpus_gives_a_clean_answer_or_refusal(
    chunk: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mutants = [(seed, number) for seed in corpus_seeds() for number in range(PER_CORPUS_SEED)]
    check_mutants(mutants[chunk::4], tmp_path, capfd)


def test_that_a_mutant_is_the_same_each_time_and_seldom_as_its_seed_was(
    seeds: list[Seed], tmp_path: Path
) -> None:
    again = {seed.name: seed for seed in packaged_seeds(tmp_path)}
    changed = []
    for seed, number in product(seeds, range(PER_SEED)):
        content = mutated(seed, number)
        assert content == mutated(again[seed.name], number), f"{seed.name}, mutant {number}"
        changed.append(content != seed.content)
    assert sum(changed) > max(LEAST, 0.95 * len(changed))


@pytest.mark.parametrize("name", ["SC_rgb_small_odd.dcm", "first.nii", "grey.png", "plain.tif"])
def test_that_a_file_may_end_at_any_byte(
    name: str, seeds: list[Seed], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (seed,) = (seed for seed in seeds if seed.name == name)
    path = tmp_path / name
    for end in range(min(len(seed.content), 1500)):
        path.write_bytes(seed.content[:end])
        assert faults(path, capfd) == [], end


@pytest.mark.parametrize(("name", "header_bytes"), [("first.nii", 352), ("second.nii", 544)])
def test_that_no_number_in_a_nifti_header_is_trusted(
    name: str,
    header_bytes: int,
    seeds: list[Seed],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (seed,) = (seed for seed in seeds if seed.name == name)
    path = tmp_path / name
    for place, part in product(range(0, header_bytes, 2), EXTREMES):
        content = bytearray(seed.content)
        content[place : place + len(part)] = part
        path.write_bytes(content)
        assert faults(path, capfd) == [], (place, part)


def check_mutants(
    mutants: list[tuple[Seed, int]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Fails with the names, numbers and faults of all mutants that aren't taken cleanly."""
    found = []
    for seed, number in mutants:
        folder = tmp_path / "mutant"
        found += [
            f"{seed.name}, mutant {number}: {fault}"
            for fault in faults(write_mutant(folder, seed, number), capfd)
        ]
        shutil.rmtree(folder)
    assert found == [], "\n".join(found)


def show_mutant(name: str, number: int, folder: Path) -> Path:
    """Writes the mutant that a failure names into a folder, to be opened there."""
    (folder / "seeds").mkdir(parents=True, exist_ok=True)
    everything = packaged_seeds(folder / "seeds") + corpus_seeds()
    return write_mutant(folder, next(seed for seed in everything if seed.name == name), number)


def is_shown(path: Path) -> bool:
    """Tells whether the first picture of a file comes."""
    study = drain(open_study([path]))
    return bool(study.series) and to_display(study.series[0].volumes[0].read_slice(0)).size > 0


def faults(path: Path, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Opens a file, looks at all of it, and gives what isn't as it should be."""
    found: list[str] = []
    watched = threading.Thread(target=_look, args=(path, found), daemon=True)
    before = _peak_bytes(anew=True)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for reader in READERS:
            warnings.filterwarnings("ignore", module=rf"{reader}\b")
        watched.start()
        watched.join(SECONDS)
    if watched.is_alive():
        found.append(f"it took more than {SECONDS:g} s")
    if _peak_bytes() - before > MOST_BYTES:
        found.append(f"it took more than {MOST_BYTES >> 20} MB")
    found += [f"warning: {warning.message}" for warning in warned]
    return found + _printed_faults(path, *capfd.readouterr())


def _peak_bytes(anew: bool = False) -> int:
    """Gives the most memory this process has held, told anew from now on if asked; Linux only."""
    if not os.access(FORGET_PEAK, os.W_OK):
        return 0
    if anew:
        FORGET_PEAK.write_text("5", encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) << 10 if found else 0


def _printed_faults(path: Path, out: str, err: str) -> list[str]:
    if path.name in PRINTING and PRINTED_BY_LIBTIFF.fullmatch(err) and CANARY not in err:
        err = ""
    return [f"printed: {text!r}" for text in (out, err) if text]


def _look(path: Path, found: list[str]) -> None:
    try:
        names = [one.name for one in path.parent.rglob("*")]
        study = drain(open_study([path]))
        found += _study_faults(study, names)
        try:
            words = json.dumps(describe(study), allow_nan=False)
        except ImagingError as error:
            words = str(error)
            found += _error_faults(words, names)
        if CANARY in words:
            found.append(f"a patient's name is told: {words}")
    except BaseException:  # noqa: BLE001 - whatever comes out is what is looked for
        found.append(traceback.format_exc())


def _study_faults(study: Study, names: list[str]) -> list[str]:
    if not study.series and not study.rejected:
        return ["it was passed over without a word"]
    found = [fault for notice in study.rejected for fault in _refusal_faults(notice)]
    for series in study.series:
        found += _series_faults(series, names)
    return found


def _series_faults(series: Series, names: list[str]) -> list[str]:
    found = [fault for notice in series.notices for fault in _notice_faults(notice)]
    volume = series.volumes[0]
    found += _text_faults(series.title, series.modality, *(one.name for one in series.volumes))
    for k in sorted({0, volume.shape[0] // 2, volume.shape[0] - 1}):
        try:
            found += _slice_faults(volume, k)
        except ImagingError as error:
            found += _error_faults(str(error), names)
    return found


def _slice_faults(volume: Volume, k: int) -> list[str]:
    image = volume.read_slice(k)
    shown = to_display(image)
    colors = (3,) if image.is_color else ()
    if (image.index, image.shape) != (k, volume.shape[1:]) or shown.shape != image.shape + colors:
        return [f"slice {k} of {volume.shape} came as {image.shape}, shown as {shown.shape}"]
    if image.modality_values.dtype != (np.uint8 if image.is_color else np.float32):
        return [f"slice {k} came as {image.modality_values.dtype}"]
    if shown.dtype != np.uint8:
        return [f"slice {k} is shown as {shown.dtype}"]
    return _text_faults(image.unit, image.modality, *(window.name for window in image.windows))


def _text_faults(*texts: str | None) -> list[str]:
    """Gives the texts that are shown but aren't one line without patient data."""
    return [
        f"shown: {text!r}" for text in texts if text and (CANARY in text or not text.isprintable())
    ]


def _notice_faults(notice: Notice) -> list[str]:
    return _sentence_faults(notice.text) + _text_faults(notice.file)


def _refusal_faults(notice: Notice) -> list[str]:
    return _notice_faults(notice) + _error_faults(notice.text, [notice.file])


def _error_faults(text: str, names: list[str]) -> list[str]:
    """Gives what is wrong with a sentence that has to say which file it is about."""
    named = any(name and name in text for name in names)
    return _sentence_faults(text) + ([] if named else [f"about which file? {text!r}"])


def _sentence_faults(text: str) -> list[str]:
    """Gives what isn't as in a sentence for users, on one line and without patient data."""
    clean = text.isprintable() and text.endswith(".") and len(text) <= LONGEST
    if clean and not NOT_FOR_USERS.search(text) and CANARY not in text:
        return []
    return [f"not a sentence for users: {text!r}"]
