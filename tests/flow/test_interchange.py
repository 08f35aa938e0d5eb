"""Published checkpoints, against an independent re-implementation and the published numbers."""

import json
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmarks.published import PublishedConfig, PublishedFlow, base_log_prob
from magic_viewer.errors import ModelError
from magic_viewer.flow.interchange import (
    QUANTITIES,
    largest_differences,
    read_published_checkpoint,
    read_published_config,
)
from magic_viewer.flow.published_layers import norm

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference"
SIZE = 16


class Published:
    """A small published-style checkpoint with its numbers, as files.

    Attributes:
        folder: holds config.json, flow.pth and expected.safetensors.
        mask: (16, 16).
    """

    def __init__(self, folder: Path, variant: str) -> None:
        torch.manual_seed(0)
        config = PublishedConfig(
            variant=variant,
            num_classes=3,
            input_shape=[1, SIZE, SIZE],
            num_coupling_layers=6,
            squeeze_layers=[2, 4],
            split_layers=[3, 4],
            layer_filters=6 * [[16, 16, 32]],
            mask_types=[
                "custom", "horizontal_stripe", "checkerboard", "channel", "vertical_stripe",
                "channel",
            ],
        )  # fmt: skip
        self.folder = folder
        self.mask = (torch.rand(SIZE, SIZE) > 0.5).float()
        flow = PublishedFlow(config, self.mask).eval()
        for parameter in flow.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
        for name, buffer in flow.named_buffers():
            buffer.fill_(True) if name.endswith("initialized") else None
        flow.actnorms[1].scale.data *= -1
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        state = flow.state_dict()
        torch.save({"epoch": 3, "model_state_dict": state, "history": []}, folder / "flow.pth")
        x, y = 2 * torch.rand(4, 1, SIZE, SIZE) - 1, torch.eye(3)[[0, 1, 2, 1]]
        with torch.no_grad():
            z, log_det = flow(x, y)
            noise = torch.randn(2, SIZE**2)
            expected = {
                "x": x, "y": y, "z": z, "log_det": log_det,
                "log_prob": base_log_prob(z) + log_det,
                "all_label_log_prob": flow.all_label_log_prob(x),
                "z_sample": noise, "y_sample": y[:2], "x_sample": flow.inverse(noise, y[:2]),
            }  # fmt: skip
        save_file({k: v.clone() for k, v in expected.items()}, folder / "expected.safetensors")

    def read(self):
        config = read_published_config(self.folder / "config.json")
        return read_published_checkpoint(self.folder / "flow.pth", config, self.mask)


@pytest.fixture(params=["cls", "gen"])
def published(request: pytest.FixtureRequest, tmp_path: Path) -> Published:
    return Published(tmp_path, request.param)


def test_that_an_imported_flow_gives_the_numbers_of_another_implementation(published) -> None:
    flow = published.read()
    differences = largest_differences(flow, published.folder / "expected.safetensors")
    assert set(differences) == set(QUANTITIES)
    assert max(differences.values()) < 1e-5


def test_that_widths_which_eight_does_not_divide_are_grouped_as_published() -> None:
    assert [norm(width).num_groups for width in (4, 12, 16, 20)] == [4, 6, 8, 5]


def test_that_differences_are_found(published) -> None:
    flow = published.read()
    next(flow.parameters()).data += 0.1
    differences = largest_differences(flow, published.folder / "expected.safetensors")
    assert max(differences.values()) > 1e-4


def test_that_a_bare_state_with_an_optimizer_and_parallel_names_is_read_too(published) -> None:
    path = published.folder / "flow.pth"
    state = torch.load(path, weights_only=True)["model_state_dict"]
    before = published.read().state_dict()
    for saved in (
        state,
        {f"module.{name}": value for name, value in state.items()},
        {"model_state_dict": state, "optimizer_state_dict": {"state": {}, "param_groups": []}},
    ):
        torch.save(saved, path)
        after = published.read().state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)


def test_that_what_does_not_fit_is_named(published) -> None:
    path = published.folder / "flow.pth"
    state = torch.load(path, weights_only=True)["model_state_dict"]
    del state["inv_convs.2.weight"]
    state["actnorms.3.bias"] = torch.zeros(1, 5, 1, 1)
    torch.save({"model_state_dict": state}, path)
    with pytest.raises(ModelError) as error:
        published.read()
    assert "weight is missing" in str(error.value)
    assert "bias is 5, expected 4" in str(error.value)


class Harmful:
    def __reduce__(self):
        return print, ("this must not run",)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a checkpoint", pickle.dumps({"model_state_dict": Harmful()}), pickle.dumps([1])],
)
def test_that_anything_else_is_refused_and_code_never_runs(published, capsys, content) -> None:
    (published.folder / "flow.pth").write_bytes(content)
    with pytest.raises(ModelError, match=r"flow\.pth: expected a checkpoint"):
        published.read()
    assert capsys.readouterr().out == ""


def test_that_compressed_members_are_not_opened(published) -> None:
    path = published.folder / "flow.pth"
    with zipfile.ZipFile(path) as stored:
        members = {name: stored.read(name) for name in stored.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as deflated:
        for name, content in members.items():
            deflated.writestr(name, content)
    with pytest.raises(ModelError, match="compressed members"):
        published.read()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mask_types": ["zigzag"] * 6}, "zigzag"),
        ({"variant": "both"}, "both"),
        ({"input_shape": [1, 16, 20]}, "square"),
    ],
)
def test_that_a_configuration_that_is_not_known_is_named(published, change, words) -> None:
    path = published.folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change), encoding="utf-8")
    with pytest.raises(ModelError, match=words):
        published.read()


def test_that_a_custom_mask_is_asked_for(published) -> None:
    published.mask = None
    with pytest.raises(ModelError, match="give the mask image"):
        published.read()


@pytest.mark.skipif(not REFERENCE.exists(), reason="needs the checkpoints of ../shared/reference")
@pytest.mark.parametrize("variant", ["cls", "gen"])
def test_that_published_checkpoints_give_the_published_numbers(variant: str) -> None:
    numbers = REFERENCE / f"{variant}_small_expected.safetensors"
    config = read_published_config(REFERENCE / f"{variant}_small.json")
    mask = load_file(numbers)["custom_mask"]
    flow = read_published_checkpoint(REFERENCE / f"{variant}_small.pth", config, mask)
    assert max(largest_differences(flow, numbers).values()) < 1e-5
