"""Real files, damaged at random: whatever comes, it is a clean answer or a clean refusal.

`mutant(path, number)` makes any of them again.
"""

import json
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.describe import describe
from magic_viewer.imaging.display import to_display
from magic_viewer.imaging.load import open_study
from magic_viewer.imaging.study import Study
from magic_viewer.progress import drain

from .conftest import package_folder

DICOM = """
    MR_small.dcm MR_small_bigendian.dcm MR_small_implicit.dcm MR_small_RLE.dcm image_dfl.dcm
    MR_small_jp2klossless.dcm MR_small_jpeg_ls_lossless.dcm JPEGLSNearLossless_16.dcm
    SC_rgb_small_odd_jpeg.dcm SC_rgb_dcmtk_+eb+cy+s4.dcm SC_rgb_jpeg_dcmtk.dcm
    SC_rgb_rle_2frame.dcm SC_ybr_full_422_uncompressed.dcm JPGExtended.dcm
    rtdose.dcm liver_expb_1frame.dcm no_meta.dcm dicomdirtests/DICOMDIR
    examples_palette.dcm SC_rgb_jpeg_gdcm.dcm
"""
VOLUMES = "minc1_4d.mnc test.mgz analyze.hdr nifti1.hdr example_nifti2.nii.gz functional.nii"
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
PARTS, A_PART = 24, 170
LARGEST = 120_000
PATIENCE_S = 30.0
EXTREMES = (b"\0\0\0\0", b"\1\0\0\0", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\xff\xff\0\0")
CANARY = b"CANARY"


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Small real files of every kind that opens; those of the corpus, too, where it is."""
    made = tmp_path_factory.mktemp("seeds")
    nib.save(
        nib.Nifti1Image(np.arange(24, dtype=np.int16).reshape(4, 3, 2), np.eye(4)), made / "a.nii"
    )
    for name in ("a.png", "a.jpg", "a.tif"):
        Image.effect_noise((40, 30), 50).save(made / name)
    pydicom = package_folder("pydicom") / "data" / "test_files"
    with ZipFile(made / "a.zip", "w") as packed:
        packed.write(pydicom / "MR_small.dcm", "a/b.dcm")
    nibabel = package_folder("nibabel") / "tests" / "data"
    found = [*made.iterdir(), *(pydicom / name for name in DICOM.split())]
    found += [nibabel / name for name in VOLUMES.split()]
    if CORPUS.is_dir():
        found += [path for path in CORPUS.glob("*/*") if path.parent.name != "models_bad"]
    return sorted(path for path in found if path.is_file() and path.stat().st_size <= LARGEST)


def mutant(path: Path, number: int) -> bytes:
    """Damages a file in one of seven ways, always the same for the same number."""
    rng = np.random.default_rng((number, len(path.name)))
    block = bytearray(_with_canary(path))
    for _ in range(1 + number % 3):
        _damage(block, rng)
    return bytes(block)


@cache
def _with_canary(path: Path) -> bytes:
    """Puts a mark where the patient is named, so that it is found again in what is said."""
    content = path.read_bytes()
    for tag in (b"\x10\0\x10\0PN", b"\x10\0\x20\0LO"):
        at = content.find(tag)
        length = int.from_bytes(content[at + 6 : at + 8], "little") if at >= 0 else 0
        if length >= len(CANARY):
            name = CANARY.ljust(length)
            content = content[: at + 8] + name + content[at + 8 + length :]
    return content


def _damage(block: bytearray, rng: np.random.Generator) -> None:
    size = len(block)
    if size < 8:
        return
    # Twice as often in the header as anywhere.
    place = int(rng.integers(0, min(size, 2000) if rng.random() < 0.66 else size))
    length = int(rng.integers(1, 64))
    match rng.integers(0, 7):
        case 0:
            for at in rng.integers(0, min(size, place + 400), int(rng.integers(1, 33))):
                block[at] ^= 1 << int(rng.integers(0, 8))
        case 1:
            block[place : place + 4] = EXTREMES[rng.integers(0, len(EXTREMES))]
        case 2:
            del block[place:]
        case 3:
            block += rng.bytes(length)
        case 4:
            block[place:place] = block[place : place + length] or rng.bytes(length)
        case 5:
            other = int(rng.integers(0, size))
            one, two = block[place : place + length], block[other : other + length]
            block[place : place + len(two)], block[other : other + len(one)] = two, one
        case 6:
            block[place : place + length] = bytes(length)


def look_at(path: Path) -> None:
    """Opens a file and looks at the ends and the middle of all that is in it.

    Raises:
        AssertionError: something was said that isn't one sentence, or names the patient.
    """
    try:
        study = drain(open_study([path]))
        check_words(json.dumps(describe(study)) if study.series else "")
        check_words(*(notice.text for notice in study.rejected))
        assert study.series or study.rejected
        for _ in shown(study):
            pass
    except ImagingError as error:
        check_words(str(error))


def shown(study: Study) -> Iterator[object]:
    """The pictures of the first, middle and last slice of every volume's ends."""
    for series in study.series:
        check_words(series.title, *(notice.text for notice in series.notices))
        for volume in {0: series.volumes[0], 1: series.volumes[-1]}.values():
            for k in {0, volume.shape[0] // 2, volume.shape[0] - 1}:
                image = volume.read_slice(k)
                assert image.shape == volume.shape[1:]
                yield to_display(image)


def check_words(*texts: str) -> None:
    for text in texts:
        assert CANARY.decode() not in text
        assert "Traceback" not in text
        assert "\n" not in text


@pytest.mark.parametrize("part", range(PARTS))
def test_that_a_damaged_file_is_answered_or_refused_in_a_sentence(
    part: int, seeds: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(part * A_PART, (part + 1) * A_PART):
        seed = seeds[number % len(seeds)]
        path = tmp_path / seed.name
        path.write_bytes(mutant(seed, number))
        failure: list[BaseException] = []
        thread = threading.Thread(target=_guarded, args=(path, failure), daemon=True)
        thread.start()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), f"{seed.name}, mutant {number}: no end"
        if failure:
            raise AssertionError(f"{seed.name}, mutant {number}") from failure[0]
        path.unlink()
    assert capfd.readouterr() == ("", "")


def _guarded(path: Path, failure: list[BaseException]) -> None:
    try:
        look_at(path)
    except BaseException as error:  # noqa: BLE001 - decoders in Rust raise BaseException
        failure.append(error)


def test_that_there_are_as_many_mutants_as_promised_and_they_differ(seeds: list[Path]) -> None:
    numbers = range(PARTS * A_PART)
    assert len(numbers) >= 2000
    changed = [
        mutant(seeds[n % len(seeds)], n) != seeds[n % len(seeds)].read_bytes() for n in numbers
    ]
    assert sum(changed) > 0.95 * len(numbers)
    assert mutant(seeds[0], 7) == mutant(seeds[0], 7)
