import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from magic_viewer.cli import main
from magic_viewer.errors import ModelError, RequestError
from magic_viewer.progress import drain
from magic_viewer.training import features as module
from magic_viewer.training.data import read_examples
from magic_viewer.training.features import ResNet, learned_features, radimagenet_features
from magic_viewer.training.generation import (
    NEIGHBOURS,
    assess,
    compare,
    generation_figures,
    make_reference,
    nearest,
)
from tests.training.conftest import TINY

pytest.importorskip("prdc", reason="needs the extra `generation`")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 4)
    monkeypatch.setattr(module, "BATCH", 8)


def normal(count: int, shift: float = 0.0, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, generator=generator) + shift


def test_that_the_figures_of_one_set_with_itself_are_the_best_there_are() -> None:
    same = compare(normal(200), normal(200))
    assert same["fid"] == pytest.approx(0, abs=1e-4)
    assert same["precision"] == same["recall"] == same["coverage"] == 1
    assert same["density"] >= 1


def test_that_a_shift_of_the_mean_is_its_square_in_fid() -> None:
    found = compare(normal(4000), normal(4000, shift=2.0, seed=1))
    assert found["fid"] == pytest.approx(3 * 2.0**2, rel=0.1)


def test_that_another_distribution_is_worse_in_every_figure() -> None:
    near, far = compare(normal(300), normal(300, seed=1)), compare(normal(300), normal(300, 5.0, 1))
    for name in ("fid", "kid"):
        assert far[name] > 10 * abs(near[name]), name
    for name in ("precision", "recall", "density", "coverage"):
        assert far[name] < 0.1 < near[name], name


def test_that_the_nearest_is_found_in_chunks() -> None:
    points, others = normal(150), normal(90, seed=1)
    distances, which = nearest(points, others)
    apart = (points[:, None] - others).norm(dim=2)
    torch.testing.assert_close(distances, apart.min(1).values)
    assert which.tolist() == apart.argmin(1).tolist()


def test_that_copies_of_training_images_are_found(folders: Path) -> None:
    examples = read_examples(folders)
    training = [e for e in examples if e.split == "train"]
    held_back = [e for e in examples if e.split == "test"]
    names = ("left", "right")
    space = drain(learned_features(training, names, TINY, folders / "features.safetensors"))
    reference = drain(make_reference(training, held_back, names, TINY, 8, space))
    real = reference.classes["left"]
    assert real.held_back.shape == real.training.shape == (8, 32, 32)
    copies, pairs = assess(reference, "left", real.training)
    assert copies["near_by_features"] == copies["near_by_pixels"] == 1
    assert (pairs["pixels"].nearest == real.training).all()
    unseen, _ = assess(reference, "left", real.held_back)
    assert unseen["near_by_pixels"] <= 1 / 8
    assert unseen["fid"] == pytest.approx(0, abs=1e-3)


def test_that_learned_features_are_kept_for_the_same_images_alone(folders: Path) -> None:
    training = [e for e in read_examples(folders) if e.split == "train"]
    cache, names = folders / "kept" / "features.safetensors", ("left", "right")
    images = np.stack([e.grey for e in training]).astype(np.uint8)
    first = drain(learned_features(training, names, TINY, cache)).features(images)
    written = cache.stat().st_mtime_ns
    again = drain(learned_features(training, names, TINY, cache)).features(images)
    assert cache.stat().st_mtime_ns == written
    torch.testing.assert_close(first, again)
    drain(learned_features(training[1:], names, TINY, cache))
    assert cache.stat().st_mtime_ns != written


def numbered(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights named as RadImageNet publishes them: children of the ResNet-50 by number."""
    numbers = {"conv1": 0, "bn1": 1, "layer1": 4, "layer2": 5, "layer3": 6, "layer4": 7}
    parts = {name: name.partition(".") for name in state}
    return {f"backbone.{numbers[p[0]]}.{p[2]}": state[name] for name, p in parts.items()}


def test_that_a_published_resnet_gives_its_features(tmp_path: Path) -> None:
    torch.manual_seed(0)
    plain = ResNet(3, 64, (3, 4, 6, 3), pool=True).state_dict()
    published = numbered(plain)
    assert published["backbone.7.0.downsample.0.weight"].shape == (2048, 1024, 1, 1)
    torch.save(published, tmp_path / "ResNet50.pt")
    torch.save({**plain, "fc.weight": torch.zeros(5, 2048)}, tmp_path / "torchvision.pth")
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32), dtype=np.uint8)
    found = radimagenet_features(tmp_path / "ResNet50.pt").features(images)
    assert found.shape == (2, 2048)
    assert (found[0] != found[1]).any()
    again = radimagenet_features(tmp_path / "torchvision.pth").features(images)
    torch.testing.assert_close(again, found)
    del published["backbone.0.weight"]
    torch.save(published, tmp_path / "other.pt")
    with pytest.raises(ModelError, match=r"conv1\.weight is missing"):
        radimagenet_features(tmp_path / "other.pt")


def test_that_a_report_compares_drawn_images_with_held_back_ones(
    side_model: Path, folders: Path
) -> None:
    out = folders.parent / "report"
    words = ["evaluate", str(side_model), str(folders), "--report", str(out), "--generation", "8"]
    assert main(words) == 2
    assert main([*words[:-1], "6", "--split", "test"]) == 2
    assert main([*words, "--split", "test"]) == 0
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))["generation"]
    assert found["counts"] == {"left": 8, "right": 8}
    assert found["neighbours"] == NEIGHBOURS
    assert set(found["temperatures"]) == {"0.7", "1.0"}
    assert found["floor"]["mean"]["fid"] > 0
    with Image.open(out / "samples.png") as sheet:
        assert sheet.info["synthetic"] == "true"
        assert sheet.height > 4 * 128
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2
    assert "<script" not in page


def test_that_a_model_is_not_judged_by_images_it_has_seen(side_model: Path, folders: Path) -> None:
    model = Path(shutil.copytree(side_model, folders.parent / "model"))
    config = model / "config.json"
    values = json.loads(config.read_text(encoding="utf-8"))
    values["training"]["split"] = "by patient: fold 2 held back, 3 patients for validation"
    config.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(RequestError, match="fold 2"):
        drain(generation_figures(model, folders, folders.parent / "out", None, 8))
