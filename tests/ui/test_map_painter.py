"""What is painted is the map that was asked for, and says how it was changed."""

from dataclasses import replace

import numpy as np
import pytest

from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.results import EVERYTHING, Classification, Examination
from magic_viewer.ui.map_painter import paint
from magic_viewer.ui.overlay_settings import SECOND_BEST, OverlaySettings, classes

LABELS = ("A", "B", "C")
PROBABILITIES = {"A": 0.2, "B": 0.7, "C": 0.1}


def examination(error: float = 0.0) -> Examination:
    """Two scales and three classes; the log-likelihoods differ from the maps by `error`."""
    maps = np.random.default_rng(5).normal(-3, 1, (2, 3, 16, 16))
    shares = maps.sum((2, 3)) * (1 + error)
    nats = dict(zip(LABELS, shares.sum(0).tolist(), strict=True))
    answer = Classification(
        "B", PROBABILITIES, dict.fromkeys(LABELS, 0.01), ("B",), nats,
        {label: tuple(shares[:, n]) for n, label in enumerate(LABELS)},
        dict.fromkeys(LABELS, 1.0), dict.fromkeys(LABELS, 2.0), 0.4, True, "Typical.",
        (1.0, 1.0), "m", "CPU", 0.1,
    )  # fmt: skip
    box = (0.0, 0.0, 32.0, 64.0)
    return Examination(answer, maps, (8, 4), np.zeros((16, 16), np.float32), box, -12.0)


def image(spacing=(0.5, 2.0)) -> Slice:
    return Slice(np.zeros((32, 64), np.float32), spacing=spacing)


@pytest.mark.parametrize("smoothing", [0.0, 2.0])
@pytest.mark.parametrize("scale", [None, 0, 1])
@pytest.mark.parametrize("against", [None, SECOND_BEST, "C", EVERYTHING])
def test_that_every_map_adds_up_to_its_part_of_the_log_likelihood(against, scale, smoothing):
    settings = OverlaySettings(against=against, scale=scale, smoothing=smoothing)
    painted = paint(examination(), image(), settings)
    assert painted.map_sum == pytest.approx(painted.total, rel=1e-6)
    assert painted.adds_up


@pytest.mark.parametrize("scale", [None, 1])
def test_that_a_map_which_does_not_add_up_is_told(scale):
    painted = paint(examination(error=2e-3), image(), OverlaySettings(scale=scale))
    assert not painted.adds_up
    assert paint(examination(error=5e-4), image(), OverlaySettings(scale=scale)).adds_up


def test_that_a_contrast_and_the_evidence_are_centred_on_zero_with_diverging_colours():
    for against in (SECOND_BEST, "A", EVERYTHING):
        painted = paint(examination(), image(), OverlaySettings(against=against))
        assert painted.limits[0] == -painted.limits[1]
        assert painted.color_map in overlay.DIVERGING_MAPS


def test_that_a_class_is_set_against_another_and_never_against_itself():
    answer = examination().classification
    assert classes(OverlaySettings(), answer) == ("B", None)
    assert classes(OverlaySettings(against=SECOND_BEST), answer) == ("B", "A")
    assert classes(OverlaySettings(target="A", against="A"), answer) == ("A", "B")
    assert classes(OverlaySettings(target="C", against="A"), answer) == ("C", "A")
    assert classes(OverlaySettings(against=EVERYTHING), answer) == ("B", EVERYTHING)


def test_that_values_nearer_to_zero_than_the_threshold_are_hidden():
    plain = paint(examination(), image(), OverlaySettings())
    hidden = paint(examination(), image(), OverlaySettings(threshold=6.0))
    assert plain.colors[..., 3].min() == 255
    values = overlay.on_slice(plain.attribution, (32, 64))
    np.testing.assert_array_equal(hidden.colors[..., 3] == 0, np.abs(values) < 6)
    assert hidden.map_sum == plain.map_sum
    assert "|value| < 6 hidden" in hidden.notes


def test_that_smoothing_is_always_said():
    painted = paint(examination(), image(), OverlaySettings(smoothing=2.0))
    assert any("smoothed" in note for note in painted.notes)
    assert paint(examination(), image(), OverlaySettings()).notes == ()


def test_that_values_per_area_are_those_per_pixel_divided_by_it():
    per_pixel = paint(examination(), image(), OverlaySettings())
    per_area = paint(examination(), image(), OverlaySettings(per_area=True))
    assert per_area.unit == "nats per mm²"
    assert per_area.area == pytest.approx(2 * 0.5 * 4 * 2.0)
    assert np.multiply(per_area.limits, per_area.area) == pytest.approx(per_pixel.limits)


def test_that_without_the_patients_spacing_there_are_no_values_per_area():
    painted = paint(examination(), image(None), OverlaySettings(per_area=True))
    assert (painted.unit, painted.area) == ("nats per pixel", None)


def test_that_the_range_is_the_percentiles_the_locked_one_or_the_typed_one():
    one, settings = examination(), OverlaySettings()
    values = one.log_prob_maps[1]
    assert paint(one, image(), settings).limits == pytest.approx(np.percentile(values, (5, 95)))
    assert paint(one, image(), settings, held=(-9, 9)).limits != (-9, 9)
    locked = replace(settings, range_kind="locked")
    assert paint(one, image(), locked, held=(-9, 9)).limits == (-9, 9)
    typed = replace(settings, range_kind="typed", typed=(-8.0, -2.0))
    assert paint(one, image(), typed).limits == (-8, -2)
    senseless = replace(typed, typed=(3.0, 3.0))
    assert paint(one, image(), senseless).limits == paint(one, image(), settings).limits


def test_that_a_typed_range_of_a_contrast_stays_symmetric():
    settings = OverlaySettings(against="A", range_kind="typed", typed=(-1.0, 4.0))
    assert paint(examination(), image(), settings).limits == (-4, 4)


def test_that_a_scale_which_the_model_lacks_means_all_of_them():
    painted = paint(examination(), image(), OverlaySettings(scale=7))
    assert painted.attribution.cells is None
    assert painted.notes == ()


def test_that_typed_ends_go_with_the_kind_of_values_they_were_typed_for():
    typed = OverlaySettings(range_kind="typed", typed=(-8.0, -2.0), threshold=1.0)
    assert replace(typed, target="A").after(typed).typed == (-8, -2)
    assert replace(typed, against="A").after(typed).typed is None
    assert replace(typed, per_area=True).after(typed).threshold == 0


def test_that_another_model_keeps_the_look_but_no_class_or_scale():
    mine = OverlaySettings(target="A", against="B", scale=1, opacity=0.3, smoothing=2.0)
    other = mine.of_another_model()
    assert (other.target, other.against, other.scale) == (None, SECOND_BEST, None)
    assert (other.opacity, other.smoothing) == (0.3, 2.0)
