from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from magic_viewer.errors import ExportError
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline.map_file import save_attribution
from magic_viewer.pipeline.results import Attribution

MAP = Attribution(np.arange(16.0).reshape(4, 4), "a", None, 120.0, (0, 0, 8, 8))
VALUES = np.arange(64, dtype=np.float32).reshape(8, 8)


@pytest.mark.parametrize(
    ("column_direction", "convention"),
    [(1.0, "Radiological"), (-1.0, "Neurological"), (None, "Orientation unknown")],
)
def test_that_a_picture_names_how_the_slice_lies(
    tmp_path: Path, column_direction: float | None, convention: str
) -> None:
    # In LPS, columns that grow towards the patient's left put the right on screen left.
    affine = None if column_direction is None else np.diag([column_direction, 1.0, 1.0, 1.0])
    save_attribution(Slice(VALUES, affine=affine), MAP, tmp_path / "map.png")
    with Image.open(tmp_path / "map.png") as image:
        assert image.text["convention"] == convention


def test_that_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"\.png or \.npy"):
        save_attribution(Slice(VALUES), MAP, tmp_path / "map.gif")
