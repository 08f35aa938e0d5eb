import pytest
import torch

from magic_viewer.flow.attribution import attribution, spread
from magic_viewer.flow.base import dequantize, draw_noise
from magic_viewer.flow.model import ConditionalFlow, total
from tests.flow.conftest import make_flow

LABELS = torch.tensor([0, 1, 2, 1])


def test_that_decode_undoes_encode_for_every_label(flow: ConditionalFlow, images) -> None:
    for label in range(3):
        labels = torch.full((4,), label)
        back = flow.double().decode(flow.encode(images.double(), labels), labels)
        torch.testing.assert_close(back, images.double(), rtol=0, atol=1e-8)


def test_that_encode_undoes_decode(flow: ConditionalFlow) -> None:
    z = draw_noise(range(4), flow.dimensions).double()
    back = flow.double().encode(flow.decode(z, LABELS), LABELS)
    torch.testing.assert_close(back, z, rtol=0, atol=1e-8)


def test_that_log_prob_is_the_base_density_and_the_jacobian_of_encode() -> None:
    flow = make_flow(16).double()
    generator = torch.Generator().manual_seed(2)
    x = 256 * torch.rand(2, 1, 16, 16, generator=generator, dtype=torch.float64)
    labels = torch.tensor([2, 0])
    jacobian = torch.autograd.functional.jacobian(
        lambda first: flow.encode(torch.stack([first, x[1]]), labels)[0], x[0]
    )
    z = flow.encode(x, labels)[0]
    base = torch.distributions.Normal(torch.zeros((), dtype=torch.float64), 1.0).log_prob(z).sum()
    expected = base + torch.linalg.slogdet(jacobian.view(256, 256)).logabsdet
    torch.testing.assert_close(flow.log_prob(x, labels)[0], expected)


def test_that_all_labels_at_once_agree_with_one_at_a_time(flow, images) -> None:
    together = flow.all_label_log_prob(images)
    for label in range(3):
        alone = flow.log_prob(images, torch.full((4,), label))
        torch.testing.assert_close(together[:, label], alone, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("size", "levels"), [(32, 1), (64, 2)])
def test_that_the_attribution_sums_to_log_prob(size: int, levels: int, dtype) -> None:
    flow = make_flow(size, levels).to(dtype)
    x = 256 * torch.rand(2, 1, size, size, generator=torch.Generator().manual_seed(1), dtype=dtype)
    every = torch.arange(3).expand(2, -1)
    _, maps = flow.log_prob_maps(x, every)
    summed = attribution(maps, size).sum((2, 3))
    expected = torch.stack([flow.log_prob(x, every[:, k]) for k in range(3)], 1)
    torch.testing.assert_close(summed, expected.double(), rtol=1e-5, atol=0)
    torch.testing.assert_close(total(maps).double(), summed, rtol=1e-5, atol=0)


def test_that_spreading_keeps_the_sum_and_the_place() -> None:
    cells = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    cells[0, 0, 1, 2] = 8.0
    cells[0, 0, 0, 0] = 1.0
    pixels = spread(cells, 16)
    assert pixels.sum().item() == pytest.approx(9.0)
    assert pixels[0, 0].argmax().item() // 16 // 4 == 1
    assert pixels[0, 0].argmax().item() % 16 // 4 == 2


def test_that_a_seed_means_the_same_image_alone_and_in_a_batch(flow: ConditionalFlow) -> None:
    batch = flow.sample(3, 1, temperature=0.7, seed=10)
    alone = flow.sample(1, 1, temperature=0.7, seed=12)
    torch.testing.assert_close(batch[2:], alone, rtol=0, atol=1e-2)
    assert not torch.allclose(batch[1], batch[2])


def test_that_temperature_multiplies_the_latent(flow: ConditionalFlow) -> None:
    cold = flow.encode(flow.sample(1, 0, temperature=0.5, seed=3), LABELS[:1])
    torch.testing.assert_close(cold, 0.5 * draw_noise([3], flow.dimensions), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 255.99, 1e4, -1e4])
def test_that_extreme_images_stay_finite(flow: ConditionalFlow, value: float) -> None:
    scores = flow.all_label_log_prob(torch.full((1, 1, 32, 32), value))
    assert torch.isfinite(scores).all()


def test_that_dequantization_stays_within_its_grey_level() -> None:
    pixels = torch.arange(256.0).view(1, 1, 16, 16)
    noisy = dequantize(pixels, torch.Generator().manual_seed(0))
    assert torch.equal(noisy.floor(), pixels)
    assert not torch.equal(noisy, pixels)
    assert torch.equal(noisy, dequantize(pixels, torch.Generator().manual_seed(0)))
