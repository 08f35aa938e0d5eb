"""DICOM files -> Series: headers first, pixels when a slice is asked for."""

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.cache import SliceCache
from magic_viewer.imaging.dicom_headers import Frame, read_frames
from magic_viewer.imaging.dicom_pixels import read_pixels
from magic_viewer.imaging.dicom_stacks import Stack, group_frames, stack
from magic_viewer.imaging.study import Notice, Series, Slice, Study, Volume
from magic_viewer.progress import Progress

_CACHE_BYTES = 512 << 20


def read_dicom(paths: Sequence[Path]) -> Generator[Progress, None, Study]:
    """Reads the headers of DICOM files and sorts their images into series.

    Args:
        paths: DICOM files, in any order.

    Returns:
        The series in the order of their numbers; files that can't be shown among `rejected`.
    """
    frames: list[Frame] = []
    rejected: list[Notice] = []
    for done, path in enumerate(paths):
        yield Progress(done, len(paths), "Reading DICOM headers")
        try:
            frames += read_frames(path)
        except ImagingError as error:
            rejected.append(Notice(str(error), path.name))
    return Study(_all_series(frames), tuple(rejected))


def _all_series(frames: Sequence[Frame]) -> tuple[Series, ...]:
    groups = group_frames(frames)
    groups.sort(key=lambda group: (group[0].series_number is None, group[0].series_number or 0))
    parts = Counter(group[0].series_uid for group in groups)
    seen: Counter[str] = Counter()
    cache = SliceCache(_CACHE_BYTES)
    series = []
    for group in groups:
        uid = group[0].series_uid
        seen[uid] += 1
        series.append(_series(group, seen[uid], parts[uid], cache))
    return tuple(series)


def _series(group: Sequence[Frame], part: int, parts: int, cache: SliceCache) -> Series:
    first, sorted_stack = group[0], stack(group)
    title = first.title or _nameless(first)
    notices = [Notice(text) for text in sorted_stack.notices]
    if parts > 1:
        title += f" ({part} of {parts})"
        notices.append(
            Notice(f"Its images differ in orientation, size or place: shown as {parts} series.")
        )
    volumes = tuple(_volume(frames, sorted_stack, cache) for frames in sorted_stack.volumes)
    return Series(title, first.modality or None, volumes, "DICOM", tuple(notices))


def _nameless(frame: Frame) -> str:
    if frame.series_number is not None:
        return f"Series {frame.series_number}"
    return frame.modality or "DICOM"


@dataclass(frozen=True)
class _Decoder:
    """Gives the slices of one volume."""

    frames: tuple[Frame, ...]
    cache: SliceCache

    def read_slice(self, k: int) -> Slice:
        frame = self.frames[k]
        return self.cache.get((frame.path, frame.number, k), partial(read_pixels, frame, k))


def _volume(frames: tuple[Frame, ...], whole: Stack, cache: SliceCache) -> Volume:
    rows, columns = frames[0].shape
    row_spacing, column_spacing = frames[0].spacing or (None, None)
    return Volume(
        shape=(len(frames), rows, columns),
        read_slice=_Decoder(frames, cache).read_slice,
        affine=whole.affine,
        spacing=(whole.slice_spacing, row_spacing, column_spacing),
    )
