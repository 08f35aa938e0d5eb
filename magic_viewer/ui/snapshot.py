"""What is on screen as a `View` for export, turned as it is on screen."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QTransform

from magic_viewer.imaging.geometry import edge_letters
from magic_viewer.pipeline.export import Heat, View, size_on_page
from magic_viewer.pipeline.file_overlays import legends
from magic_viewer.pipeline.image_colors import GREY
from magic_viewer.pipeline.overlay import ByteImage, Veil
from magic_viewer.pipeline.results import with_spread
from magic_viewer.ui.class_bars import nats
from magic_viewer.ui.look import Look
from magic_viewer.ui.map_painter import PaintedMap
from magic_viewer.ui.marking_paint import Shown, to_pixels
from magic_viewer.ui.notes import display_notes
from magic_viewer.ui.orientation import Orientation, pixel_size
from magic_viewer.ui.picture import Picture
from magic_viewer.ui.session import Session
from magic_viewer.ui.slice_item import transform
from magic_viewer.ui.windowing import described


def snapshot(
    session: Session,
    picture: Picture,
    painted: PaintedMap | None,
    markings: Sequence[Shown],
    look: Look,
) -> View:
    """The slice in view with its overlays, map and markings.

    Args:
        session: with a slice.
        picture: of that slice.
        painted: the map over it, or None.
        markings: those of this slice.
        look: how its pixels are drawn on screen.
    """
    assert session.slice is not None
    assert picture.colored_values is not None
    turn = session.orientation
    letters = turn.letters(edge_letters(session.slice.affine))
    height, width = pixel_size(session.slice)
    view = View(
        display_values=turn.apply(picture.colored_values),
        spacing=(width, height) if turn.quarter_turns % 2 else (height, width),
        letters=(letters.left, letters.right, letters.top, letters.bottom) if letters else None,
        convention=" · ".join(display_notes(session)),
        captions=(*captions(session, painted, look), *_unedited(session, markings)),
        heat=_heat(painted, turn.apply(painted.colors)) if painted else None,
        overlays=_turned(picture.overlays, turn),
        legends=tuple(legends(session.overlays)),
        is_edited=session.edited is not None,
        is_smooth=look.is_smooth,
    )
    return replace(view, drawing=_drawing(session, markings, size_on_page(view), look))


def captions(session: Session, painted: PaintedMap | None, look: Look) -> tuple[str, ...]:
    """Slice and window, class and likelihood. Nothing from the file's texts."""
    assert session.slice is not None
    assert session.volume is not None
    place = f"Slice {session.slice.index + 1} / {session.volume.shape[0]}"
    shown = [place, described(session.slice, session.window)]
    if session.is_inverted:
        shown.append("inverted")
    if look.colors != GREY and not session.slice.is_color:
        shown.append(f"image in colours: {look.colors}")
    lines = [" · ".join(shown)]
    if session.edited is not None:
        lines.append("Edited by hand: not the patient's image. The answer is for the edit.")
    if session.examination is not None:
        answer = session.examination.classification
        if not answer.in_distribution:
            lines.append("UNLIKE THE TRAINING IMAGES. Do not rely on this answer:")
        share = f"{answer.label} {with_spread(answer, answer.label)}"
        lines.append(f"{share} by the model “{answer.model}”. {answer.verdict}")
    if painted is not None:
        lines.append(f"{painted.title} = {nats(painted.total)} nats")
        if not painted.adds_up:
            lines.append(f"THE MAP ADDS UP TO {nats(painted.map_sum)} nats. Do not rely on it.")
        if painted.notes:
            lines.append(f"Map: {', '.join(painted.notes)} ({painted.unit})")
    return tuple(lines)


def _unedited(session: Session, markings: Sequence[Shown]) -> tuple[str, ...]:
    if session.edited is None or not markings:
        return ()
    return ("Measurements are of the slice before the edit.",)


def _turned(over: Veil | None, turn: Orientation) -> Veil | None:
    return over and Veil(turn.apply(over.color), turn.apply(over.keep))


def _heat(painted: PaintedMap, colors: ByteImage) -> Heat:
    return Heat(
        colors,
        painted.limits,
        painted.color_map,
        painted.opacity,
        painted.title,
        painted.unit,
        painted.notes,
    )


def _drawing(
    session: Session, markings: Sequence[Shown], size: tuple[int, int], look: Look
) -> npt.NDArray[np.uint8] | None:
    """The markings and the scale bar, on the grid of a page's image of (width, height)."""
    assert session.slice is not None
    has_scale_bar = look.has_scale_bar and session.slice.spacing is not None
    if not markings and not has_scale_bar:
        return None
    width, height = size
    to_view = transform(session.slice.shape, pixel_size(session.slice), session.orientation)
    rows, columns = session.slice.shape
    extent = to_view.mapRect(QRectF(0, 0, columns, rows))
    on_page = QTransform.fromScale(width / extent.width(), height / extent.height())
    to_page = QTransform.fromTranslate(0.5, 0.5) * to_view * on_page
    pixels_per_mm = width / extent.width() if has_scale_bar else None
    return to_pixels(markings, to_page, (height, width), pixels_per_mm)
