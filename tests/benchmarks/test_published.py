import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.published import (
    PublishedConfig,
    PublishedFlow,
    base_log_prob,
    dense_base,
    dense_base_log_prob,
    make_mask,
    published_config,
)

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference"
VARIANTS = pytest.mark.parametrize("variant", ["cls", "gen"])
needs_reference = pytest.mark.skipif(
    not REFERENCE.exists(), reason="needs the checkpoints of ../shared/reference"
)


def tiny_config(variant: str) -> PublishedConfig:
    return PublishedConfig(
        variant=variant,
        num_classes=3,
        input_shape=[1, 8, 8],
        num_coupling_layers=4,
        squeeze_layers=[1, 3],
        split_layers=[1, 2],
        layer_filters=4 * [[16, 16, 16]],
        mask_types=["custom", "channel", "horizontal_stripe", "checkerboard"],
    )


def make_tiny(variant: str) -> PublishedFlow:
    torch.manual_seed(0)
    flow = PublishedFlow(tiny_config(variant), (torch.rand(8, 8) > 0.5).float())
    for parameter in flow.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return flow.eval()


def draw(count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = 2 * torch.rand(count, 1, 8, 8, generator=generator) - 1
    return x, torch.eye(3)[torch.arange(count) % 3]


@needs_reference
@VARIANTS
def test_that_a_published_checkpoint_gives_the_published_numbers(variant: str) -> None:
    from safetensors.torch import load_file

    expected = load_file(REFERENCE / f"{variant}_small_expected.safetensors")
    config = json.loads((REFERENCE / f"{variant}_small.json").read_text(encoding="utf-8"))
    flow = PublishedFlow(config, expected["custom_mask"]).eval()
    checkpoint = torch.load(REFERENCE / f"{variant}_small.pth", weights_only=True)
    flow.load_state_dict(checkpoint["model_state_dict"], strict=True)
    x, y = expected["x"], expected["y"]
    with torch.no_grad():
        z, log_det = flow(x, y)
    got = {
        "z": z,
        "log_det": log_det,
        "log_prob": flow.log_prob(x, y),
        "all_label_log_prob": flow.all_label_log_prob(x),
        "x_sample": flow.inverse(expected["z_sample"], expected["y_sample"]),
    }
    for name, value in got.items():
        torch.testing.assert_close(
            value, expected[name], rtol=1e-4, atol=1e-5, msg=lambda text, n=name: f"{n}: {text}"
        )


@VARIANTS
def test_that_the_inverse_undoes_the_forward_pass(variant: str) -> None:
    flow = make_tiny(variant)
    x, y = draw(5)
    torch.testing.assert_close(flow.inverse(flow(x, y)[0], y), x, rtol=1e-4, atol=1e-5)


@VARIANTS
def test_that_the_log_determinant_is_that_of_the_jacobian(variant: str) -> None:
    flow = make_tiny(variant).double()
    x, y = (tensor.double() for tensor in draw(1))
    jacobian = torch.func.jacrev(lambda image: flow(image, y)[0])(x).reshape(64, 64)
    expected = torch.linalg.slogdet(jacobian)[1]
    torch.testing.assert_close(flow(x, y)[1][0], expected)


@VARIANTS
def test_that_a_column_of_all_labels_is_the_log_prob_of_its_label(variant: str) -> None:
    flow = make_tiny(variant)
    x, _ = draw(4)
    y = torch.eye(3)[1].expand(4, -1)
    torch.testing.assert_close(flow.all_label_log_prob(x)[:, 1], flow.log_prob(x, y))


@VARIANTS
def test_that_training_initialises_and_lowers_the_loss(variant: str) -> None:
    flow = make_tiny(variant)
    x, y = draw(6)
    optimizer = torch.optim.Adam(flow.parameters(), 1e-2)
    losses = [flow.training_step(x, y, optimizer) for _ in range(12)]
    assert losses[-1] < losses[0]
    assert all(module.initialized for module in flow.actnorms)


def test_that_maps_have_one_page_a_step_and_the_sum_of_the_coupling_terms() -> None:
    flow = make_tiny("gen")
    x, y = draw(2)
    for norm, conv in zip(flow.actnorms, flow.inv_convs, strict=True):
        norm.scale.data.fill_(1)
        norm.bias.data.zero_()
        conv.weight.data = torch.eye(len(conv.weight))
    maps = flow.log_det_maps(x, y)
    assert maps.shape == (2, 4, 8, 8)
    torch.testing.assert_close(maps.sum((1, 2, 3)), flow(x, y)[1], rtol=1e-4, atol=1e-5)


def test_that_the_dense_base_agrees_with_the_elementwise_one() -> None:
    z = torch.randn(3, 64, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(dense_base_log_prob(z), base_log_prob(z))
    dense_base.cache_clear()


@VARIANTS
def test_that_the_published_configuration_keeps_every_dimension(variant: str) -> None:
    config = published_config(variant, 7)
    with torch.device("meta"):
        flow = PublishedFlow(config, torch.ones(184, 184))
    shapes = flow.step_shapes()
    left = sum(c * h * w // 2 for c, h, w in (shapes[step] for step in config["split_layers"]))
    c, h, w = shapes[-1]
    assert shapes[-1] == (8, 23, 23)
    assert left + c * h * w == 184 * 184


@pytest.mark.parametrize("kind", ["custom", "spiral"])
def test_that_a_mask_that_cannot_be_made_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=kind):
        make_mask(kind, 0, (1, 8, 8), None)
