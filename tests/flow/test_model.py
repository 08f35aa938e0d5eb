import math
from dataclasses import replace

import pytest
import torch

from benchmarks.published import PublishedFlow, published_config
from magic_viewer.flow import model
from magic_viewer.flow.attribution import attribution, evidence, scale_attributions, spread
from magic_viewer.flow.base import draw_noise
from magic_viewer.flow.bijection import Context
from magic_viewer.flow.conditioner import GuidedConditioner, PriorConditioner
from magic_viewer.flow.config import named_config
from magic_viewer.flow.coupling import AffineCoupling
from magic_viewer.flow.dequantization import dequantize
from magic_viewer.flow.model import ConditionalFlow, total
from tests.flow.conftest import make_flow, make_published, noise_images

LABELS = torch.tensor([0, 1, 2, 1])


def test_that_decode_undoes_encode_for_every_label(any_flow: ConditionalFlow) -> None:
    x = noise_images(any_flow, 2).double()
    for label in range(3):
        labels = torch.full((2,), label)
        back = any_flow.double().decode(any_flow.encode(x, labels), labels)
        torch.testing.assert_close(back, x, rtol=0, atol=1e-8)


def test_that_encode_undoes_decode(any_flow: ConditionalFlow) -> None:
    z = draw_noise(range(4), any_flow.dimensions).double()
    back = any_flow.double().encode(any_flow.decode(z, LABELS), LABELS)
    torch.testing.assert_close(back, z, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_flow(16),
        lambda: make_published(size=8),
        lambda: make_published(size=8, network="classification"),
        lambda: make_published(size=8, prior="conditional", scale=1 / 256, offset=0, logit=0.05),
    ],
)
def test_that_log_prob_is_the_base_density_and_the_jacobian_of_encode(make) -> None:
    flow = make().double()
    x, labels = noise_images(flow, 2).double(), torch.tensor([2, 0])
    jacobian = torch.autograd.functional.jacobian(
        lambda first: flow.encode(torch.stack([first, x[1]]), labels)[0], x[0]
    )
    z = flow.encode(x, labels)[0]
    base = torch.distributions.Normal(torch.zeros((), dtype=torch.float64), 1.0).log_prob(z).sum()
    expected = base + torch.linalg.slogdet(jacobian.view(len(z), -1)).logabsdet
    torch.testing.assert_close(flow.log_prob(x, labels)[0], expected)


def test_that_all_labels_at_once_agree_with_one_at_a_time(any_flow: ConditionalFlow) -> None:
    x = noise_images(any_flow, 4)
    together = any_flow.all_label_log_prob(x)
    for label in range(3):
        alone = any_flow.log_prob(x, torch.full((4,), label))
        torch.testing.assert_close(together[:, label], alone, rtol=1e-5, atol=1e-2)


def test_that_a_bound_on_memory_changes_nothing(any_flow: ConditionalFlow, monkeypatch) -> None:
    x = noise_images(any_flow, 3)
    together = any_flow.all_label_log_prob(x)
    few = 2 * any_flow.dimensions
    monkeypatch.setattr(model, "COMPACT_PIXELS", few)
    monkeypatch.setattr(model, "PUBLISHED_PIXELS", few)
    torch.testing.assert_close(any_flow.all_label_log_prob(x), together, rtol=1e-5, atol=1e-2)
    assert any_flow.sample(3, 1).shape == x.shape


def test_that_log_scales_stay_bounded_however_sure_a_network_is(any_flow) -> None:
    couplings = [m for m in any_flow.modules() if isinstance(m, AffineCoupling)]
    for coupling in couplings:
        coupling.conditioner.register_forward_hook(lambda m, i, out: (1e6 + out[0], out[1]))
        channels, height, width = coupling.mask.shape[1:]
        guide = torch.zeros(1, 16, height // 2, width // 2)
        if isinstance(coupling.conditioner, GuidedConditioner):
            guide = guide[:, : coupling.conditioner.guide.in_channels]
        elif isinstance(coupling.conditioner, PriorConditioner):
            guide = torch.zeros(1, coupling.conditioner.enter.in_channels, height, width)
        context = Context(torch.tensor([0]), guide=guide)
        _, log_det = coupling.forward_and_log_det(torch.zeros(1, channels, height, width), context)
        assert (log_det.abs() <= coupling.bound * channels + 1e-4).all()
    assert couplings


@pytest.mark.parametrize("fold", [False, True])
def test_that_networks_in_bfloat16_change_little_and_keep_the_round_trip(
    any_flow: ConditionalFlow, fold: bool
) -> None:
    flow = any_flow.fold() if fold else any_flow
    x, labels = noise_images(flow, 2), torch.tensor([0, 2])
    with torch.no_grad():
        exact = flow.log_prob(x, labels)
        flow.autocast = torch.bfloat16
        found = flow.log_prob(x, labels)
        back = flow.decode(flow.encode(x, labels), labels)
    assert found.dtype == torch.float32
    assert not torch.equal(found, exact)
    torch.testing.assert_close(found, exact, rtol=1e-2, atol=0)
    # A quarter of a grey level: what is shown stays the same.
    torch.testing.assert_close(back, x, rtol=0, atol=0.25)


def test_that_a_folded_flow_gives_the_same(any_flow: ConditionalFlow) -> None:
    x = noise_images(any_flow, 2)
    with torch.no_grad():
        scores, unplaced = any_flow.all_label_log_prob(x), any_flow.unplaced_log_det()
        image = any_flow.sample(2, 1, seed=4)
        any_flow.fold()
        torch.testing.assert_close(any_flow.all_label_log_prob(x), scores, rtol=1e-5, atol=1e-2)
        torch.testing.assert_close(any_flow.sample(2, 1, seed=4), image, rtol=1e-4, atol=1e-2)
        assert any_flow.unplaced_log_det() == pytest.approx(unplaced, rel=1e-6)
        torch.testing.assert_close(
            any_flow.fold().all_label_log_prob(x), scores, rtol=1e-5, atol=1e-2
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [1, 3])
def test_that_the_attribution_sums_to_log_prob(any_flow, batch: int, dtype) -> None:
    flow, size = any_flow.to(dtype), any_flow.config.size
    x = noise_images(flow, batch).to(dtype)
    every = torch.arange(3).expand(batch, -1)
    _, maps = flow.log_prob_maps(x, every)
    summed = attribution(maps, size).sum((2, 3))
    expected = torch.stack([flow.log_prob(x, every[:, k]) for k in range(3)], 1)
    torch.testing.assert_close(summed, expected.double(), rtol=1e-4, atol=0)
    torch.testing.assert_close(total(maps).double(), summed, rtol=1e-4, atol=0)
    torch.testing.assert_close(
        scale_attributions(maps, size).sum((0, 3, 4)), summed, rtol=1e-9, atol=0
    )


def test_that_a_shared_coarse_band_is_the_same_for_all_classes() -> None:
    flow = make_flow(64, 2, shared_coarse=True)
    (maps,) = flow.all_label_maps(noise_images(flow, 3))
    *details, coarse = maps
    torch.testing.assert_close(coarse, coarse[:, :1].expand_as(coarse), rtol=0, atol=0)
    assert all((m[:, 0] != m[:, 1]).any() for m in details)


def test_that_a_contrast_sums_to_the_log_odds_and_evidence_to_what_it_says(
    any_flow: ConditionalFlow,
) -> None:
    flow = any_flow.double()
    x = noise_images(flow, 2).double()
    scores = flow.all_label_log_prob(x)
    (maps,) = flow.all_label_maps(x)
    full = attribution(maps, flow.config.size)
    contrast = (full[:, 0] - full[:, 2]).sum((1, 2))
    torch.testing.assert_close(contrast, scores[:, 0] - scores[:, 2], rtol=1e-6, atol=1e-6)
    posterior = torch.softmax(scores / 50, 1)
    mean = (posterior * scores).sum(1, keepdim=True)
    found = evidence(full, posterior).sum((2, 3))
    torch.testing.assert_close(found, scores - mean, rtol=1e-6, atol=1e-6)


def test_that_without_couplings_all_of_the_log_det_has_no_place() -> None:
    """Couplings start as the identity: what is left is scaling, ActNorm and mixing."""
    torch.manual_seed(0)
    flow = ConditionalFlow(replace(make_published().config, free_mixing=True)).double().eval()
    x, label = noise_images(flow, 4).double(), torch.tensor([1, 1, 0, 2])
    flow.initialise(x, label)
    base = -0.5 * (flow.encode(x, label).square() + math.log(2 * math.pi)).sum(1)
    log_det = flow.log_prob(x, label) - base
    torch.testing.assert_close(log_det, torch.full_like(log_det, flow.unplaced_log_det()))


def test_that_translation_keeps_the_latent(any_flow: ConditionalFlow) -> None:
    flow = any_flow.double()
    x, a, b = noise_images(flow, 2).double(), torch.tensor([0, 1]), torch.tensor([2, 2])
    other = flow.translate(x, a, b)
    torch.testing.assert_close(flow.encode(other, b), flow.encode(x, a), rtol=0, atol=1e-7)
    torch.testing.assert_close(flow.translate(other, b, a), x, rtol=0, atol=1e-6)
    assert not torch.allclose(other, x)


def test_that_spreading_keeps_the_sum_and_the_place() -> None:
    cells = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    cells[0, 0, 1, 2] = 8.0
    cells[0, 0, 0, 0] = 1.0
    pixels = spread(cells, 16)
    assert pixels.sum().item() == pytest.approx(9.0)
    assert pixels[0, 0].argmax().item() // 16 // 4 == 1
    assert pixels[0, 0].argmax().item() % 16 // 4 == 2


def test_that_spreading_shows_no_blocks() -> None:
    """A smooth slope over coarse cells has no steps at their borders."""
    cells = torch.arange(8, dtype=torch.float64).expand(1, 1, 8, 8)
    pixels = spread(cells, 64)[0, 0, 32] * 64
    inner = pixels[8:-8].diff()
    torch.testing.assert_close(inner, torch.full_like(inner, 1 / 8))
    flat = spread(torch.ones(1, 1, 8, 8), 64)
    torch.testing.assert_close(flat, torch.full_like(flat, 1 / 64))


@pytest.mark.parametrize("network", ["generation", "classification"])
def test_that_the_named_configurations_are_the_published_networks(network: str) -> None:
    variant = {"generation": "gen", "classification": "cls"}[network]
    with torch.device("meta"):
        ours = ConditionalFlow(named_config(f"magic-{network}", tuple("abcdefg")))
        published = PublishedFlow(published_config(variant, 7))
    count = sum(p.numel() for p in ours.parameters())
    triangles = sum(
        p.numel() for n, p in ours.named_parameters() if n.endswith((".upper", ".log_diagonal"))
    )
    assert count - triangles == sum(p.numel() for p in published.parameters())
    assert ours.latent_shapes == [(8, 23, 23), (2, 92, 92), (4, 46, 46), (8, 23, 23)]
    assert ours.dimensions == 184**2


def test_that_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="magic-generation, magic-classification, compact"):
        named_config("magic", ("a", "b"))


def test_that_a_seed_means_the_same_image_alone_and_in_a_batch(flow: ConditionalFlow) -> None:
    batch = flow.sample(3, 1, temperature=0.7, seed=10)
    alone = flow.sample(1, 1, temperature=0.7, seed=12)
    torch.testing.assert_close(batch[2:], alone, rtol=0, atol=1e-2)
    assert not torch.allclose(batch[1], batch[2])


def test_that_temperature_multiplies_the_latent(flow: ConditionalFlow) -> None:
    cold = flow.encode(flow.sample(1, 0, temperature=0.5, seed=3), LABELS[:1])
    torch.testing.assert_close(cold, 0.5 * draw_noise([3], flow.dimensions), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 255.99, 1e4, -1e4])
def test_that_extreme_images_stay_finite(any_flow: ConditionalFlow, value: float) -> None:
    if any_flow.logit is not None and not 0 <= value <= 256:
        pytest.skip("outside a logit's domain")
    scores = any_flow.all_label_log_prob(torch.full_like(noise_images(any_flow, 1), value))
    assert torch.isfinite(scores).all()


def test_that_dequantization_stays_within_its_grey_level() -> None:
    pixels = torch.arange(256.0).view(1, 1, 16, 16)
    noisy = dequantize(pixels, torch.Generator().manual_seed(0))
    assert torch.equal(noisy.floor(), pixels)
    assert not torch.equal(noisy, pixels)
    assert torch.equal(noisy, dequantize(pixels, torch.Generator().manual_seed(0)))
