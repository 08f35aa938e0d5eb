"""Text over the slice never overlaps, in a large view and in the smallest."""

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from magic_viewer.imaging.geometry import EdgeLetters
from magic_viewer.imaging.study import Overlay
from magic_viewer.ui.slice_text import (
    Corners,
    Line,
    corner_area,
    draw_corners,
    draw_letters,
    overlay_lines,
)

SIZES = [(360, 300), (640, 480), (1600, 1200)]
LONG = [Line("A line that is far too long for any corner of the smallest view " * 3)] * 4


@pytest.fixture
def font(qapp):
    font = QFont(qapp.font())
    font.setPixelSize(13)
    return font


@pytest.mark.parametrize("size", SIZES)
def test_that_corners_keep_apart_and_leave_room_for_the_edge_letters(size, font):
    view = QRectF(0, 0, *size)
    areas = [
        corner_area(view, is_right, is_bottom, 4, font)
        for is_right in (False, True)
        for is_bottom in (False, True)
    ]
    for one, other in combinations(areas, 2):
        assert not one.intersects(other)
    letter = QFontMetricsF(font).boundingRect("WW")
    for center in (
        QPointF(view.center().x(), 20),
        QPointF(view.center().x(), view.bottom() - 20),
        QPointF(20, view.center().y()),
        QPointF(view.right() - 20, view.center().y()),
    ):
        letter.moveCenter(center)
        assert not any(letter.intersects(area) for area in areas)


@pytest.mark.parametrize("size", SIZES)
def test_that_long_lines_are_shortened_before_the_other_corner(size, font):
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    painter.setFont(font)
    draw_corners(painter, QRectF(image.rect()), Corners(top_left=LONG, bottom_left=LONG))
    painter.end()
    middle = size[0] // 2
    assert any(image.pixelColor(x, y).lightness() > 99 for x in range(middle) for y in range(60))
    for x in range(middle - 15, size[0], 3):
        assert all(image.pixelColor(x, y).lightness() == 0 for y in range(0, size[1], 2))


def test_that_each_letter_stands_at_its_own_edge(font):
    view = QRectF(0, 0, 400, 400)
    edges = {
        "left": QRectF(0, 150, 60, 100),
        "right": QRectF(340, 150, 60, 100),
        "top": QRectF(150, 0, 100, 60),
        "bottom": QRectF(150, 340, 100, 60),
    }
    for edge, place in edges.items():
        image = QImage(400, 400, QImage.Format.Format_RGB32)
        image.fill(QColor("black"))
        painter = QPainter(image)
        painter.setFont(font)
        letters = {name: "W" if name == edge else "" for name in edges}
        draw_letters(painter, view, EdgeLetters(**letters))
        painter.end()
        lit = [
            (x, y)
            for x in range(400)
            for y in range(400)
            if image.pixelColor(x, y).lightness() > 50
        ]
        assert lit
        assert all(place.contains(x, y) for x, y in lit)


def test_that_of_many_overlays_the_first_are_named_and_the_others_counted():
    overlays = [Overlay(str(n), np.ones((2, 2), bool), number=n) for n in range(10)]
    lines = overlay_lines(overlays)
    assert [line.text for line in lines[:2]] == ["Overlay: 0", "Overlay: 1"]
    assert [line.text for line in lines[7:]] == ["Overlay: 7", "and 2 more"]
    assert lines[0].swatch != lines[1].swatch


def test_that_more_lines_than_fit_do_not_run_into_the_corner_below(font):
    image = QImage(360, 300, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    painter.setFont(font)
    draw_corners(painter, QRectF(image.rect()), Corners(top_left=[Line("a line")] * 40))
    painter.end()
    below = (image.pixelColor(x, y).value() for x in range(360) for y in range(150, 300))
    assert not any(below)
