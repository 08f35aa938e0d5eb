"""Whether a slice is what a model was made for, by its file: what is drawn on it is the gate's."""

from dataclasses import dataclass
from typing import Literal

from magic_viewer.imaging.geometry import edge_letters, plane_name
from magic_viewer.imaging.study import Slice

Box = tuple[float, float, float, float]
State = Literal["fits", "misfit", "unchecked"]

FIELD_TOLERANCE = 1.25
"""A field of view this many times beyond those of the training images still fits."""
SPACING_TOLERANCE = 2.0


@dataclass(frozen=True)
class MadeFor:
    """What is known of the geometry of a model's training images; empty where nothing is.

    Attributes:
        planes: "axial", "coronal", "sagittal", "oblique".
        sides: letters of the left and the upper edge of the stored image, as "R A".
        field_of_view: least and largest side of the model's input on them, mm.
        spacing: least and largest mm between their pixels, in either direction.
    """

    planes: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    field_of_view: tuple[float, ...] = ()
    spacing: tuple[float, ...] = ()


@dataclass(frozen=True)
class Fit:
    """One thing that was looked at.

    Attributes:
        name: "modality", "plane", "field of view", "spacing" or "orientation".
        state: "unchecked" where the file or the training images don't say.
        words: what was found and expected: of a misfit a sentence, else a phrase.
    """

    name: str
    state: State
    words: str


def check_fit(
    image: Slice, box: Box, modalities: tuple[str, ...], made_for: MadeFor
) -> tuple[Fit, ...]:
    """Compares a slice with what a model was made for.

    Args:
        image: the slice.
        box: of the model's input on it.
        modalities: of the training images; none is any.
        made_for: what else is known of them.

    Returns:
        What was found of each, in a fixed order.
    """
    plane = _plane(image, made_for.planes)
    return (
        _modality(image, modalities),
        plane,
        _field_of_view(image, box, made_for.field_of_view),
        _spacing(image, made_for.spacing),
        # In another plane other letters are no news.
        _orientation(image, made_for.sides)
        if plane.state != "misfit"
        else Fit("orientation", "unchecked", "another plane"),
    )


def misfits(found: tuple[Fit, ...]) -> str:
    """Why the file rules the model out, in sentences; empty where it doesn't."""
    return " ".join(fit.words for fit in found if fit.state == "misfit")


def _modality(image: Slice, known: tuple[str, ...]) -> Fit:
    if not known:
        return Fit("modality", "unchecked", "the model was made for any")
    if image.modality is None:
        return Fit("modality", "unchecked", "the file names none")
    if image.modality in known:
        return Fit("modality", "fits", image.modality)
    words = f"The file says {image.modality}; this model knows {', '.join(known)} only."
    return Fit("modality", "misfit", words)


def _plane(image: Slice, known: tuple[str, ...]) -> Fit:
    plane = plane_name(image.affine)
    if unchecked := _unchecked("plane", bool(known), plane is not None):
        return unchecked
    if plane in known:
        return Fit("plane", "fits", str(plane))
    words = f"The slice is {plane}; this model knows {', '.join(known)} ones only."
    return Fit("plane", "misfit", words)


def _field_of_view(image: Slice, box: Box, known: tuple[float, ...]) -> Fit:
    if unchecked := _unchecked("field of view", bool(known), image.spacing is not None):
        return unchecked
    assert image.spacing is not None
    side = max((box[2] - box[0]) * image.spacing[0], (box[3] - box[1]) * image.spacing[1])
    low, high = known
    trained = _between(low, high)
    if low / FIELD_TOLERANCE <= side <= high * FIELD_TOLERANCE:
        return Fit("field of view", "fits", f"{side:.0f} mm, trained on {trained}")
    words = f"The model's view is {side:.0f} mm wide; it was trained on {trained}."
    return Fit("field of view", "misfit", words)


def _spacing(image: Slice, known: tuple[float, ...]) -> Fit:
    if unchecked := _unchecked("spacing", bool(known), image.spacing is not None):
        return unchecked
    assert image.spacing is not None
    row, column = image.spacing
    found = f"{row:.2f} × {column:.2f} mm" if abs(row - column) > 0.005 else f"{row:.2f} mm"
    low, high = known
    trained = _between(low, high, 2)
    if low / SPACING_TOLERANCE <= min(row, column) and max(row, column) <= high * SPACING_TOLERANCE:
        return Fit("spacing", "fits", f"{found}, trained on {trained}")
    return Fit("spacing", "misfit", f"The pixels are {found} apart; it was trained on {trained}.")


def _orientation(image: Slice, known: tuple[str, ...]) -> Fit:
    sides = stored_sides(image)
    if unchecked := _unchecked("orientation", bool(known), sides is not None):
        return unchecked
    if sides in known:
        return Fit("orientation", "fits", f"left and upper edge {sides}")
    words = f"The stored image has {sides} at its left and upper edge; this model knows"
    return Fit("orientation", "misfit", f"{words} {', '.join(known)} only.")


def stored_sides(image: Slice) -> str | None:
    """Main letters of the left and the upper edge as the file stores them, such as "R A"."""
    letters = edge_letters(image.affine)
    return f"{letters.left[0]} {letters.top[0]}" if letters else None


def _unchecked(name: str, is_known: bool, is_told: bool) -> Fit | None:
    if not is_known:
        return Fit(name, "unchecked", "not known of the training images")
    return None if is_told else Fit(name, "unchecked", "the file doesn't say")


def _between(low: float, high: float, decimals: int = 0) -> str:
    first, last = f"{low:.{decimals}f}", f"{high:.{decimals}f}"
    return f"{first} mm" if first == last else f"{first}–{last} mm"
