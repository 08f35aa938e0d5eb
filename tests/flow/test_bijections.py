"""One table of all bijections, each held to the same truths."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from magic_viewer.flow.actnorm import ActNorm
from magic_viewer.flow.affine import ClassAffine, ClassTriangular
from magic_viewer.flow.bijection import Bijection, Chain, Context
from magic_viewer.flow.conditioner import DenseConditioner, GuidedConditioner, PriorConditioner
from magic_viewer.flow.conv1x1 import FreeConv1x1, InvertibleConv1x1
from magic_viewer.flow.coupling import AffineCoupling
from magic_viewer.flow.dequantization import Dequantization, Logit, Scaling
from magic_viewer.flow.masks import MASKS, make_mask
from magic_viewer.flow.published import ClassificationNetwork, GenerationNetwork
from magic_viewer.flow.squeeze import HaarSqueeze, ReshapeSqueeze

CLASSES, SIDE, GUIDE = 3, 4, 8
RULED = [kind for kind in MASKS if kind != "custom"]


def guided(kind: str, step: int = 0) -> Bijection:
    mask = make_mask(kind, 3, SIDE, SIDE, step)
    return AffineCoupling(mask, GuidedConditioner(CLASSES, 3, GUIDE, 16), bound=1.5)


def dense(kind: str) -> Bijection:
    mask = make_mask(kind, 1, SIDE, SIDE, 0)
    return AffineCoupling(mask, DenseConditioner(CLASSES, SIDE**2, 16, dropout=0.0), bound=1.5)


def prior() -> Bijection:
    mask = make_mask("none", 3, SIDE, SIDE, 0)
    return AffineCoupling(mask, PriorConditioner(CLASSES, GUIDE, 3), bound=1.5)


def published(network: str) -> Bijection:
    mask = make_mask("checkerboard", 3, SIDE, SIDE, 0)
    if network == "generation":
        return AffineCoupling(mask, GenerationNetwork(CLASSES, 3, (16, 16, 16)), 0.5, both=True)
    conditioner = ClassificationNetwork(CLASSES, (3, SIDE, SIDE), (16, 16, 16))
    return AffineCoupling(mask, conditioner, 0.5, both=True)


BIJECTIONS: dict[str, tuple[int, Callable[[], Bijection]]] = {
    "ActNorm": (3, lambda: ActNorm(3)),
    "InvertibleConv1x1": (3, lambda: InvertibleConv1x1(3)),
    "FreeConv1x1": (3, lambda: FreeConv1x1(3)),
    "generation coupling": (3, lambda: published("generation")),
    "classification coupling": (3, lambda: published("classification")),
    "prior coupling": (3, prior),
    "Scaling": (1, lambda: Scaling(0.3, -0.2)),
    "Scaling and Logit": (1, lambda: Chain([Scaling(0.05, 0.5), Logit(0.05)])),
    "ClassAffine": (3, lambda: ClassAffine(CLASSES, 3, SIDE, SIDE)),
    "ClassTriangular": (1, lambda: ClassTriangular(CLASSES, SIDE, SIDE)),
    "dense coupling": (1, lambda: dense("checkerboard")),
    "Chain": (3, lambda: Chain([ActNorm(3), InvertibleConv1x1(3), guided("channel", 1)])),
    **{f"{kind} coupling": (3, lambda kind=kind: guided(kind)) for kind in RULED},
}


@pytest.fixture(params=BIJECTIONS)
def case(request: pytest.FixtureRequest) -> tuple[Bijection, Tensor, Context]:
    """A bijection with random parameters in float64, five inputs and their context."""
    torch.manual_seed(3)
    channels, make = BIJECTIONS[request.param]
    bijection = make().double().eval()
    x = torch.randn(5, channels, SIDE, SIDE, dtype=torch.float64)
    side = SIDE if request.param == "prior coupling" else SIDE // 2
    guide = torch.randn(5, GUIDE, side, side, dtype=torch.float64)
    context = Context(torch.tensor([0, 1, 2, 0, 1]), guide=guide)
    bijection.initialise(x, context)
    for parameter in bijection.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return bijection, x, context


def test_that_inverse_undoes_forward(case: tuple[Bijection, Tensor, Context]) -> None:
    bijection, x, context = case
    z, _ = bijection.forward_and_log_det(x, context)
    back, _ = bijection.inverse_and_log_det(z, context)
    assert not torch.allclose(z, x)
    torch.testing.assert_close(back, x, rtol=0, atol=1e-10)


def test_that_log_det_is_the_jacobians(case: tuple[Bijection, Tensor, Context]) -> None:
    bijection, x, context = case
    one = Context(context.labels[:1], guide=context.guide[:1])
    jacobian = torch.autograd.functional.jacobian(
        lambda flat: bijection.forward_and_log_det(flat.view(x[:1].shape), one)[0].flatten(),
        x[:1].flatten(),
    )
    _, log_det = bijection.forward_and_log_det(x[:1], one)
    torch.testing.assert_close(log_det.sum(), torch.linalg.slogdet(jacobian).logabsdet)


def test_that_log_dets_of_both_directions_cancel(case: tuple[Bijection, Tensor, Context]) -> None:
    bijection, x, context = case
    z, forward = bijection.forward_and_log_det(x, context)
    _, inverse = bijection.inverse_and_log_det(z, context)
    assert forward.shape == inverse.shape == (5, SIDE, SIDE)
    torch.testing.assert_close(forward.sum((1, 2)), -inverse.sum((1, 2)))


def test_that_every_parameter_gets_a_gradient(case: tuple[Bijection, Tensor, Context]) -> None:
    bijection, x, context = case
    z, log_det = bijection.forward_and_log_det(x, context)
    if not list(bijection.parameters()):
        pytest.skip("has none")
    (z.square().sum() - log_det.sum()).backward()
    unused = {name for name, p in bijection.named_parameters() if p.grad is None}
    assert unused == set()


def test_that_actnorm_starts_with_zero_mean_and_unit_variance() -> None:
    layer = ActNorm(3)
    x = 5 + 3 * torch.randn(50, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    z = layer.initialise(x, Context(torch.zeros(50, dtype=torch.long)))
    torch.testing.assert_close(z.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.std((0, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)


def test_that_actnorm_refuses_to_run_before_it_is_initialised() -> None:
    with pytest.raises(Exception, match="before initialise"):
        ActNorm(3).forward_and_log_det(torch.zeros(1, 3, 2, 2), Context(torch.tensor([0])))


def test_that_the_triangular_map_starts_by_whitening_a_single_class() -> None:
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(9, 9, generator=generator, dtype=torch.float64)
    x = (torch.randn(4000, 9, generator=generator, dtype=torch.float64) @ mix).view(-1, 1, 3, 3)
    layer = ClassTriangular(1, 3, 3).double()
    z = layer.initialise(x, Context(torch.zeros(4000, dtype=torch.long))).flatten(1)
    torch.testing.assert_close(torch.cov(z.T), torch.eye(9, dtype=z.dtype), atol=0.05, rtol=0)


@pytest.mark.parametrize("squeeze", [HaarSqueeze(), ReshapeSqueeze()])
def test_that_a_squeeze_is_orthonormal_and_undone(squeeze: HaarSqueeze | ReshapeSqueeze) -> None:
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = squeeze(x)
    assert z.shape == (2, 12, 4, 4)
    torch.testing.assert_close(z.square().sum(), x.square().sum())
    torch.testing.assert_close(squeeze.inverse(z), x)


def test_that_the_haar_squeeze_puts_coarse_bands_first_and_the_reshape_rows_first() -> None:
    x = torch.arange(64.0).view(1, 1, 8, 8)
    assert HaarSqueeze()(x)[0, 0, 1, 2] == x[0, 0, 2:4, 4:6].mean() * 2
    assert ReshapeSqueeze()(x)[0, :, 0, 0].tolist() == [0, 1, 8, 9]


def test_that_dequantization_is_undone_and_has_no_log_det() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)
    layer, context = Dequantization(torch.Generator().manual_seed(0)), Context(torch.tensor([0]))
    z, log_det = layer.forward_and_log_det(x, context)
    assert not torch.equal(z, x)
    assert torch.equal(layer.inverse_and_log_det(z, context)[0], x)
    assert log_det.abs().sum() == 0


def test_that_a_folded_layer_is_the_same_map(case: tuple[Bijection, Tensor, Context]) -> None:
    bijection, x, context = case
    with torch.no_grad():
        z, log_det = bijection.forward_and_log_det(x, context)
        unplaced = bijection.unplaced_log_det()
        folded = bijection.folded().double()
        folded_z, folded_log_det = folded.forward_and_log_det(x, context)
        back, _ = folded.inverse_and_log_det(folded_z, context)
    torch.testing.assert_close(folded_z, z)
    torch.testing.assert_close(folded_log_det, log_det)
    torch.testing.assert_close(folded.unplaced_log_det(), unplaced, check_dtype=False)
    torch.testing.assert_close(back, x, rtol=0, atol=1e-9)


def test_that_the_label_is_repeated_only_where_it_has_a_say() -> None:
    """Several labels for each image give what each gives alone."""
    torch.manual_seed(0)
    chain = Chain([ActNorm(3), InvertibleConv1x1(3), published("generation")]).eval()
    x = torch.randn(2, 3, SIDE, SIDE)
    chain.initialise(x, Context(torch.tensor([0, 1])))
    for parameter in chain.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    z, log_det = chain.forward_and_log_det(x, Context(torch.tensor([2, 0, 1, 2]), repeats=2))
    alone, alone_log_det = chain.forward_and_log_det(x, Context(torch.tensor([0, 2])))
    torch.testing.assert_close(z[1::2], alone)
    torch.testing.assert_close(log_det[1::2], alone_log_det)


def test_that_a_custom_mask_needs_an_image_of_the_right_size() -> None:
    image = torch.eye(4)
    assert torch.equal(make_mask("custom", 1, 4, 4, 0, image)[0, 0], image)
    assert torch.equal(make_mask("custom", 1, 4, 4, 1, image)[0, 0], 1 - image)
    with pytest.raises(ValueError, match="came none"):
        make_mask("custom", 1, 4, 4, 0)
    with pytest.raises(ValueError, match="4×4; came 8×8"):
        make_mask("custom", 1, 4, 4, 0, torch.eye(8))


def test_that_masks_of_successive_steps_are_complementary() -> None:
    for kind in set(RULED) - {"none"}:
        both = make_mask(kind, 4, 4, 4, 0) + make_mask(kind, 4, 4, 4, 1)
        assert torch.equal(both, torch.ones(1, 4, 4, 4)), kind


@pytest.mark.parametrize("label", [0, 1])
def test_that_a_density_in_two_dimensions_integrates_to_one(label: int) -> None:
    torch.manual_seed(1)
    layers: list[Bijection] = [ClassTriangular(2, 1, 2)]
    for step in range(4):
        mask = make_mask("vertical", 1, 1, 2, step)
        layers.append(AffineCoupling(mask, DenseConditioner(2, 2, 8, 0.0), bound=1.0))
    flow = Chain(layers).double()
    for parameter in flow.parameters():
        parameter.data += 0.4 * torch.randn_like(parameter)
    axis = torch.linspace(-25, 25, 626, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis).view(-1, 1, 1, 2)
    labels = torch.full((len(grid),), label)
    with torch.no_grad():
        z, log_det = flow.forward_and_log_det(grid, Context(labels))
    normal = torch.distributions.Normal(torch.zeros((), dtype=torch.float64), 1.0)
    log_density = normal.log_prob(z).sum((1, 2, 3)) + log_det.sum((1, 2))
    integral = log_density.exp().sum() * (axis[1] - axis[0]) ** 2
    assert integral.item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("label", [0, 1])
def test_that_a_density_in_one_dimension_integrates_to_one(label: int) -> None:
    torch.manual_seed(2)
    mask = make_mask("none", 1, 1, 1, 0)
    coupling = AffineCoupling(mask, DenseConditioner(2, 1, 8, 0.0), bound=1.0)
    flow = Chain([Scaling(1 / 256, 0.0), Logit(0.05), ClassAffine(2, 1, 1, 1), coupling]).double()
    for parameter in flow.parameters():
        parameter.data += 0.4 * torch.randn_like(parameter)
    reach = 256 * 0.05 / 0.9  # the logit's margin lets x go beyond 0..256 by this much
    x = torch.linspace(-reach, 256 + reach, 400_002, dtype=torch.float64)[1:-1].view(-1, 1, 1, 1)
    with torch.no_grad():
        labels = torch.full((len(x),), label)
        z, log_det = flow.forward_and_log_det(x, Context(labels))
    normal = torch.distributions.Normal(torch.zeros((), dtype=torch.float64), 1.0)
    density = (normal.log_prob(z).flatten() + log_det.flatten()).exp()
    assert torch.trapezoid(density, x.flatten()).item() == pytest.approx(1, abs=1e-4)
