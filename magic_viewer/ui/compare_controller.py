"""Joins two series side by side: the right one follows the left by position in the patient."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from magic_viewer.imaging.geometry import edge_letters, index_to_world, world_to_index
from magic_viewer.imaging.study import FloatArray, Series, Slice, Study, Volume
from magic_viewer.ui.compare_display import CompareDisplay
from magic_viewer.ui.crosshair import Crosshair
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.notes import plane_notes, readout
from magic_viewer.ui.pane_grid import PaneGrid
from magic_viewer.ui.session import Session, find_slice
from magic_viewer.ui.slice_text import Line

Report = Callable[[BaseException], None]


class CompareController(QObject):
    """The left is the session's series. The right has a slice and a display of its own."""

    # (column, row) of the left slice, or None.
    crosshair_placed = Signal(object)
    active_changed = Signal(bool)

    def __init__(self, session: Session, panes: PaneGrid, report: Report) -> None:
        super().__init__()
        self._session, self._bar = session, panes.compare_bar
        self._view, self._left = panes.compare, panes.slice_view
        self._study = session.study
        self.series_index, self.slice_index = 0, 0
        self.image: Slice | None = None
        self.display = CompareDisplay(self._view)
        self.is_linked = True
        self.is_on = self.is_active = self._is_aiming = False
        self._is_fresh = True
        self._reading = Lane(self)
        self.lanes = (self._reading,)
        self._reading.succeeded.connect(self._take)
        self._reading.failed.connect(report)
        self._connect()

    def _connect(self) -> None:
        session, view = self._session, self._view
        self._bar.series_requested.connect(self._choose_series)
        self._bar.link_requested.connect(self.set_linked)
        session.slice_index_changed.connect(lambda _: self._follow())
        session.series_changed.connect(lambda _: self._begin_link())
        session.study_grown.connect(self._grow)
        session.series_changed.connect(lambda _: self.set_active(False))
        session.orientation_changed.connect(
            lambda _: self.display.follow_convention(session.is_radiological)
        )
        self.display.turned.connect(self._show_words)
        self._left.pressed.connect(lambda: self.set_active(False))
        view.pressed.connect(lambda: self.set_active(True))
        session.overlays_switched.connect(view.show_overlays)
        self._left.crosshair_moved.connect(self._aim_left)
        view.crosshair_moved.connect(self._aim_right)
        view.slice_step_requested.connect(self.step)
        view.pointed_at.connect(self._point_at)

    @property
    def series(self) -> Series | None:
        """The one on the right."""
        series = self._study.series
        return series[self.series_index] if self.series_index < len(series) else None

    @property
    def volume(self) -> Volume | None:
        """Its first."""
        return self.series.volumes[0] if self.series is not None else None

    def why_not(self) -> str:
        """Says why there is nothing to show beside; "" when there is."""
        count = len(self._session.study.series)
        if count > 1:
            return ""
        few = self.tr("Side by side needs two series, and one is open. Open a folder with more.")
        return few if count else self.tr("Open a series first.")

    def set_on(self, is_on: bool) -> None:
        """Whether the right series is in view; it begins with the next of the list."""
        self.is_on = is_on
        self.set_active(False)
        if not is_on:
            self._reading.drop()
            self._set_image(None)
            return
        self._view.show_overlays(self._session.shows_overlays)
        self._study = self._session.study
        self.select_series((self._session.series_index + 1) % len(self._study.series))

    def _choose_series(self, index: int) -> None:
        self.select_series(index)
        self.set_active(True)

    def select_series(self, index: int) -> None:
        """Another series on the right, at the left one's place."""
        self.series_index, self._is_fresh = index, True
        self._set_image(None)
        assert self.volume is not None
        self.slice_index = self.volume.shape[0] // 2
        self._bar.set_series([series.title for series in self._study.series], index)
        self._begin_link()
        self._read()

    def set_linked(self, is_linked: bool) -> None:
        """Whether both scroll together."""
        self.is_linked = is_linked
        self._bar.set_linked(is_linked)
        self._begin_link()

    def step(self, slices: int) -> None:
        """So many slices on, or back; the left goes along if they are linked."""
        self._go_to(self.slice_index + slices)
        volume, left = self.volume, self._session.volume
        if not self.is_linked or volume is None or left is None:
            return
        self._is_aiming = True
        self._session.go_to_slice(self._counterpart(volume, self.slice_index, left))
        self._is_aiming = False

    def go_to_end(self, is_last: bool) -> None:
        """The first slice, or the last."""
        if self.volume is not None:
            self.step(self.volume.shape[0] if is_last else -self.volume.shape[0])

    # The link

    @property
    def is_by_position(self) -> bool:
        """Whether both series tell positions of one frame of reference."""
        left, right = self._session.volume, self.volume
        return (
            left is not None
            and right is not None
            and left.affine is not None
            and right.affine is not None
            and left.frame_of_reference_uid == right.frame_of_reference_uid != ""
        )

    def _counterpart(self, one: Volume, k: int, other: Volume) -> int:
        """The slice of another volume where a slice is: in the patient, or in the stack."""
        if self.is_by_position and one.affine is not None and other.affine is not None:
            _, rows, columns = one.shape
            middle = index_to_world(one.affine, ((columns - 1) / 2, (rows - 1) / 2, k))
            return round(float(world_to_index(other.affine, middle)[2]))
        share = k / max(1, one.shape[0] - 1)
        return round(share * (other.shape[0] - 1))

    def _begin_link(self) -> None:
        if self.is_on:
            self._place_crosshair(None)
            self._say_link()
            self._follow()

    def _follow(self) -> None:
        left, volume = self._session.volume, self.volume
        if not self.is_on or self._is_aiming or left is None or volume is None:
            return
        if self.is_linked:
            self._go_to(self._counterpart(left, self._session.slice_index, volume))

    def _say_link(self) -> None:
        left, right = self._session.volume, self.volume
        if not self.is_linked:
            self._bar.set_status(self.tr("Not linked."), False)
        elif self.is_by_position:
            self._bar.set_status(self.tr("Linked by position in the patient."), False)
        elif left is not None and right is not None and _tell_frames(left, right):
            self._bar.set_status(
                self.tr("Not linked by position: other frame of reference. By share of the stack."),
                True,
            )
        else:
            self._bar.set_status(
                self.tr("Not linked by position: the files don't tell. By share of the stack."),
                True,
            )

    # The crosshair

    def _aim_left(self, column: float, row: float) -> None:
        image = self._session.slice
        if self.is_on and self.is_by_position and image is not None and image.affine is not None:
            self._place_crosshair(index_to_world(image.affine, (column, row, 0)))

    def _aim_right(self, column: float, row: float) -> None:
        if self.image is None:
            return
        if not self.is_by_position or self.image.affine is None:
            self._view.set_crosshair(Crosshair((column, row)))
            return
        self._place_crosshair(index_to_world(self.image.affine, (column, row, 0)))

    def _place_crosshair(self, point_world: FloatArray | None) -> None:
        """In both, each at the slice nearest to it."""
        left, right = self._session.volume, self.volume
        if point_world is None or left is None or right is None:
            self._view.set_crosshair(None)
            return
        assert left.affine is not None
        assert right.affine is not None
        column, row, k = (float(part) for part in world_to_index(left.affine, point_world))
        self._is_aiming = True
        self._session.go_to_slice(round(k))
        self._is_aiming = False
        self.crosshair_placed.emit((column, row))
        column, row, k = (float(part) for part in world_to_index(right.affine, point_world))
        self._go_to(round(k))
        self._view.set_crosshair(Crosshair((column, row)))

    # The slice on the right

    def _grow(self, study: Study) -> None:
        """More has been read: the right series is found again."""
        if not self.is_on or self.volume is None:
            return
        place = find_slice(self._study.series[self.series_index], 0, self.slice_index, study)
        self._study = study
        if place is None:
            self.select_series((self._session.series_index + 1) % len(study.series))
            return
        self.series_index, self.slice_index = place[0], place[2]
        self._bar.set_series([series.title for series in study.series], self.series_index)
        self._show_words()

    def _go_to(self, index: int) -> None:
        assert self.volume is not None
        nearest = min(max(index, 0), self.volume.shape[0] - 1)
        if nearest != self.slice_index:
            self.slice_index = nearest
            self._read()

    def _read(self) -> None:
        assert self.volume is not None
        self._reading.submit(single_step(self.volume.read_slice, self.slice_index))

    def _take(self, image: Slice) -> None:
        if self._is_fresh:
            self._is_fresh = False
            self.display.begin(image, self._session.is_radiological)
            self._view.fit()
        self._set_image(image)

    def _set_image(self, image: Slice | None) -> None:
        self.image = self.display.image = image
        self._view.set_slice(image)
        self.display.show()
        self._show_words()

    def _show_words(self) -> None:
        image = self.image
        letters = edge_letters(image.affine) if image is not None else None
        orientation = self.display.orientation
        self._view.set_orientation(orientation, orientation.letters(letters))
        left, right = [], []
        if image is not None and self.volume is not None:
            left = [Line(text) for text in plane_notes(image, orientation)]
            right = [Line(f"{self.tr('Slice')} {image.index + 1} / {self.volume.shape[0]}")]
        self._view.set_notes(left, right)
        self._view.set_titles([Line(self._study.series[self.series_index].title)] if image else [])

    def _point_at(self, pixel: tuple[int, int] | None) -> None:
        lines = [] if self.image is None or pixel is None else readout(self.image, *pixel)
        self._view.set_readout(lines)

    # Which of the two commands act on

    def set_active(self, is_active: bool) -> None:
        """Whether keys and presets are for the right series. The frame says so."""
        self.is_active = is_active and self.is_on
        self._left.set_framed(self.is_on and not self.is_active)
        self._view.set_framed(self.is_active)
        self.active_changed.emit(self.is_active)

    def reset(self) -> None:
        """The file's own window and turn, and all of the slice."""
        if self.image is not None:
            self._is_fresh = True
            self._take(self.image)


def _tell_frames(left: Volume, right: Volume) -> bool:
    return bool(left.frame_of_reference_uid and right.frame_of_reference_uid)
