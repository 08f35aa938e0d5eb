import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from magic_viewer import paths
from magic_viewer.cli import main
from tests.flow.test_interchange import Published
from tests.training.conftest import draw, write_folders

CLASSIFICATION = {
    "label",
    "probabilities",
    "log_likelihoods",
    "bits_per_dim",
    "typicality",
    "in_distribution",
    "probability_spreads",
    "log_likelihood_spreads",
    "abstains",
}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A PNG of the class "right"."""
    path = tmp_path / "slice.png"
    Image.fromarray(draw("right", np.random.default_rng(3))).save(path)
    return path


def test_that_classify_prints_one_json_object(capsys, picture: Path, side_model: Path) -> None:
    assert main(["classify", str(picture), "--model", str(side_model), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) >= CLASSIFICATION
    assert answer["label"] == "right"
    assert isinstance(answer["bits_per_dim"], float)
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_that_classify_speaks_to_people_too(capsys, picture: Path, side_model: Path) -> None:
    assert main(["classify", str(picture), "--model", str(side_model)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("slice 1 of 1: right")
    assert "Research use. Not for diagnosis." in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--slice", "9"], "slices 1 to 1"),
        (["--series", "2"], "has 1 series"),
        (["--model", "unknown"], "No model 'unknown'"),
    ],
)
def test_that_what_is_not_there_is_said_in_one_sentence(
    capsys, picture: Path, side_model: Path, words: list[str], sentence: str
) -> None:
    assert main(["classify", str(picture), "--model", str(side_model), *words]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_that_a_missing_file_is_named(capsys, side_model: Path) -> None:
    assert main(["classify", "nowhere.dcm", "--model", str(side_model)]) == 2
    assert "nowhere.dcm" in capsys.readouterr().err


def test_that_generate_writes_the_same_bytes_each_time(tmp_path: Path, side_model: Path) -> None:
    written = []
    for name in ("a", "b"):
        words = ["generate", "--model", str(side_model), "--label", "LEFT", "--count", "3"]
        assert main([*words, "--seed", "1", "--out", str(tmp_path / name)]) == 0
        files = sorted((tmp_path / name).glob("*.png"))
        written.append([(f.name, f.read_bytes()) for f in files])
    assert len(written[0]) == 3
    assert written[0] == written[1]


def test_that_attribute_writes_a_map_that_sums_to_the_log_likelihood(
    capsys, tmp_path: Path, picture: Path, side_model: Path
) -> None:
    out = tmp_path / "map.npy"
    words = ["attribute", str(picture), "--model", str(side_model), "--target", "right"]
    assert main([*words, "--out", str(out)]) == 0
    assert main(["classify", str(picture), "--model", str(side_model), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert np.load(out).sum() == pytest.approx(answer["log_likelihoods"]["right"], rel=1e-6)
    assert main([*words, "--against", "left", "--out", str(tmp_path / "map.png")]) == 0
    with Image.open(tmp_path / "map.png") as image:
        assert image.width > 64


def test_that_train_writes_a_model_that_evaluate_reads(capsys, tmp_path: Path) -> None:
    data = write_folders(tmp_path / "data", {"train": 8, "val": 4, "test": 4})
    out = tmp_path / "models" / "mine"
    small = ["steps=2", "batch_size=4", "initial_images=16", "width=16", "guide_width=16"]
    changes = [word for change in small for word in ("--set", change)]
    words = ["train", str(data), "--out", str(out), "--run", str(tmp_path / "run"), *changes]
    assert main(words) == 0
    report = tmp_path / "report.json"
    assert main(["evaluate", str(out), str(data), "--split", "test", "--json", str(report)]) == 0
    figures = json.loads(report.read_text())
    assert set(figures) >= {"accuracy", "balanced_accuracy", "bits_per_dim", "ece", "n"}
    assert figures["n"] == 8


def test_that_models_lists_names_and_classes(capsys, monkeypatch, side_model: Path) -> None:
    monkeypatch.setenv("MAGIC_VIEWER_MODELS", str(side_model.parent))
    assert main(["models", "--json"]) == 0
    listed = {info["name"]: info for info in json.loads(capsys.readouterr().out)}
    assert listed["side"]["labels"] == ["left", "right"]


def test_that_a_broken_model_is_named_and_the_others_are_listed(
    capsys, monkeypatch, side_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(side_model, tmp_path / "side")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    monkeypatch.setenv("MAGIC_VIEWER_MODELS", str(tmp_path))
    assert main(["models", "--json"]) == 2
    said = capsys.readouterr()
    assert "side" in [info["name"] for info in json.loads(said.out)]
    assert str(tmp_path / "broken" / "config.json") in said.err


def test_that_info_needs_neither_torch_nor_qt(picture: Path) -> None:
    code = (
        "import sys; from magic_viewer.cli import main; main(['info', sys.argv[1], '--json']);"
        "sys.exit(bool({'torch', 'PySide6', 'pyqtgraph'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(picture)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["series"][0]["shape"][-2:] == [32, 32]


@pytest.fixture
def imported(tmp_path: Path, capsys) -> tuple[Path, Published]:
    """A model folder imported from a published-style checkpoint."""
    published = Published(tmp_path, "cls")
    mask = Image.fromarray((255 * published.mask.numpy()).astype(np.uint8))
    mask.save(tmp_path / "mask.png")
    words = ["models", "import", str(tmp_path / "flow.pth"), "--config"]
    words += [str(tmp_path / "config.json"), "--mask", str(tmp_path / "mask.png")]
    assert main([*words, "--labels", "left, middle, right", "--out", str(tmp_path / "m")]) == 0
    assert "not calibrated yet" in capsys.readouterr().out
    return tmp_path / "m", published


def test_that_an_imported_model_is_verified_and_a_changed_one_fails(capsys, imported) -> None:
    folder, published = imported
    expected = published.folder / "expected.safetensors"
    assert main(["models", "verify", str(folder), str(expected)]) == 0
    assert "all within" in capsys.readouterr().out
    weights = load_file(folder / "weights.safetensors")
    name = next(n for n in weights if n.endswith("t_fc3.bias"))
    save_file(weights | {name: weights[name] + 0.1}, folder / "weights.safetensors")
    assert main(["models", "verify", str(folder), str(expected)]) == 1
    assert "not all within" in capsys.readouterr().out


def test_that_an_imported_model_classifies_once_it_is_calibrated(
    capsys, imported, picture: Path, tmp_path: Path
) -> None:
    folder, _ = imported
    classify = ["classify", str(picture), "--model", str(folder), "--json"]
    assert main(classify) == 2
    assert "isn't calibrated" in capsys.readouterr().err
    data = write_folders(tmp_path / "data", {"val": 12})
    assert main(["models", "calibrate", str(folder), str(data), "--split", "val"]) == 0
    capsys.readouterr()
    assert "fitted on 24 images of `data`" in (folder / "card.md").read_text(encoding="utf-8")
    assert main(classify) == 0
    answer = json.loads(capsys.readouterr().out)
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


@pytest.mark.parametrize("words", [["--evidence"], ["--scale", "1"], []])
def test_that_every_kind_of_map_sums_to_what_it_says(
    capsys, picture: Path, side_model: Path, tmp_path: Path, words: list[str]
) -> None:
    path = tmp_path / "map.npy"
    line = ["attribute", str(picture), "--model", str(side_model), "--out", str(path), *words]
    assert main(line) == 0
    said = capsys.readouterr().out
    total = float(said.split(" = ")[1].split(" nats")[0])
    assert np.load(path).sum() == pytest.approx(total, rel=1e-4, abs=1e-3)
    assert ("have no place" in said) == (not words)


def test_that_a_scale_that_is_not_there_is_said(
    capsys, picture: Path, side_model: Path, tmp_path: Path
) -> None:
    line = ["attribute", str(picture), "--model", str(side_model), "--scale", "9"]
    assert main([*line, "--out", str(tmp_path / "map.npy")]) == 2
    assert "has scales 1 to" in capsys.readouterr().err


def test_that_a_sound_model_passes_its_check_and_another_does_not(
    capsys, side_model: Path, tmp_path: Path
) -> None:
    assert main(["models", "check", str(side_model)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["classes"] == ["left", "right"]
    assert found["round_trip"] < 1e-5
    broken = tmp_path / "broken"
    shutil.copytree(side_model, broken)
    weights = load_file(broken / "weights.safetensors")
    name = next(n for n, value in weights.items() if value.is_floating_point())
    weights[name].flatten()[0] = float("nan")
    save_file(weights, broken / "weights.safetensors")
    for path in (broken, broken / "weights.safetensors"):
        assert main(["models", "check", str(path)]) == 2
        assert f"{name} has values that aren't finite" in capsys.readouterr().err


def test_that_a_trained_model_is_calibrated_anew_from_its_own_data_alone(
    capsys, side_model: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(side_model, tmp_path / "side"))
    config = json.loads((folder / "config.json").read_text())
    old = config | {"format": 1, "calibration": {"scale_medians": [1.0]}}
    (folder / "config.json").write_text(json.dumps(old))
    other = write_folders(tmp_path / "other", {"train": 2, "val": 4, "test": 2})
    assert main(["models", "calibrate", str(folder), str(other)]) == 2
    assert "was trained on 40 images" in capsys.readouterr().err
    data = side_model.parent / "data"
    assert main(["models", "calibrate", str(folder), str(data)]) == 0
    again = json.loads((folder / "config.json").read_text())
    assert again["calibration"] == config["calibration"]
    assert again["training"]["held_back"] == pytest.approx(config["training"]["held_back"])
    assert (folder / "card.md").read_bytes() == (side_model / "card.md").read_bytes()


def test_that_a_whole_series_gets_one_answer_and_a_line_a_slice(
    capsys, tmp_path: Path, side_model: Path
) -> None:
    rng = np.random.default_rng(5)
    values = np.stack([draw("left", rng) for _ in range(3)], 2).swapaxes(0, 1)
    path = tmp_path / "series.nii"
    # Stored so that the viewer shows rows downwards and columns as drawn.
    nib.save(nib.Nifti1Image(values, np.diag([-1.0, -1.0, 1.0, 1.0])), path)
    line = ["classify", str(path), "--model", str(side_model), "--all-slices"]
    assert main([*line, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [s["slice"] for s in answer["slices"]] == [1, 2, 3]
    assert answer["used"] + answer["left_out"] == 3
    assert answer["label"] == "left"
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert main(line) == 0
    text = capsys.readouterr().out
    assert text.startswith("series: left")
    assert "slice 3: " in text
    assert main([*line, "--slice", "1"]) == 2
    assert "either --slice or --all-slices" in capsys.readouterr().err


def test_that_a_model_goes_out_as_a_file_and_comes_in_again(
    capsys, tmp_path: Path, side_model: Path, monkeypatch
) -> None:
    monkeypatch.setattr(paths, "added_models", lambda: tmp_path / "added")
    monkeypatch.setattr("magic_viewer.pipeline.added.added_models", lambda: tmp_path / "added")
    file = tmp_path / "given.magicmodel"
    assert main(["models", "pack", str(side_model), str(file)]) == 0
    assert main(["models", "add", str(file)]) == 0
    said = capsys.readouterr().out
    assert "licence of the weights: CC0" in said
    assert main(["models", "add", str(file)]) == 0
    assert "side: already there" in capsys.readouterr().out
    assert main(["models"]) == 0
    assert "side (added):" in capsys.readouterr().out
    file.write_bytes(b"no archive")
    assert main(["models", "add", str(file)]) == 2
    assert "given.magicmodel: expected" in capsys.readouterr().err
    assert main(["models", "remove", "side"]) == 0
    assert main(["models", "remove", "side"]) == 2
    assert list((tmp_path / "added").iterdir()) == []


@pytest.mark.parametrize("licence", ["CC BY-NC 4.0", "CC0"])
def test_that_a_non_commercial_licence_is_told_on_standard_error(
    licence: str, capsys, tmp_path: Path, picture: Path, side_model: Path
) -> None:
    folder = shutil.copytree(side_model, tmp_path / "mine")
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | {"licence": licence}))
    assert main(["classify", str(picture), "--model", str(folder), "--json"]) == 0
    said = capsys.readouterr()
    assert ("non-commercial use only: CC BY-NC 4.0" in said.err) is (licence != "CC0")
    json.loads(said.out)
