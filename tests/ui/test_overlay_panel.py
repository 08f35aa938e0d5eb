"""The controls of the map: a setter never asks, a user always does; the badge tells the truth."""

import pytest

from magic_viewer.pipeline.results import EVERYTHING
from magic_viewer.ui.map_painter import paint
from magic_viewer.ui.overlay_panel import OverlayPanel
from magic_viewer.ui.overlay_settings import SECOND_BEST, OverlaySettings
from tests.ui.test_map_painter import examination, image


@pytest.fixture
def panel(qtbot) -> OverlayPanel:
    panel = OverlayPanel()
    qtbot.addWidget(panel)
    panel.set_labels(("A", "B", "C"))
    panel.set_scales((8, 4))
    # So that a choice stays as a controller would have it.
    panel.settings_requested.connect(panel.set_settings)
    return panel


def choose(combo, value) -> None:
    combo.setCurrentIndex(combo.findData(value))


@pytest.mark.parametrize(
    "settings",
    [
        OverlaySettings(),
        OverlaySettings(False, "A", EVERYTHING, 0.3, "magma", True, "berlin", 1, 2.0),
        OverlaySettings(target="B", against="C", threshold=0.5, range_kind="locked"),
        OverlaySettings(against=SECOND_BEST, range_kind="typed", typed=(-2.0, 2.0)),
    ],
)
def test_that_what_is_set_is_what_is_asked_for_next(qtbot, panel, settings) -> None:
    with qtbot.assertNotEmitted(panel.settings_requested):
        panel.set_settings(settings)
    assert panel._settings() == settings


def test_that_the_three_kinds_of_map_can_be_asked_for(qtbot, panel) -> None:
    for against in (SECOND_BEST, EVERYTHING, None):
        with qtbot.waitSignal(panel.settings_requested) as asked:
            choose(panel._mode, against)
        assert asked.args[0].against == against


def test_that_any_two_classes_can_be_set_against_each_other(qtbot, panel) -> None:
    choose(panel._mode, SECOND_BEST)
    choose(panel._target, "C")
    with qtbot.waitSignal(panel.settings_requested) as asked:
        choose(panel._against, "A")
    assert (asked.args[0].target, asked.args[0].against) == ("C", "A")


def test_that_scale_smoothing_threshold_and_range_leave_as_signals(qtbot, panel) -> None:
    choose(panel._scale, 1)
    choose(panel._smoothing, 4.0)
    panel.colors._threshold.setValue(0.75)
    with qtbot.waitSignal(panel.settings_requested) as asked:
        choose(panel.colors._range, "locked")
    (settings,) = asked.args
    assert (settings.scale, settings.smoothing, settings.threshold) == (1, 4.0, 0.75)
    assert settings.range_kind == "locked"


def test_that_typing_a_range_starts_from_the_one_on_screen(qtbot, panel) -> None:
    painted = paint(examination(), image(), OverlaySettings())
    panel.set_map(painted)
    choose(panel.colors._range, "typed")
    panel.set_map(painted)
    with qtbot.waitSignal(panel.settings_requested) as asked:
        panel.colors._high.setValue(5.0)
    assert asked.args[0].typed == pytest.approx((painted.limits[0], 5.0), abs=1e-3)


def test_that_a_contrast_offers_diverging_colours_and_keeps_the_others_for_later(panel) -> None:
    panel.set_settings(OverlaySettings(color_map="magma", against=SECOND_BEST))
    assert panel.colors._colors.currentText() == "vik"
    panel.colors._colors.setCurrentText("berlin")
    settings = panel._settings()
    assert (settings.color_map, settings.diverging_map) == ("magma", "berlin")


def test_that_values_per_area_need_the_patients_spacing(panel) -> None:
    panel.set_map(paint(examination(), image(None), OverlaySettings()))
    assert not panel.colors._unit.isEnabled()
    panel.set_map(paint(examination(), image(), OverlaySettings()))
    assert panel.colors._unit.isEnabled()


def test_that_the_badge_says_that_the_map_adds_up_and_what_has_no_place(panel) -> None:
    panel.set_map(paint(examination(), image(), OverlaySettings()))
    assert panel.badge.text.endswith("✓")
    assert "−12.0 have none" in panel.badge.about_unplaced
    panel.set_map(None)
    assert panel.badge.text == ""


def test_that_the_badge_warns_of_a_map_that_does_not_add_up(panel) -> None:
    panel.set_map(paint(examination(error=0.01), image(), OverlaySettings()))
    assert panel.badge.text.startswith("⚠")
    assert "≠" in panel.badge.text
    panel.set_map(paint(examination(), image(), OverlaySettings()))
    assert "⚠" not in panel.badge.text


def test_that_a_scales_sum_is_compared_with_its_part(panel) -> None:
    panel.set_map(paint(examination(), image(), OverlaySettings(scale=0)))
    assert "this scale's part of log p" in panel.badge.text
    assert panel.badge.text.endswith("✓")


def test_that_the_controls_fit_the_column(qtbot, panel) -> None:
    panel.set_map(paint(examination(), image(), OverlaySettings()))
    panel.colors.fold.set_open(True)
    panel.set_settings(OverlaySettings(against="A", range_kind="typed", typed=(-1e5, 1e5)))
    assert panel.minimumSizeHint().width() <= 300
