"""What was opened: Study > Series > Volume > Slice.

One world for all formats: LPS millimetres, float64. An image index is (i, j, k) = (column,
row, slice); arrays are stored (k, j, i), so a volume array has the shape (slices, rows,
columns), and (slices, rows, columns, 3) in colour. Every slice is held as it is to be shown
before any flip by the user.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.source import Source

FloatArray = npt.NDArray[np.float64]
PixelArray = npt.NDArray[np.float32] | npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
WindowFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]


@dataclass(frozen=True)
class Window:
    """A VOI window in modality units (DICOM PS3.3 C.11.2)."""

    center: float
    width: float
    function: WindowFunction = "LINEAR"
    name: str = ""


@dataclass(frozen=True)
class Notice:
    """One sentence the user should see about a file or series, without patient data.

    Attributes:
        text: the sentence.
        file: name of the file it is about, where it is about one.
    """

    text: str
    file: str = ""


@dataclass(frozen=True, eq=False)
class VoiLut:
    """A VOI look-up table: `table[value - first]` is the display value, ends held.

    Attributes:
        first: modality value of the first entry.
        table: shape (entries,), scaled to 0..1.
    """

    first: float
    table: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Overlay:
    """What a file lays over an image: drawn lines, a segment, or a map of measured values.

    Attributes:
        name: what the user reads, with the unit of values. Never a patient's name.
        mask: (rows, columns) of the slice, True where there is something.
        values: (rows, columns) of a map, NaN where there is none; None for all else.
        number: keeps its colour the same from slice to slice.
    """

    name: str
    mask: Mask
    values: npt.NDArray[np.float32] | None = None
    number: int = 0


@dataclass(frozen=True, eq=False)
class Slice:
    """One image, after its modality LUT and before any window.

    Attributes:
        modality_values: (rows, columns) float32, or (rows, columns, 3) uint8 in colour. NaN or
            infinite where the file has no number.
        index: its place in the volume, 0-based, in the order of display.
        affine: 4×4, (i, j, k) -> LPS mm at voxel centres with k = 0 on this slice; None when
            the file doesn't say where the image lies.
        spacing: (row, column) mm between pixel centres; None when unknown.
        unit: "HU", "SUV", ... or None.
        modality: "CT", "MR", ... or None.
        windows: those of the file, usable ones only, first is the default.
        voi_lut: replaces the window as the file's own display when there is one.
        inverted: MONOCHROME1: the lowest value is to be shown white.
        padding_value: modality value that marks pixels without a measurement, if any.
        pixel_aspect: height of a pixel over its width where the spacing is unknown.
        rescale_slope: stored values -> modality values; None when a table did it.
        rescale_intercept: see `rescale_slope`.
        photometric_interpretation: the file's own word, before conversion to RGB.
        overlays: what lies over it; only what has something on this slice.
    """

    modality_values: PixelArray
    index: int = 0
    affine: FloatArray | None = None
    spacing: tuple[float, float] | None = None
    unit: str | None = None
    modality: str | None = None
    windows: tuple[Window, ...] = ()
    voi_lut: VoiLut | None = None
    inverted: bool = False
    padding_value: float | None = None
    pixel_aspect: float = 1.0
    rescale_slope: float | None = 1.0
    rescale_intercept: float = 0.0
    photometric_interpretation: str = ""
    overlays: tuple[Overlay, ...] = ()

    @property
    def display_aspect(self) -> float:
        """Height of a pixel over its width, as it is to be drawn."""
        return self.spacing[0] / self.spacing[1] if self.spacing else self.pixel_aspect

    @property
    def is_color(self) -> bool:
        """Whether pixels are RGB."""
        return self.modality_values.ndim == 3

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        rows, columns = self.modality_values.shape[:2]
        return rows, columns


@dataclass(frozen=True, eq=False)
class Volume:
    """Parallel slices of one shape, decoded when asked for.

    Attributes:
        shape: (slices, rows, columns).
        read_slice: k -> Slice; raises ImagingError. May be called from any thread, and keeps
            what it has decoded as it sees fit.
        affine: 4×4, (i, j, k) -> LPS mm; None when positions are unknown or uneven.
        spacing: (slice, row, column) mm, each None when unknown.
        stored_to_index: 4×4, the file's own (i, j, k) -> (i, j, k) here, for formats whose axes
            were permuted or flipped; None when they are the same.
        name: what sets it apart from the other volumes of its series: "b 1000 s/mm²", "TE 30 ms".
        prefetch: decodes slice k so that reading it is quick; None where that makes no difference.
        slice_keys: what tells each slice apart in all that was opened, so that it is found again
            when more of its series has come; () where all came at once.
        has_findings: whether other files lay segments or maps over its slices.
        files: the one that each slice is from; () where they are from none.
        frame_of_reference_uid: the same in volumes whose positions can be compared; "" where the
            file gives none.
    """

    shape: tuple[int, int, int]
    read_slice: Callable[[int], Slice]
    affine: FloatArray | None = None
    spacing: tuple[float | None, float | None, float | None] = (None, None, None)
    stored_to_index: FloatArray | None = None
    name: str = ""
    prefetch: Callable[[int], object] | None = None
    slice_keys: tuple[Hashable, ...] = ()
    has_findings: bool = False
    files: tuple[Source, ...] = ()
    frame_of_reference_uid: str = ""


@dataclass(frozen=True, eq=False)
class Series:
    """Volumes that belong together: more than one in 4-D data (time, echo, b-value).

    Attributes:
        title: what the list shows: description, or file name for formats without one. Never a
            patient's name.
        modality: "CT", "MR", ... or None.
        volumes: at least one.
        format: "DICOM", "NIfTI", "PNG", ...
        notices: what the user should know of this series.
        uid: DICOM's SeriesInstanceUID; the same in several `Series` when one had to be shown in
            parts. "" for other formats.
        orientation_from: which of the file's fields says how the volume lies, where a format has
            more ways than one ("sform", "qform") or is read by nibabel; else "".
        study: what the list calls the examination it is of, where several were opened together;
            else "". Never a patient's name.
    """

    title: str
    modality: str | None
    volumes: tuple[Volume, ...]
    format: str
    notices: tuple[Notice, ...] = ()
    uid: str = ""
    orientation_from: str = ""
    study: str = ""


@dataclass(frozen=True, eq=False)
class Study:
    """All that one opening gave.

    Attributes:
        series: in the order of the list; may be empty when everything was rejected.
        rejected: one sentence for each file that could not be opened.
        is_complete: False while headers are still being read: slices may be missing.
    """

    series: tuple[Series, ...] = ()
    rejected: tuple[Notice, ...] = ()
    is_complete: bool = True
