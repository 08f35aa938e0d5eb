"""Joins files, session and slice view: opening, scrolling, windows, turns, readout."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QRectF

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.display import default_window, full_range, to_display
from magic_viewer.imaging.geometry import edge_letters
from magic_viewer.imaging.prefetch import prefetch
from magic_viewer.imaging.study import Notice, Slice, Study, Volume
from magic_viewer.progress import Progress
from magic_viewer.ui import windowing
from magic_viewer.ui.backend import Backend
from magic_viewer.ui.busy_strip import BusyStrip
from magic_viewer.ui.job import Lane, Work, single_step
from magic_viewer.ui.notes import display_notes, readout
from magic_viewer.ui.orientation import Orientation
from magic_viewer.ui.session import Session
from magic_viewer.ui.slice_text import Line, overlay_lines
from magic_viewer.ui.study_panel import THUMBNAIL_SIDE, StudyPanel
from magic_viewer.ui.viewer import Viewer

Report = Callable[[BaseException], None]
Say = Callable[[str, str], None]


class ScanController(QObject):
    """Reads in workers; a slice that is no longer asked for is never shown."""

    def __init__(
        self,
        session: Session,
        backend: Backend,
        viewer: Viewer,
        panel: StudyPanel,
        busy: BusyStrip,
        report: Report,
        say: Say,
    ) -> None:
        super().__init__()
        self._session, self._backend = session, backend
        self._viewer, self._panel, self._busy = viewer, panel, busy
        self._report, self._say = report, say
        self._pixel: tuple[int, int] | None = None
        self._is_first_part = True
        self.lanes = (Lane(self), Lane(self), Lane(self), Lane(self))
        self._opening, self._reading, self._thumbnails, self._prefetching = self.lanes
        self._connect_lanes()
        self._connect_session()
        self._connect_views()

    def _connect_lanes(self) -> None:
        self._opening.progressed.connect(self._take_progress)
        self._opening.succeeded.connect(self._take_study)
        self._opening.failed.connect(self._report)
        self._opening.failed.connect(lambda _: self._mark_stopped())
        self._opening.cancelled.connect(self._mark_stopped)
        for ended in (self._opening.succeeded, self._opening.failed, self._opening.cancelled):
            ended.connect(self._busy.end)
        self._reading.succeeded.connect(self._take_slice)
        self._reading.failed.connect(self._fail_slice)
        self._thumbnails.progressed.connect(lambda item: self._panel.set_thumbnail(*item))
        self._thumbnails.failed.connect(self._report)
        self._prefetching.failed.connect(self._report)

    def _connect_session(self) -> None:
        session, view = self._session, self._viewer.slice_view
        session.study_changed.connect(self._list_study)
        session.study_grown.connect(self._list_more)
        session.series_changed.connect(self._show_series)
        session.volume_changed.connect(self._viewer.set_volume_index)
        session.volume_changed.connect(lambda _: self._prefetch())
        session.slice_index_changed.connect(self._read_slice)
        session.slice_changed.connect(view.set_slice)
        session.slice_changed.connect(self._show_slice)
        session.window_changed.connect(view.set_window)
        session.orientation_changed.connect(self._show_orientation)
        session.overlays_switched.connect(view.show_overlays)
        session.overlays_switched.connect(lambda _: self._show_notes())
        session.examination_changed.connect(lambda _: self._show_notes())
        session.edited_changed.connect(lambda _: self._show_readout(self._pixel))
        session.map_noted.connect(lambda _: self._show_notes())
        view.show_overlays(session.shows_overlays)

    def _connect_views(self) -> None:
        session, view = self._session, self._viewer.slice_view
        self._panel.series_requested.connect(session.select_series)
        self._viewer.slice_index_requested.connect(session.go_to_slice)
        self._viewer.volume_requested.connect(session.select_volume)
        view.slice_step_requested.connect(self.step)
        view.window_dragged.connect(self._drag_window)
        view.region_selected.connect(self._window_from_region)
        view.pointed_at.connect(self._show_readout)
        self._busy.cancel_requested.connect(self._opening.cancel)

    # Opening

    def open(self, given: Sequence[Path]) -> None:
        """Opens files and folders in place of what is open."""
        self._begin(lambda: self._backend.open_study(given))

    def open_sample(self) -> None:
        """Opens a scan that comes with the program."""
        self._begin(lambda: _open_samples(self._backend))

    def _begin(self, work: Work) -> None:
        self._mark_stopped()
        self._is_first_part = True
        self._busy.begin(self.tr("Opening…"))
        self._opening.submit(work)

    def cancel(self) -> None:
        """Gives up opening."""
        self._opening.cancel()

    def _take_progress(self, item: Progress | Study) -> None:
        if isinstance(item, Study):
            self._show_study(item)
        else:
            self._busy.set_progress(item)

    def _take_study(self, study: Study) -> None:
        if study.rejected:
            self._say_rejected(study)
        if study.series:
            self._show_study(study)
            if self._session.volume is not None and self._session.volume.has_findings:
                # The slice in view may have been read before what lies over it.
                self._read_slice(self._session.slice_index)
            self._thumbnails.submit(lambda: _thumbnails(study))
            self._prefetch()

    def _show_study(self, study: Study) -> None:
        """Shows the first part of what is being opened, then what has come in addition."""
        if self._is_first_part:
            self._is_first_part = False
            self._session.open(study)
        else:
            self._session.grow(study)

    def _mark_stopped(self) -> None:
        """What was read half stays open, and stays marked."""
        study = self._session.study
        if study.is_complete or not study.series:
            return
        notice = Notice(self.tr("Opening was stopped: images may be missing."))
        marked = [replace(one, notices=(*one.notices, notice)) for one in study.series]
        self._session.grow(Study(tuple(marked), study.rejected))

    def _say_rejected(self, study: Study) -> None:
        sentences = [notice.text for notice in study.rejected]
        more = len(sentences) - 1
        text = sentences[0]
        if more:
            text += " " + self.tr("{count} more could not be opened.").format(count=more)
        self._say(text, "\n".join(sentences))

    def _list_study(self, study: Study) -> None:
        self._panel.set_study(study)

    def _list_more(self, study: Study) -> None:
        session = self._session
        self._panel.set_study(study)
        self._panel.set_current(session.series_index)
        self._show_counts()
        self._viewer.set_volume_index(session.volume_index)
        self._viewer.set_slice_index(session.slice_index)
        self._show_notes()

    def _prefetch(self) -> None:
        """Decodes the rest of the volume in view ahead of scrolling."""
        volume, first = self._session.volume, self._session.slice_index
        if volume is not None and self._session.study.is_complete:
            self._prefetching.submit(lambda: prefetch(volume, first))

    def _show_counts(self) -> None:
        series = self._session.series
        assert series is not None
        self._viewer.set_counts(
            series.volumes[0].shape[0], tuple(volume.name for volume in series.volumes)
        )

    def _show_series(self, index: int) -> None:
        self._panel.set_current(index)
        self._show_counts()
        self._viewer.slice_view.fit()
        self._prefetch()

    # Scrolling

    def step(self, slices: int) -> None:
        """So many slices on, or back."""
        self._session.go_to_slice(self._session.slice_index + slices)

    def step_series(self, count: int) -> None:
        """The next series, or the one before."""
        self._session.select_series(self._session.series_index + count)

    def go_to_end(self, is_last: bool) -> None:
        """The first slice, or the last."""
        volume = self._session.volume
        if volume is not None:
            self._session.go_to_slice(volume.shape[0] - 1 if is_last else 0)

    def _read_slice(self, index: int) -> None:
        volume = self._session.volume
        assert volume is not None
        self._viewer.set_slice_index(index)
        self._reading.submit(single_step(volume.read_slice, index))

    def _take_slice(self, image: Slice) -> None:
        """Under the number it has by now: slices before it may have come in meanwhile."""
        self._session.set_slice(replace(image, index=self._session.slice_index))

    def _fail_slice(self, error: BaseException) -> None:
        """The slice before must not stay under the number of this one."""
        self._session.set_slice(None)
        self._report(error)

    def _show_slice(self, image: Slice | None) -> None:
        self._show_readout(self._pixel)
        self._show_notes()
        if image is not None:
            self._show_orientation(self._session.orientation)

    def _show_orientation(self, orientation: Orientation) -> None:
        image = self._session.slice
        letters = edge_letters(image.affine) if image is not None else None
        self._viewer.slice_view.set_orientation(orientation, orientation.letters(letters))
        self._show_notes()

    def _show_notes(self) -> None:
        session = self._session
        left = [Line(text) for text in display_notes(session)] + overlay_lines(session.overlays)
        number = session.slice.index if session.slice is not None else session.slice_index
        right = []
        if session.volume is not None:
            right.append(Line(f"{self.tr('Slice')} {number + 1} / {session.volume.shape[0]}"))
        if session.series is not None and session.slice is None:
            right.append(Line(self.tr("Not shown yet")))
        if not session.study.is_complete:
            right.append(Line(self.tr("Still reading: more slices to come")))
        answer = session.examination
        if answer is not None and not answer.classification.in_distribution:
            right.append(Line(self.tr("⚠ Unlike training"), is_warning=True))
        for note in session.map_notes:
            right.append(Line(f"{self.tr('Map')}: {note}", is_quiet=True))
        self._viewer.slice_view.set_notes(left, right)

    def _show_readout(self, pixel: tuple[int, int] | None) -> None:
        self._pixel = pixel
        image = self._session.shown
        lines = [] if image is None or pixel is None else readout(image, *pixel)
        if self._session.edited is not None:
            lines.insert(0, self.tr("EDITED – what if"))
        self._viewer.slice_view.set_readout(lines)

    # The window

    def _drag_window(self, right: float, down: float) -> None:
        image = self._session.slice
        start = self._session.window or (default_window(image) if image is not None else None)
        if start is not None:
            self._session.set_window(windowing.dragged(start, right, down))

    def _window_from_region(self, region: QRectF) -> None:
        image = self._session.slice
        if image is None or image.is_color:
            return
        corners = region.left(), region.top(), region.right(), region.bottom()
        window = windowing.of_rectangle(image.modality_values, *corners)
        if window is not None:
            self._session.set_window(window)

    def show_file_window(self) -> None:
        """The file's own window; asked for again, the next of several."""
        session = self._session
        windows = session.slice.windows if session.slice is not None else ()
        if session.window in windows:
            session.set_window(windows[(windows.index(session.window) + 1) % len(windows)])
        else:
            session.set_window(session.file_window())

    def show_full_range(self) -> None:
        """From the lowest to the highest value of the slice."""
        if self._session.slice is not None:
            self._session.set_window(full_range(self._session.slice))

    def invert(self) -> None:
        """Swaps black and white."""
        self._session.invert()

    def reset(self) -> None:
        """As the series was when it was opened, but at this slice."""
        if self._session.slice is not None:
            self._session.reset_display()
            self._viewer.slice_view.fit()

    def turn(self, change: Callable[[Orientation], Orientation]) -> None:
        """Mirrors or turns what is on screen."""
        self._session.turn(change(self._session.orientation))


def _open_samples(backend: Backend) -> Generator[object, None, Study]:
    scans = backend.sample_scans()
    if not scans:
        raise ImagingError("This installation has no sample scans. Open a scan of your own.")
    return (yield from backend.open_study(scans[:1]))


def _thumbnails(study: Study) -> Generator[tuple[int, np.ndarray], None, None]:
    """(series, picture) of each series that has one; the slice view says what can't be read."""
    for index, series in enumerate(study.series):
        try:
            yield index, _thumbnail(series.volumes[0])
        except ImagingError:
            continue


def _thumbnail(volume: Volume) -> np.ndarray:
    image = volume.read_slice(volume.shape[0] // 2)
    step = max(1, min(image.shape) // (2 * THUMBNAIL_SIDE))
    return np.ascontiguousarray(to_display(image)[::step, ::step])
