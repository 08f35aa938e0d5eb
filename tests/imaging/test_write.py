"""Writing pictures and volumes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from magic_viewer.errors import ExportError
from magic_viewer.imaging.study import Series
from magic_viewer.imaging.write import write_nifti, write_png

OBLIQUE_LPS = np.array([[0.8, -0.6, 0, 5], [0.6, 0.8, 0, -7], [0, 0, 2, 11], [0, 0, 0, 1.0]])


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (4, 5, 4)])
def test_that_a_picture_comes_back_with_its_notes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    write_png(tmp_path / "a.png", pixels, {"Note": "Research use. Not for diagnosis. µ"})
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
        assert image.text == {"Note": "Research use. Not for diagnosis. µ"}  # type: ignore[attr-defined]


def test_that_a_written_volume_opens_at_the_same_place(
    tmp_path: Path, open_one: Callable[..., Series]
) -> None:
    array = np.random.default_rng(0).random((2, 3, 4), np.float32)
    write_nifti(tmp_path / "a.nii.gz", array, OBLIQUE_LPS)
    volume = open_one(tmp_path / "a.nii.gz").volumes[0]
    assert volume.affine is not None
    np.testing.assert_allclose(volume.affine, OBLIQUE_LPS, atol=1e-6)
    np.testing.assert_array_equal(volume.read_slice(1).modality_values, array[1])


def test_that_an_unwritable_place_is_named_in_one_sentence(tmp_path: Path) -> None:
    nowhere = tmp_path / "missing"
    with pytest.raises(ExportError, match=r"^a\.png can't be written"):
        write_png(nowhere / "a.png", np.zeros((2, 2), np.uint8), {})
    with pytest.raises(ExportError, match=r"^a\.nii can't be written"):
        write_nifti(nowhere / "a.nii", np.zeros((2, 2, 2), np.float32), np.eye(4))
