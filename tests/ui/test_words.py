"""What the user reads, and what the log keeps."""

import logging

import numpy as np
import pytest

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.study import Series, Slice, Volume
from magic_viewer.ui.class_bars import nats
from magic_viewer.ui.message_bar import MessageBar, plain_tooltip
from magic_viewer.ui.notes import readout
from magic_viewer.ui.sentences import log_error, sentence
from magic_viewer.ui.study_panel import facts

AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])
# The offscreen platform says this of every bare widget with a size hint.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


def test_that_an_error_of_ours_is_its_own_sentence():
    assert sentence(ImagingError("Copy the file again.")) == "Copy the file again."


@pytest.mark.parametrize("error", [RuntimeError("Doe^Jane"), KeyError("/home/doe_jane/1.dcm")])
def test_that_a_foreign_message_reaches_neither_user_nor_log(error, caplog):
    with caplog.at_level(logging.ERROR):
        try:
            raise error
        except type(error) as caught:
            log_error(caught)
    told = sentence(error) + caplog.text
    assert "doe" not in told.lower()
    assert type(error).__name__ in told
    assert "test_words" in caplog.text


def test_that_running_out_of_memory_says_what_to_do():
    assert "memory" in sentence(MemoryError())


def test_that_the_readout_gives_world_pixel_and_value_with_unit():
    image = Slice(np.full((4, 4), -1000, np.float32), affine=AFFINE, unit="HU")
    assert readout(image, row=3, column=1) == ["L 2.0 P 6.0 S 0.0", "x 1  y 3", "-1000 HU"]


def test_that_no_position_is_claimed_when_the_file_has_none():
    image = Slice(np.zeros((4, 4), np.float32))
    assert readout(image, 0, 0) == ["x 0  y 0", "0"]


def test_that_colour_is_read_out_as_its_channels():
    image = Slice(np.full((2, 2, 3), (1, 2, 3), np.uint8))
    assert readout(image, 1, 1)[-1] == "R 1  G 2  B 3"


def test_that_beside_a_smaller_slice_nothing_is_read_out():
    assert readout(Slice(np.zeros((2, 2), np.float32)), row=3, column=0) == []


def test_that_text_from_a_file_is_no_markup_in_a_tooltip():
    tip = plain_tooltip("<b>brain</b> & more\nnext")
    assert "<b>" not in tip
    assert "&lt;b>brain&lt;/b> &amp; more<br>next" in tip


def test_that_text_from_a_file_is_no_markup_in_the_message_bar(qtbot):
    bar = MessageBar()
    qtbot.addWidget(bar)
    bar.show_message("<h1>huge</h1>")
    assert bar.text == "<h1>huge</h1>"
    assert bar.sizeHint().height() < 80


@pytest.mark.parametrize(
    ("slices", "volumes", "modality", "line"),
    [(1, 1, "CT", "CT · 1 slice"), (24, 2, None, "24 slices × 2"), (30, 1, "MR", "MR · 30 slices")],
)
def test_that_a_series_is_told_in_one_short_line(slices, volumes, modality, line):
    volume = Volume((slices, 4, 4), lambda _: Slice(np.zeros((4, 4), np.float32)))
    assert facts(Series("t", modality, (volume,) * volumes, "DICOM")) == line


def test_that_large_numbers_are_grouped_and_minus_is_a_minus():
    assert nats(-54309.44) == "−54\N{NARROW NO-BREAK SPACE}309.4"
