"""The gate on made statistics, whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from magic_viewer.pipeline.gate import THUMBNAIL, Gate, Look, fit_gate, look
from magic_viewer.pipeline.texture import WORDS

SCALES, LATENTS = 2, 4
CLASSES = 2


def images(count: int = 400, seed: int = 0, shift: float = 0.0) -> Look:
    """Correlated normal statistics, and thumbnails bright above with a little noise."""
    rng = np.random.default_rng(seed)
    predicted = np.arange(count) % CLASSES
    statistics = rng.normal(0, 1, (count, SCALES + LATENTS + len(WORDS)))
    statistics[:, 1] += 3 * statistics[:, 0]
    statistics += predicted[:, None] * 10.0 + shift
    ramp = np.linspace(1, -1, THUMBNAIL)[:, None] + np.zeros((THUMBNAIL, THUMBNAIL))
    thumbnails = ramp + rng.normal(0, 0.2, (count, THUMBNAIL, THUMBNAIL))
    thumbnails -= thumbnails.mean((1, 2), keepdims=True)
    norms = np.sqrt((thumbnails**2).sum((1, 2), keepdims=True))
    return Look(statistics, thumbnails / norms, predicted)


@pytest.fixture(scope="module")
def gate() -> Gate:
    """Fitted on images of twenty patients."""
    fitted = images()
    patients = [f"P{n % 20}" for n in range(len(fitted.predicted))]
    return fit_gate(fitted, patients, [images(48, seed=3, shift=1.5)], SCALES, CLASSES)


def test_that_few_new_images_of_the_kind_are_called_unlike(gate: Gate) -> None:
    typicality = gate.typicality(images(4000, seed=1))
    assert (typicality < 0.01).mean() < 0.03
    assert typicality.mean() == pytest.approx(0.5, abs=0.1)


def test_that_what_breaks_a_correlation_is_caught_though_each_statistic_is_common(gate) -> None:
    odd = images(50, seed=1)
    odd.statistics[:, 0] = odd.predicted * 10.0 + 2.5
    odd.statistics[:, 1] = odd.predicted * 10.0 - 7.5
    assert (gate.typicality(odd) < 0.01).mean() > 0.9


@pytest.mark.parametrize("statistic", range(SCALES + LATENTS + len(WORDS)))
@pytest.mark.parametrize("sign", [-1, 1])
def test_that_both_sides_of_every_statistic_are_caught_with_a_reason(gate, statistic, sign) -> None:
    far = images(20, seed=2)
    far.statistics[:, statistic] += 30 * sign
    if statistic == 0:
        far.statistics[:, 1] += 90 * sign
    assert (gate.typicality(far) < 1e-4).all()
    assert all(reason for reason in gate.reasons(far))


def test_that_an_image_upside_down_is_said_to_be_so(gate: Gate) -> None:
    upright = images(50, seed=1)
    over = replace(upright, thumbnails=upright.thumbnails[:, ::-1])
    assert (gate.typicality(over) < 0.01).all()
    assert gate.reasons(over)[0] == "looks turned or upside down"


def test_that_left_and_right_may_be_exchanged(gate: Gate) -> None:
    seen = images(200, seed=1)
    mirrored = replace(seen, thumbnails=seen.thumbnails[:, :, ::-1])
    assert (gate.typicality(mirrored) < 0.01).mean() < 0.05


def test_that_the_side_of_synthetic_images_is_caught_beyond_chance(gate: Gate) -> None:
    caught = (gate.typicality(images(200, seed=5, shift=1.5)) < 0.01).mean()
    assert caught > 0.5


def test_that_a_thumbnail_says_what_is_bright() -> None:
    pixels = np.zeros((1, 16, 16), np.float32)
    pixels[0, :8] = 200
    seen = look(pixels, np.zeros((1, 1, 1)), np.zeros((1, 1, 2)), np.array([0]))
    assert seen.thumbnails[0, 0, 0] > 0 > seen.thumbnails[0, -1, 0]
    assert (seen.thumbnails**2).sum((1, 2)) == pytest.approx(1)


def test_that_few_images_of_unknown_patients_still_give_a_gate() -> None:
    fitted = fit_gate(images(12), [None] * 12, [], SCALES, CLASSES)
    assert np.isfinite(fitted.typicality(images(5, seed=1))).all()


def test_that_round_images_which_have_no_upright_direction_are_never_called_turned() -> None:
    def round_ones(count: int, seed: int) -> Look:
        plain = images(count, seed)
        noise = np.random.default_rng(seed).normal(0, 0.02, plain.thumbnails.shape)
        axis = np.arange(THUMBNAIL) - (THUMBNAIL - 1) / 2
        thumbnails = noise - (axis[:, None] ** 2 + axis**2) / 40
        thumbnails -= thumbnails.mean((1, 2), keepdims=True)
        norms = np.sqrt((thumbnails**2).sum((1, 2), keepdims=True))
        return replace(plain, thumbnails=thumbnails / norms)

    fitted = round_ones(400, 0)
    gate = fit_gate(fitted, [f"P{n % 20}" for n in range(400)], [], SCALES, CLASSES)
    assert np.abs(gate.excess(round_ones(50, 1))[:, 1]).max() < 1e-6
    assert (gate.typicality(round_ones(400, 1)) < 0.01).mean() < 0.05
