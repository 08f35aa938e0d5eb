"""Words about the slice in view: how it lies on screen, and what is under the pointer. No Qt."""

from magic_viewer.imaging.geometry import (
    EdgeLetters,
    edge_letters,
    format_world,
    index_to_world,
    plane_name,
)
from magic_viewer.imaging.study import Slice
from magic_viewer.ui.orientation import Orientation
from magic_viewer.ui.session import Session


def display_notes(session: Session) -> list[str]:
    """How the slice in view lies on screen."""
    return [] if session.slice is None else plane_notes(session.slice, session.orientation)


def plane_notes(image: Slice, orientation: Orientation) -> list[str]:
    """How a slice lies on screen: convention and plane, from what is really shown."""
    letters = orientation.letters(edge_letters(image.affine))
    if letters is None:
        return ["Orientation unknown"]
    plane = plane_name(image.affine) or ""
    return [text for text in (convention_name(letters), plane.capitalize()) if text]


def convention_name(letters: EdgeLetters) -> str:
    """Names the convention that is really on screen; "" where the left is neither R nor L."""
    return {"R": "Radiological", "L": "Neurological"}.get(letters.left[0], "")


def readout(image: Slice, row: int, column: int) -> list[str]:
    """Position, pixel and value under the pointer; nothing beside the slice."""
    if not (row < image.shape[0] and column < image.shape[1]):
        return []
    lines = []
    if image.affine is not None:
        lines.append(format_world(index_to_world(image.affine, (column, row, 0))))
    lines.append(f"x {column}  y {row}")
    value = image.modality_values[row, column]
    if image.is_color:
        red, green, blue = value
        lines.append(f"R {red}  G {green}  B {blue}")
    else:
        lines.append(f"{value:.6g} {image.unit or ''}".strip())
    return lines
