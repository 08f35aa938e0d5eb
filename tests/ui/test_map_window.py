"""The map in the real window: locked ranges, notes, exports."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from magic_viewer.ui.overlay_settings import SECOND_BEST, OverlaySettings
from tests.ui.conftest import Opened


@pytest.fixture
def shown(opened: Opened, scan: Path) -> Opened:
    opened.open(scan)
    opened.answered()
    opened.wait(lambda: opened.controller._models.painted is not None)
    return opened


def paint(shown: Opened, settings: OverlaySettings) -> None:
    models = shown.controller._models
    before = models.painted
    models.set_settings(settings)
    shown.wait(lambda: models.painted is not None and models.painted is not before)


def go_to(shown: Opened, index: int) -> None:
    models = shown.controller._models
    shown.session.go_to_slice(index)
    shown.wait(lambda: shown.session.slice is not None and shown.session.slice.index == index)
    shown.answered()
    shown.wait(lambda: models.painted is not None)


def corner(shown: Opened) -> list[str]:
    return [line.text for line in shown.view._corners.top_right]


def test_that_a_locked_range_stays_while_scrolling_and_goes_with_another_map(shown) -> None:
    models = shown.controller._models
    paint(shown, OverlaySettings(range_kind="locked"))
    limits = models.painted.limits
    go_to(shown, 2)
    assert models.painted.limits == limits
    paint(shown, OverlaySettings(range_kind="locked", against=SECOND_BEST))
    assert models.painted.limits != limits
    paint(shown, OverlaySettings())
    assert models.painted.limits != limits


def test_that_smoothing_and_hiding_are_said_on_the_image_and_beside_the_colours(shown) -> None:
    paint(shown, OverlaySettings(smoothing=2.0, threshold=0.1))
    assert "Map: smoothed, σ 2 px" in corner(shown)
    assert "Map: |value| < 0.1 hidden" in corner(shown)
    assert "smoothed" in shown.window.viewer.color_bar.accessibleDescription()
    shown.window.commands["overlay"].setChecked(False)
    shown.wait(lambda: not any("Map:" in text for text in corner(shown)))


def test_that_an_export_says_what_map_it_shows_and_how(shown, tmp_path) -> None:
    paint(shown, OverlaySettings(per_area=True))
    settings = replace(OverlaySettings(per_area=True), against=SECOND_BEST, smoothing=1.0)
    paint(shown, replace(settings, threshold=0.01))
    shown.controller.save_view(tmp_path / "view.png")
    shown.wait((tmp_path / "view.png").exists)
    shown.wait(lambda: not shown.controller._saving.is_busy)
    with Image.open(tmp_path / "view.png") as picture:
        text = dict(picture.text)
    low, high = shown.controller._models.painted.limits
    assert text["map"].startswith("log p(x | ")
    assert text["map unit"] == "nats per mm²"
    assert text["map range"] == f"{low!r} to {high!r}"
    assert "smoothed" in text["map notes"]
    assert "hidden" in text["map notes"]


def test_that_typing_a_range_keeps_what_was_typed_while_scrolling(shown) -> None:
    models = shown.controller._models
    paint(shown, OverlaySettings(range_kind="typed"))
    assert models.settings.typed == pytest.approx(models.painted.limits, abs=1e-3)
    paint(shown, replace(models.settings, typed=(-7.0, -1.0)))
    go_to(shown, 3)
    assert models.painted.limits == (-7, -1)
