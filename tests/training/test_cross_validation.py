import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from magic_viewer.cli import main
from magic_viewer.errors import DataError, ModelError
from magic_viewer.pipeline.library import CARD
from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.progress import drain
from magic_viewer.training import cross_validation
from magic_viewer.training.card import CROSS_VALIDATION
from magic_viewer.training.cross_validation import SCORES, cross_validate
from tests.training.conftest import TINY

SHORT = replace(TINY, steps=2, validate_every=2, batch_size=4, initial_images=12)
VENDOR = replace(SHORT, task="vendor", preprocess=PreprocessConfig(size=32), contrast_labels=2)


def test_that_every_image_is_held_back_once_and_the_figures_are_pooled(
    series: Path, tmp_path: Path
) -> None:
    result = drain(cross_validate(series, tmp_path / "out", tmp_path / "run", VENDOR))
    assert result["folds"] == [0, 1, 2, 3, 4, 5]
    assert result["images"] == 14 == np.sum(result["confusion"])
    assert np.sum(result["confusion"], 1).tolist() == [6, 4, 4]
    assert len(result["votes"]["patient"]) == 6
    assert len(result["votes"]["series"]) == 7
    assert json.loads((tmp_path / "out" / CROSS_VALIDATION).read_text()) == json.loads(
        json.dumps(result)
    )
    figures = result["figures"]
    recalls = np.diag(result["confusion"]) / np.sum(result["confusion"], 1)
    assert figures["balanced_accuracy"]["value"] == pytest.approx(recalls.mean())
    for name in ("patient_balanced_accuracy", "series_balanced_accuracy", "ece", "bits_per_dim"):
        assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"]


def test_that_one_fold_of_one_class_has_figures(series: Path, tmp_path: Path) -> None:
    result = drain(cross_validate(series, tmp_path / "out", tmp_path / "run", VENDOR, [2]))
    assert result["images"] == 2
    assert 0 <= result["figures"]["accuracy"]["value"] <= 1


def test_that_a_finished_fold_is_not_trained_again(
    arrays: Path, tmp_path: Path, monkeypatch
) -> None:
    run = tmp_path / "run"
    first = drain(cross_validate(arrays, tmp_path / "out", run, SHORT, [0]))
    trained = []
    real = cross_validation.train
    monkeypatch.setattr(
        cross_validation,
        "train",
        lambda *args, **begin: trained.append(args[3]) or real(*args, **begin),
    )
    assert drain(cross_validate(arrays, tmp_path / "out", run, SHORT, [0])) == first
    both = drain(cross_validate(arrays, tmp_path / "out", run, SHORT, [0, 1]))
    assert trained == [run / "fold-1"]
    assert both["folds"] == [0, 1]
    assert both["images"] == 2 * first["images"]
    with pytest.raises(ModelError, match="another configuration"):
        drain(cross_validate(arrays, tmp_path / "out", run, replace(SHORT, seed=1), [0]))
    (run / "fold-0" / SCORES).write_bytes(b"no scores")
    with pytest.raises(ModelError, match="remove it"):
        drain(cross_validate(arrays, tmp_path / "out", run, SHORT, [0]))


def test_that_data_without_folds_and_folds_that_are_not_there_are_refused(
    folders: Path, arrays: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="data with folds"):
        drain(cross_validate(folders, tmp_path / "out", tmp_path / "run", SHORT))
    with pytest.raises(DataError, match="No images in fold 9"):
        drain(cross_validate(arrays, tmp_path / "out", tmp_path / "run", SHORT, [0, 9]))


def test_that_the_command_writes_the_pooled_figures_also_on_the_card(
    arrays: Path, tmp_path: Path, capsys
) -> None:
    small = ["steps=2", "batch_size=4", "initial_images=12", "width=16", "guide_width=16"]
    changes = [word for change in small for word in ("--set", change)]
    line = ["train", str(arrays), "--out", str(tmp_path / "out"), "--run", str(tmp_path / "run")]
    assert main([*line, *changes]) == 0
    card = tmp_path / "out" / CARD
    assert "Folds" not in card.read_text()
    assert main([*line, *changes, "--cross-validate", "0,3"]) == 0
    assert "Folds 0, 3: " in card.read_text()
    assert "Figures in" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / CROSS_VALIDATION).read_text())["folds"] == [0, 3]
    assert main([*line, "--cross-validate", "0,x"]) == 2
    assert "0,1,2 or all" in capsys.readouterr().err
