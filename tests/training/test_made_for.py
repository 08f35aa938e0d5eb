"""What a model was made for is measured on its training images, and nothing is made up."""

import json
import shutil
from pathlib import Path

import numpy as np

from magic_viewer.cli import main
from magic_viewer.imaging.geometry import plane_affine
from magic_viewer.paths import model_folders
from magic_viewer.pipeline.fit import MadeFor
from magic_viewer.pipeline.library import read_bundle
from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.training.examples import Example
from magic_viewer.training.made_for import HEADERS, measure_made_for
from tests.training.conftest import write_folders

AXIAL = (1, 0, 0, 0, 1, 0)


def example(spacing=None) -> Example:
    affine = plane_affine((0, 0, 0), AXIAL, spacing) if spacing else None
    grey = np.random.default_rng(0).random((100, 100)).astype(np.float32)
    return Example(grey, "A", None, "0", None, spacing, None, affine)


def test_that_geometry_is_taken_from_the_files_that_tell_it() -> None:
    examples = [example((2.0, 2.0)), example((1.5, 1.5)), example()]
    found = measure_made_for(examples, PreprocessConfig(size=16), "default")
    assert found == MadeFor(("axial",), ("R A",), (150.0, 200.0), (1.5, 2.0))


def test_that_a_model_trained_on_mirrored_images_knows_both_sides() -> None:
    found = measure_made_for([example((2.0, 2.0))], PreprocessConfig(size=16), "default", True)
    assert found.sides == ("L A", "R A")


def test_that_without_geometry_only_what_is_told_of_the_data_is_known() -> None:
    found = measure_made_for([example()], PreprocessConfig(size=16), "brain-sequence")
    assert found == MadeFor(("axial",))
    assert measure_made_for([example()], PreprocessConfig(size=16), "default") == MadeFor()


def test_that_the_command_records_it_and_leaves_the_rest_as_it_was(
    side_model: Path, tmp_path: Path, capsys
) -> None:
    folder = tmp_path / "tumour"
    shutil.copytree(side_model, folder)
    before = json.loads((folder / "config.json").read_text())
    data = write_folders(tmp_path / "data", {"train": 4, "val": 2, "test": 2})
    assert main(["models", "measure", str(folder), str(data)]) == 0
    assert "planes: axial" in capsys.readouterr().out
    after = json.loads((folder / "config.json").read_text())
    assert after.pop("made_for")["planes"] == ["axial"]
    assert after == before


def test_that_a_header_names_only_classes_that_the_bundled_models_have() -> None:
    for folder in model_folders():
        rule, labels = read_bundle(folder).header, read_bundle(folder).info.labels
        assert {label for label, _ in rule.words} <= set(labels)
        assert rule.keyword == HEADERS[folder.name].keyword if folder.name in HEADERS else True
