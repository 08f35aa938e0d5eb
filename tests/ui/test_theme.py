"""Both looks: what can be read, and what follows a switch."""

from itertools import product

import pytest
from PySide6.QtGui import QColor

from magic_viewer.ui.class_bars import ClassBars
from magic_viewer.ui.colors import DARK, LIGHT, Color, ImageColor
from magic_viewer.ui.preferences import THEME
from magic_viewer.ui.theme import apply_theme

# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
LOOKS = {"dark": DARK, "light": LIGHT}
GROUNDS = ("GROUND", "PANEL", "RAISED")


@pytest.fixture
def undressed(qapp):
    """The look is switched, and is as before afterwards."""
    palette, sheet = qapp.palette(), qapp.styleSheet()
    yield
    apply_theme(qapp)
    qapp.setPalette(palette)
    qapp.setStyleSheet(sheet)


def luminance(color):
    """Relative luminance, WCAG 2.2."""

    def linear(value):
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(value) for value in QColor(color).getRgbF()[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_that_the_contrast_of_black_and_white_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *product(("TEXT", "QUIET", "ACCENT", "WARNING"), GROUNDS),
        *product(("ON_BRIGHT",), ("ACCENT", "ACCENT_HOVER", "WARNING")),
        *product(("MARKING",), ("GROUND", "PANEL")),
    ],
)
def test_that_every_text_stands_out_from_its_ground(look, text, ground):
    assert contrast(getattr(LOOKS[look], text), getattr(LOOKS[look], ground)) >= 4.5


@pytest.mark.parametrize("look", LOOKS)
def test_that_controls_are_seen_against_what_they_lie_on(look):
    for ground in ("GROUND", "PANEL"):
        assert contrast(LOOKS[look].CONTROL_EDGE, getattr(LOOKS[look], ground)) >= 3


@pytest.mark.usefixtures("undressed")
def test_that_words_over_the_image_stand_out_from_its_black_in_every_look(qapp):
    apply_theme(qapp, "light")
    for name in ("TEXT", "QUIET", "ACCENT", "WARNING", "MARKING"):
        assert contrast(getattr(ImageColor, name), "#000000") >= 4.5


@pytest.mark.usefixtures("undressed")
def test_that_the_system_decides_when_it_is_asked(qapp):
    apply_theme(qapp, "system")
    assert Color.PANEL in (DARK.PANEL, LIGHT.PANEL)
    apply_theme(qapp, "light")
    assert Color.PANEL == LIGHT.PANEL
    apply_theme(qapp, "dark")
    assert Color.PANEL == DARK.PANEL


def brightness(widget):
    image = widget.grab().toImage()
    points = product(range(4, image.width(), 16), range(4, image.height(), 16))
    values = sorted(image.pixelColor(x, y).lightness() for x, y in points)
    return values[len(values) // 2]


@pytest.mark.usefixtures("undressed")
def test_that_a_switch_reaches_the_open_window_and_leaves_the_image_on_black(opened, scan):
    opened.open(scan)
    program, window = opened.controller.program, opened.window
    program.preferences.set(THEME, "light")
    opened.answered()
    viewer = window.viewer
    panels = (window.study_panel, window.classify_panel, viewer.series_strip)
    light = [brightness(panel) for panel in panels]
    program.preferences.set(THEME, "dark")
    dark = [brightness(panel) for panel in panels]
    assert min(light) > 200
    assert max(dark) < 60
    program.preferences.set(THEME, "light")
    for over_image in (viewer.slice_view, viewer.color_bar):
        corner = over_image.grab().toImage().pixelColor(1, 1)
        assert corner.lightness() == 0


@pytest.mark.usefixtures("undressed")
def test_that_class_bars_follow_a_switch(qtbot, qapp):
    apply_theme(qapp, "dark")
    bars = ClassBars()
    qtbot.addWidget(bars)
    bars.set_labels(("a", "b"))
    bars.resize(300, 100)
    bars.show()
    dark = bars.grab().toImage()
    apply_theme(qapp, "light")
    colors = {bars.grab().toImage().pixelColor(x, 8).name() for x in range(bars.width())}
    assert LIGHT.RAISED in colors
    assert DARK.RAISED not in colors
    assert bars.grab().toImage() != dark
