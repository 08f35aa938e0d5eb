"""Results as PNG files that say what they are: synthetic marks, units, convention, provenance.

The same result gives the same bytes: no time stamps.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from magic_viewer import __version__
from magic_viewer.errors import ExportError
from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.file_overlays import Legend
from magic_viewer.pipeline.results import Sample

DISCLAIMER = "Research use. Not for diagnosis."
EDITED = "EDITED – what if"
SOFTWARE = f"MAGIC Viewer {__version__}"

_INK, _QUIET, _WARNING, _PAPER = (240, 240, 240), (170, 176, 184), (240, 170, 40), (16, 18, 22)
_LONG_SIDE = 768
_LETTERS_OF_PILLOW = {chr(code) for code in range(32, 127)} | set("·“”…")
_SYSTEM_FONTS = ("DejaVuSans.ttf", "arial.ttf", "Arial.ttf", "NotoSans-Regular.ttf")
# Drawn the same in ASCII, so that the common picture needs no system font.
_PLAIN = str.maketrans({"−": "-", "–": "-", "\N{NARROW NO-BREAK SPACE}": " ", "\xa0": " "})
_MARGIN = 28
_TITLES = 190


@dataclass(frozen=True, eq=False)
class Heat:
    """A coloured map as it lies over a view.

    Attributes:
        colors: (rows, columns, 4) RGBA on the grid of the view, turned like it.
        limits: values of the lowest and highest colour.
        color_map: name in `overlay`.
        opacity: 0..1.
        title: what is mapped, "log p(x | FLAIR)".
        unit: of the limits.
        notes: how it differs from the map itself: smoothed, hidden below a threshold.
    """

    colors: overlay.ByteImage
    limits: overlay.Limits
    color_map: str
    opacity: float
    title: str
    unit: str = overlay.UNIT
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class View:
    """What is on screen, turned as it is on screen.

    Attributes:
        display_values: (rows, columns[, 3]) uint8, after the window.
        spacing: (row, column) mm, or None for square pixels.
        letters: (left, right, top, bottom) directions of the edges, or None when unknown.
        convention: "Radiological", "Neurological" or that the orientation is unknown.
        captions: lines for under the image: window, slice, class. Never patient data.
        heat: the map over it, if any.
        overlays: of the file, turned like the view, below the map.
        legends: which of those is which.
        drawing: RGBA of `size_on_page` to lay over all, if any.
        is_edited: whether the pixels were changed by hand: burned in as a frame and words.
        is_smooth: whether colours are interpolated between pixels.
    """

    display_values: overlay.ByteImage
    spacing: tuple[float, float] | None
    letters: tuple[str, str, str, str] | None
    convention: str
    captions: tuple[str, ...] = ()
    heat: Heat | None = None
    overlays: overlay.Veil | None = None
    legends: tuple[Legend, ...] = ()
    drawing: overlay.ByteImage | None = None
    is_edited: bool = False
    is_smooth: bool = True


def sample_file_name(sample: Sample) -> str:
    """A name that says label, sampling temperature and seed, safe on every file system."""
    label = re.sub(r"[^\w-]+", "-", sample.label).strip("-") or "label"
    return f"synthetic_{label}_T{sample.temperature:.2f}_seed{sample.seed:04d}.png"


def free_path(folder: Path, name: str) -> Path:
    """A path of that name in the folder, numbered when one is there already."""
    path = folder / name
    number = 2
    while path.exists():
        path = (folder / name).with_stem(f"{Path(name).stem}-{number}")
        number += 1
    return path


def save_sample(sample: Sample, path: Path) -> None:
    """Writes a synthetic image, magnified by a whole number, marked under its pixels.

    Raises:
        ExportError: the file can't be written.
    """
    factor = max(1, 512 // max(sample.pixels.shape))
    image = Image.fromarray(sample.pixels).convert("RGB")
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    page = Image.new("RGB", (max(image.width, 256), image.height + 58), _PAPER)
    page.paste(image, ((page.width - image.width) // 2, 0))
    facts = f"{sample.label} · T {sample.temperature:.2f} · seed {sample.seed}"
    draw = ImageDraw.Draw(page)
    left = 10 + _text(draw, (10, image.height + 6), "SYNTHETIC", 20, _WARNING, page.width - 20)
    _text(draw, (left + 12, image.height + 9), facts, 16, _INK, page.width - left - 22)
    _text(draw, (10, image.height + 35), DISCLAIMER, 13, _QUIET, page.width - 20)
    _write(page, path, _sample_facts(sample))


def _sample_facts(sample: Sample) -> dict[str, str]:
    return {
        "synthetic": "true",
        "label": sample.label,
        "sampling temperature": repr(sample.temperature),
        "seed": str(sample.seed),
        "log-likelihood (nats)": repr(sample.log_likelihood),
        "bits/dim": repr(sample.bits_per_dim),
        "model": sample.model,
        "model hash": sample.model_hash,
    }


def save_sheet(rows: Sequence[tuple[str, npt.NDArray[np.uint8]]], caption: str, path: Path) -> None:
    """Writes rows of images with their titles, marked as synthetic.

    Args:
        rows: title and (B, rows, columns) uint8; all images of one size.
        caption: which model drew them, and what else is to be known.
        path: a .png file.

    Raises:
        ExportError: the file can't be written.
    """
    side = 128
    width = side * max(len(images) for _, images in rows)
    page = Image.new("RGB", (_TITLES + width, side * len(rows) + 58), _PAPER)
    draw = ImageDraw.Draw(page)
    for number, (title, images) in enumerate(rows):
        _text(draw, (10, side * number + side // 2 - 8), title, 15, _INK, _TITLES - 20)
        for column, image in enumerate(images):
            enlarged = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
            page.paste(enlarged, (_TITLES + side * column, side * number))
    bottom = side * len(rows)
    left = 10 + _text(draw, (10, bottom + 6), "SYNTHETIC", 20, _WARNING, page.width - 20)
    _text(draw, (left + 12, bottom + 9), caption, 16, _INK, page.width - left - 22)
    _text(draw, (10, bottom + 35), DISCLAIMER, 13, _QUIET, page.width - 20)
    _write(page, path, {"synthetic": "true", "caption": caption})


def save_view(view: View, path: Path) -> None:
    """Writes the view with its map, a colour bar with units, the convention and captions.

    Raises:
        ExportError: the file can't be written.
    """
    image = _render(view)
    bar_width = 150 if view.heat else 0
    plain = [Legend(text, None) for text in (view.convention, *view.captions)]
    lines = [*plain, *view.legends]
    height = image.height + 2 * _MARGIN + 22 * len(lines) + 34
    page = Image.new("RGB", (max(image.width + bar_width, 420) + 2 * _MARGIN, height), _PAPER)
    page.paste(image, (_MARGIN, _MARGIN))
    draw = ImageDraw.Draw(page)
    if view.letters:
        _draw_letters(draw, view.letters, image.size)
    if view.heat:
        _draw_bar(page, draw, view.heat, _MARGIN + image.width + 34, image.height)
    room = page.width - 2 * _MARGIN
    top = image.height + 2 * _MARGIN
    for number, line in enumerate(lines):
        _line(draw, (_MARGIN, top + 22 * number), line, room)
    _text(draw, (_MARGIN, top + 22 * len(lines) + 4), DISCLAIMER, 15, _WARNING, room)
    facts = {"convention": view.convention, "disclaimer": DISCLAIMER}
    if view.is_edited:
        facts["edited"] = "true"
    _write(page, path, facts | (_map_facts(view.heat) if view.heat else {}))


def _map_facts(heat: Heat) -> dict[str, str]:
    low, high = heat.limits
    return {
        "map": heat.title,
        "map unit": heat.unit,
        "map range": f"{low!r} to {high!r}",
        "map colours": heat.color_map,
        "map notes": "; ".join(heat.notes),
    }


def _line(draw: ImageDraw.ImageDraw, place: tuple[int, int], line: Legend, room: int) -> None:
    """A line of text, after a square of its colour if it has one."""
    left, top = place
    indent = 20 if line.color else 0
    if line.color:
        draw.rectangle((left, top + 4, left + 11, top + 15), line.color)
    _text(draw, (left + indent, top), line.text, 15, _INK, room - indent)


def size_on_page(view: View) -> tuple[int, int]:
    """(width, height) of the slice as it is saved, in the patient's proportions."""
    rows, columns = view.display_values.shape[:2]
    row, column = view.spacing or (1.0, 1.0)
    height, width = rows * row, columns * column
    scale = _LONG_SIDE / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _render(view: View) -> Image.Image:
    """The slice, its overlays, map and markings."""
    over = view.overlays
    if view.heat:
        over = overlay.stacked(over, overlay.veil(view.heat.colors, view.heat.opacity))
    packed = overlay.blend(view.display_values, over)
    rgb = np.stack([packed >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
    resampling = Image.Resampling.BICUBIC if view.is_smooth else Image.Resampling.NEAREST
    image = Image.fromarray(rgb).resize(size_on_page(view), resampling)
    if view.drawing is not None:
        drawing = Image.fromarray(view.drawing)
        image.paste(drawing, mask=drawing)
    if view.is_edited:
        _mark_edited(image)
    return image


def _mark_edited(image: Image.Image) -> None:
    """A frame and words on the pixels themselves, so that no crop of the page loses them."""
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, image.width - 1, image.height - 1), outline=_WARNING, width=5)
    words = EDITED.translate(_PLAIN)
    size = max(10, min(22, image.width // 14))
    font = ImageFont.load_default(size)
    place = (image.width // 2, 14)
    draw.text(place, words, _WARNING, font, anchor="ma", stroke_width=2, stroke_fill=(0, 0, 0))


def _draw_letters(
    draw: ImageDraw.ImageDraw, letters: tuple[str, str, str, str], size: tuple[int, int]
) -> None:
    """Beside the image's edges, so that no anatomy is covered."""
    width, height = size
    half = _MARGIN // 2
    places = [
        (half, _MARGIN + height // 2),
        (_MARGIN + width + half, _MARGIN + height // 2),
        (_MARGIN + width // 2, half),
        (_MARGIN + width // 2, _MARGIN + height + half),
    ]
    for letter, place in zip(letters, places, strict=True):
        draw.text(place, letter, _INK, ImageFont.load_default(16), anchor="mm")


def _draw_bar(
    page: Image.Image, draw: ImageDraw.ImageDraw, heat: Heat, left: int, height: int
) -> None:
    """An upright colour bar with the unit and three values."""
    lines = heat.title.replace(" − ", " −\n").replace(", ", ",\n").split("\n")
    above = max(68, 20 * (len(lines) + 1 + len(heat.notes)) + 8)
    top, length = _MARGIN + above, height - above
    colors = overlay.color_bar(heat.color_map, length, 18)
    page.paste(Image.fromarray(colors).convert("RGB"), (left, top))
    for number, line in enumerate(lines):
        _text(draw, (left, _MARGIN + 20 * number), line, 14, _INK, 140)
    for number, line in enumerate((heat.unit, *heat.notes)):
        _text(draw, (left, _MARGIN + 20 * (len(lines) + number)), line, 14, _QUIET, 140)
    low, high = heat.limits
    for share, value in ((0.0, high), (0.5, (low + high) / 2), (1.0, low)):
        place = (left + 26, top + round(share * (length - 14)) - 2)
        _text(draw, place, overlay.in_digits(value, heat.limits), 14, _INK, 110)


def _text(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    color: tuple[int, int, int],
    room: int,
) -> int:
    """Draws text no wider than the room, smaller when it must be; gives its width."""
    text = text.translate(_PLAIN)
    font = _font(text, size)
    while draw.textlength(text, font) > room and size > 6:
        size -= 1
        font = _font(text, size)
    draw.text(place, text, color, font)
    return round(draw.textlength(text, font))


def _font(text: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, the same everywhere, or the system's for letters that it lacks."""
    if not set(text) <= _LETTERS_OF_PILLOW:
        for name in _SYSTEM_FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def _write(image: Image.Image, path: Path, facts: dict[str, str]) -> None:
    """Encodes first: a failure to encode leaves an older file of that name whole."""
    info = PngImagePlugin.PngInfo()
    for name, value in {**facts, "software": SOFTWARE}.items():
        info.add_itxt(name, value)
    buffer = BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    try:
        path.write_bytes(buffer.getvalue())
    except OSError as error:
        raise ExportError(
            f"The image could not be written: {error.strerror or 'unknown reason'}. "
            "Choose another folder."
        ) from error
