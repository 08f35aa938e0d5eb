"""An attribution as a file: the exact map as an array, or a picture of it over its slice."""

from pathlib import Path

import numpy as np

from magic_viewer.errors import ExportError
from magic_viewer.imaging.display import default_window, to_display
from magic_viewer.imaging.geometry import EdgeLetters, edge_letters
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline import overlay
from magic_viewer.pipeline.export import Heat, View, save_view
from magic_viewer.pipeline.results import Attribution

OPACITY = 0.5


def save_attribution(image: Slice, attribution: Attribution, path: Path) -> None:
    """Writes the map on the model's grid (.npy, float64 nats), or laid over the slice (.png).

    Raises:
        ExportError: for another ending, or if the file can't be written.
    """
    ending = path.suffix.lower()
    if ending == ".png":
        save_view(_view(image, attribution), path)
        return
    if ending != ".npy":
        raise ExportError(f"{path}: expected a name ending in .png or .npy.")
    try:
        np.save(path, attribution.values)
    except OSError as error:
        raise ExportError(f"{path}: can't be written ({error.strerror}).") from error


def _view(image: Slice, attribution: Attribution) -> View:
    values = overlay.on_slice(attribution, image.shape)
    limits = overlay.limits(values, attribution.is_contrast)
    color_map = overlay.DIVERGING_MAP if attribution.is_contrast else overlay.SEQUENTIAL_MAPS[0]
    colors = overlay.colorize(values, limits, color_map)
    heat = Heat(colors, limits, color_map, OPACITY, attribution.title)
    edges = edge_letters(image.affine)
    return View(
        display_values=to_display(image, default_window(image)),
        spacing=image.spacing,
        letters=(edges.left, edges.right, edges.top, edges.bottom) if edges else None,
        convention=_convention(edges),
        captions=(f"{attribution.title} = {attribution.total:.1f} nats",),
        heat=heat,
    )


def _convention(edges: EdgeLetters | None) -> str:
    """How the slice lies in the picture, which is as the file stores it."""
    if edges is None:
        return "Orientation unknown"
    names = {"R": "Radiological", "L": "Neurological"}
    return names.get(edges.left[0], "As stored in the file")
