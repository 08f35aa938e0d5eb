"""The strip along the slider: both ways, and where its columns are."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import (
    QApplication,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.errors import ImagingError
from magic_viewer.ui.series_strip import SeriesStrip
from magic_viewer.ui.series_work import SliceOutcome
from magic_viewer.ui.theme import Color, class_color
from tests.ui.test_panels import classification

LABELS = ("FLAIR", "T1")


@pytest.fixture
def strip(qtbot) -> SeriesStrip:
    place = QWidget()
    column = QVBoxLayout(place)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 7)
    made = SeriesStrip(slider)
    column.addWidget(made)
    column.addWidget(slider)
    column.setContentsMargins(30, 0, 30, 0)
    place.resize(400, 120)
    qtbot.addWidget(place)
    made.place = place  # keeps it alive
    made.set_slices(8, LABELS)
    column.activate()
    return made


def color_at(strip: SeriesStrip, index: int, y: int) -> str:
    x = round(strip.column(index).left()) + 2
    return QColor(strip.grab().toImage().pixel(x, y)).name()


def outcome(index: int, in_distribution: bool = True) -> SliceOutcome:
    return SliceOutcome(index, classification(in_distribution))


def test_that_each_column_stands_over_the_sliders_handle_at_its_slice(strip) -> None:
    slider = strip._slider
    for index in range(8):
        slider.setValue(index)
        option = QStyleOptionSlider()
        slider.initStyleOption(option)
        handle = slider.style().subControlRect(
            QStyle.ComplexControl.CC_Slider,
            option,
            QStyle.SubControl.SC_SliderHandle,
            slider,
        )
        middle = strip.mapFromGlobal(slider.mapToGlobal(handle.center())).x()
        assert strip.column(index).center().x() == pytest.approx(middle, abs=1.5)
        assert strip.index_at(middle) == index


def test_that_a_click_asks_for_the_slice_under_it(qtbot, strip) -> None:
    with qtbot.waitSignal(strip.slice_index_requested) as asked:
        place = QPoint(round(strip.column(5).center().x()), 10)
        qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=place)
    assert asked.args == [5]


def test_that_a_setter_asks_for_nothing(qtbot, strip) -> None:
    with qtbot.assertNotEmitted(strip.slice_index_requested):
        strip.set_outcomes({3: outcome(3)})
        strip.set_current(3)


def test_that_columns_stack_the_classes_in_their_colours_and_stay_empty_until_done(strip) -> None:
    assert color_at(strip, 2, 20) == Color.RAISED
    strip.set_outcomes({2: outcome(2)})
    assert color_at(strip, 2, 28) == class_color(0).name()  # FLAIR, 90 %, from the bottom
    assert color_at(strip, 2, 5) == class_color(1).name()
    assert color_at(strip, 3, 20) == Color.RAISED


def test_that_a_slice_unlike_the_training_images_looks_different(strip) -> None:
    strip.set_outcomes({2: outcome(2)})
    known = strip.grab(strip.column(2).toRect()).toImage()
    strip.set_outcomes({2: outcome(2, in_distribution=False)})
    assert strip.grab(strip.column(2).toRect()).toImage() != known
    assert class_color(0).name() != color_at(strip, 2, 28)


def test_that_the_numbers_are_in_words_for_the_pointer_and_for_readers(strip) -> None:
    strip.set_outcomes({2: outcome(2), 3: outcome(3, False)})
    strip.set_current(2)
    words = strip.words(2)
    for part in ("Slice 3 of 8", "FLAIR 90.0", "T1 10.0 %", "Typicality 40 %"):
        assert part in words
        assert part in strip.accessibleDescription()
    assert "2 of 8 slices classified" in strip.accessibleDescription()
    assert "unlike the training images" in strip.words(3)
    assert "not classified" in strip.words(4)
    torn = replace(classification(True), contenders=LABELS)
    strip.set_outcomes({2: SliceOutcome(2, torn)})
    assert "FLAIR or T1?" in strip.words(2)


@pytest.mark.qt_log_ignore("does not support raise")
def test_that_the_pointer_gets_the_numbers_as_plain_text(strip) -> None:
    labels = ("<b>FLAIR</b>", "T1")
    answer = replace(
        classification(True),
        label=labels[0],
        contenders=labels[:1],
        probabilities=dict(zip(labels, (0.9, 0.1), strict=True)),
        probability_spreads=dict.fromkeys(labels, 0.01),
    )
    strip.set_slices(8, labels)
    strip.set_outcomes({2: SliceOutcome(2, answer)})
    place = strip.column(2).center().toPoint()
    QApplication.sendEvent(strip, QHelpEvent(QEvent.Type.ToolTip, place, strip.mapToGlobal(place)))
    assert "Slice 3 of 8: &lt;b&gt;FLAIR" in QToolTip.text()
    QToolTip.hideText()


def test_that_a_failed_slice_says_why(strip) -> None:
    strip.set_outcomes({1: SliceOutcome(1, None, ImagingError("The file ends early."))})
    assert "The file ends early." in strip.words(1)


def test_that_there_is_no_strip_for_one_slice_or_without_a_model(strip) -> None:
    assert not strip.isHidden()
    strip.set_slices(1, LABELS)
    assert strip.isHidden()
    strip.set_slices(8, ())
    assert strip.isHidden()
