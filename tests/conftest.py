"""What all tests share."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def side_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small trained model that tells "left" from "right" images."""
    from magic_viewer.progress import drain
    from magic_viewer.training.build import build_model
    from tests.training.conftest import TINY, write_folders

    root = tmp_path_factory.mktemp("side")
    data = write_folders(root / "data", {"train": 20, "val": 8, "test": 8})
    drain(build_model(data, root / "side", root / "run", TINY))
    return root / "side"
