"""DICOM files -> Series: headers first, pixels when a slice is asked for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from magic_viewer.imaging.cache import PixelCache
from magic_viewer.imaging.dicom_headers import Frame, read_frames
from magic_viewer.imaging.dicom_overlays import read_overlays
from magic_viewer.imaging.dicom_pixels import Stored, make_slice, read_stored
from magic_viewer.imaging.dicom_stacks import Stack, group_frames, stack, volume_names
from magic_viewer.imaging.mosaic import tile
from magic_viewer.imaging.segmentation import findings_by_place, laid_over, place_of
from magic_viewer.imaging.source import Source
from magic_viewer.imaging.study import Notice, Series, Slice, Volume

_CACHE_BYTES = 1 << 30


class DicomReader:
    """Takes files one by one and sorts their images into series."""

    def __init__(self) -> None:
        self._frames: dict[int, tuple[Frame, ...]] = {}
        self._cache = PixelCache(_CACHE_BYTES)

    @property
    def first(self) -> int | None:
        """The lowest number that an image has come from."""
        return min(self._frames, default=None)

    def read(self, number: int, source: Source) -> None:
        """Reads the headers of a file.

        Args:
            number: its place among all files.
            source: DICOM.

        Raises:
            ImagingError: it can't be shown.
        """
        self._frames[number] = read_frames(source)

    def series(self) -> tuple[Series, ...]:
        """Sorts what has come so far, in the order of series numbers."""
        frames = list(chain.from_iterable(self._frames[number] for number in sorted(self._frames)))
        findings = findings_by_place(frames)
        groups = group_frames(frames)
        met = dict.fromkeys(group[0].patient for group in groups)
        patients = {patient: number for number, patient in enumerate(met)}
        studies = _number_studies(groups)
        groups.sort(
            key=lambda group: (
                patients[group[0].patient],
                studies[_study_key(group[0])],
                *_series_order(group[0]),
            )
        )
        parts = Counter(group[0].series_uid for group in groups)
        seen: Counter[str] = Counter()
        series = []
        for group in groups:
            uid = group[0].series_uid
            seen[uid] += 1
            one = _series(group, seen[uid], parts[uid], self._cache)
            found = findings.get(place_of(group[0]))
            if found is not None and group[0].finding is None:
                read = partial(_read_numbers, self._cache)
                one = replace(
                    one, volumes=tuple(laid_over(volume, found, read) for volume in one.volumes)
                )
            if len(studies) > 1:
                number = studies[_study_key(group[0])]
                one = replace(one, study=_study_heading(number, group[0]))
            series.append(_name_patient(one, patients[group[0].patient] + 1, len(patients)))
        return tuple(series)


def _series_order(frame: Frame) -> tuple[bool, int]:
    return frame.series_number is None, frame.series_number or 0


def _study_key(frame: Frame) -> tuple[int, int]:
    return frame.patient, frame.study[0]


def _number_studies(groups: Sequence[Sequence[Frame]]) -> dict[tuple[int, int], int]:
    """From 1, in the order met."""
    met = dict.fromkeys(_study_key(group[0]) for group in groups)
    return {key: number for number, key in enumerate(met, 1)}


def _study_heading(number: int, frame: Frame) -> str:
    name = frame.study[1]
    return f"Study {number}: {name}" if name else f"Study {number}"


def _name_patient(series: Series, patient: int, patients: int) -> Series:
    """Tells the patients apart where there are several, without their names."""
    if patients == 1:
        return series
    notice = Notice(f"The files are of {patients} patients; this series is of patient {patient}.")
    title = f"Patient {patient}: {series.title}"
    return replace(series, title=title, notices=(*series.notices, notice))


def _series(group: Sequence[Frame], part: int, parts: int, cache: PixelCache) -> Series:
    first, sorted_stack = group[0], stack(group)
    uid = "" if first.series_uid == str(first.source) else first.series_uid
    title = first.title or _nameless(first)
    notices = [Notice(text) for text in sorted_stack.notices]
    if parts > 1:
        title += f" ({part} of {parts})"
        notices.append(
            Notice(
                f"Its images differ in orientation, size, place or kind: shown as {parts} series."
            )
        )
    names = volume_names(sorted_stack.volumes)
    volumes = tuple(
        _volume(frames, name, sorted_stack, cache)
        for frames, name in zip(sorted_stack.volumes, names, strict=True)
    )
    return Series(title, first.modality or None, volumes, "DICOM", tuple(notices), uid)


def _nameless(frame: Frame) -> str:
    if frame.series_number is not None:
        return f"Series {frame.series_number}"
    return frame.modality or "DICOM"


@dataclass(frozen=True)
class _Decoder:
    """Gives the slices of one volume."""

    frames: tuple[Frame, ...]
    cache: PixelCache

    def stored(self, k: int) -> Stored:
        """Decodes slice k, unless that was done already."""
        frame = self.frames[k]
        key = (str(frame.source), frame.stored_number)
        whole = self.cache.get(key, partial(read_stored, frame))
        return tile(whole, frame.mosaic, frame.number) if frame.mosaic else whole

    def read_slice(self, k: int) -> Slice:
        image = make_slice(self.frames[k], k, self.stored(k))
        overlays = read_overlays(self.frames[k])
        return replace(image, overlays=overlays) if overlays else image


def _read_numbers(cache: PixelCache, frame: Frame) -> Stored:
    """Decodes a finding; colours of a label map are left aside for the numbers under them."""
    key: tuple[object, ...] = (str(frame.source), frame.number)
    if frame.format.is_color:
        key += ("numbers",)
        frame = replace(frame, format=replace(frame.format, photometric="MONOCHROME2"))
    return cache.get(key, partial(read_stored, frame))


def _volume(frames: tuple[Frame, ...], name: str, whole: Stack, cache: PixelCache) -> Volume:
    rows, columns = frames[0].shape
    row_spacing, column_spacing = frames[0].spacing or (None, None)
    decoder = _Decoder(frames, cache)
    return Volume(
        shape=(len(frames), rows, columns),
        read_slice=decoder.read_slice,
        affine=whole.affine,
        spacing=(whole.slice_spacing, row_spacing, column_spacing),
        name=name,
        prefetch=decoder.stored,
        slice_keys=tuple((str(frame.source), frame.number) for frame in frames),
        files=tuple(frame.source for frame in frames),
        frame_of_reference_uid=frames[0].frame_of_reference_uid,
    )
