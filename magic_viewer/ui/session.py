"""What is open and in view, and how it is shown. Says in the past tense what has changed."""

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from magic_viewer.imaging.display import default_window
from magic_viewer.imaging.geometry import edge_letters
from magic_viewer.imaging.study import Overlay, Series, Slice, Study, Volume, Window
from magic_viewer.pipeline.results import Examination, ModelInfo
from magic_viewer.ui.orientation import Orientation, by_convention


class Session(QObject):
    """The state of the window, without any widget. Holds nothing on disk."""

    study_changed = Signal(object)
    study_grown = Signal(object)
    series_changed = Signal(int)
    volume_changed = Signal(int)
    slice_index_changed = Signal(int)
    slice_changed = Signal(object)
    edited_changed = Signal(object)
    window_changed = Signal(object, bool)
    orientation_changed = Signal(object)
    overlays_switched = Signal(bool)
    model_changed = Signal(object)
    examination_changed = Signal(object)
    examination_withheld = Signal(object)
    blind_changed = Signal(bool)
    map_noted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.study = Study()
        self.series_index = 0
        self.volume_index = 0
        self.slice_index = 0
        self.slice: Slice | None = None
        self.edited: Slice | None = None
        self.window: Window | None = None
        self.is_inverted = False
        self.is_radiological = True
        self.shows_overlays = True
        self.orientation = Orientation()
        self.model: ModelInfo | None = None
        self.examination: Examination | None = None
        self.withheld: Examination | None = None
        self.is_blind = False
        self.hides_answer = False
        self.map_notes: tuple[str, ...] = ()
        self._is_fresh = True

    @property
    def series(self) -> Series | None:
        """The series in view."""
        return self.study.series[self.series_index] if self.study.series else None

    @property
    def volume(self) -> Volume | None:
        """The volume in view."""
        return self.series.volumes[self.volume_index] if self.series else None

    @property
    def shown(self) -> Slice | None:
        """What is on screen and what the model is asked about: the slice, or its edited copy."""
        return self.edited or self.slice

    @property
    def overlays(self) -> tuple[Overlay, ...]:
        """What the file lays over the slice in view, as far as it is wanted."""
        return self.slice.overlays if self.slice is not None and self.shows_overlays else ()

    def open(self, study: Study) -> None:
        """Takes a study in place of the one before and shows its first series."""
        self.study = study
        self.study_changed.emit(study)
        self.select_series(0)

    def grow(self, study: Study) -> None:
        """Takes the same study with more of it read; the slice in view stays in view."""
        place = self._place_in(study)
        if place is None:
            self.open(study)
            return
        self.study = study
        self.series_index, self.volume_index, self.slice_index = place
        if self.slice is not None:
            self.slice = replace(self.slice, index=self.slice_index)
        if self.edited is not None:
            self.edited = replace(self.edited, index=self.slice_index)
        self.study_grown.emit(study)

    def _place_in(self, study: Study) -> tuple[int, int, int] | None:
        """Finds the slice in view in another study: (series, volume, slice)."""
        if self.series is None:
            return None
        return find_slice(self.series, self.volume_index, self.slice_index, study)

    def select_series(self, index: int) -> None:
        """Starts a series afresh, in its middle; out of range does nothing."""
        if not 0 <= index < len(self.study.series):
            return
        self.series_index, self.volume_index = index, 0
        self._is_fresh = True
        self.set_slice(None)
        self.series_changed.emit(index)
        assert self.volume is not None
        self._go_to(self.volume.shape[0] // 2)

    def select_volume(self, index: int) -> None:
        """Another volume of the series, at the same slice if it has one."""
        if self.series is None or not 0 <= index < len(self.series.volumes):
            return
        self.volume_index = index
        self.volume_changed.emit(index)
        self._go_to(min(self.slice_index, self.series.volumes[index].shape[0] - 1))

    def go_to_slice(self, index: int) -> None:
        """Asks for a slice, the nearest there is."""
        if self.volume is None:
            return
        nearest = min(max(index, 0), self.volume.shape[0] - 1)
        if nearest != self.slice_index:
            self._go_to(nearest)

    def _go_to(self, index: int) -> None:
        self.slice_index = index
        self.slice_index_changed.emit(index)

    def set_slice(self, image: Slice | None) -> None:
        """Shows what was read, or nothing. Answers and edits of the slice before are gone."""
        was_edited = self.edited is not None
        self.slice, self.edited = image, None
        self.hides_answer = self.is_blind
        self.set_examination(None)
        if was_edited:
            self.edited_changed.emit(None)
        self.slice_changed.emit(image)
        if image is not None and self._is_fresh:
            self._is_fresh = False
            self.reset_display()

    def set_edited(self, image: Slice | None) -> None:
        """A what-if copy of the slice in view in its place, or None: the slice itself again."""
        if image is self.edited or self.slice is None:
            return
        if image is not None and image.index != self.slice.index:
            image = replace(image, index=self.slice.index)
        self.edited = image
        self.set_examination(None)
        self.edited_changed.emit(self.edited)

    def reset_display(self) -> None:
        """The file's own window, not inverted, turned by the convention."""
        self.is_inverted = False
        self.set_window(self.file_window())
        self._turn_by_convention()

    def file_window(self) -> Window | None:
        """The file's own window; None when the file has a table, or colour, instead."""
        if self.slice is None or self.slice.voi_lut is not None:
            return None
        return default_window(self.slice)

    def set_window(self, window: Window | None) -> None:
        """A window for all slices of the series, or None for each slice's own display."""
        self.window = window
        self.window_changed.emit(window, self.is_inverted)

    def invert(self) -> None:
        """Swaps black and white."""
        self.is_inverted = not self.is_inverted
        self.window_changed.emit(self.window, self.is_inverted)

    def set_radiological(self, is_radiological: bool) -> None:
        """The patient's right on screen left, or on screen right."""
        self.is_radiological = is_radiological
        self._turn_by_convention()

    def show_overlays(self, is_wanted: bool) -> None:
        """The file's overlays over the slice, or not."""
        self.shows_overlays = is_wanted
        self.overlays_switched.emit(is_wanted)

    def turn(self, orientation: Orientation) -> None:
        """Mirrors or turns the slice on screen."""
        self.orientation = orientation
        self.orientation_changed.emit(orientation)

    def _turn_by_convention(self) -> None:
        letters = edge_letters(self.slice.affine) if self.slice is not None else None
        self.turn(by_convention(letters, self.is_radiological))

    def set_model(self, model: ModelInfo | None) -> None:
        """The model that answers, or None while there is none."""
        self.model = model
        self.hides_answer = self.is_blind
        self.set_examination(None)
        self.model_changed.emit(model)

    def set_examination(self, examination: Examination | None) -> None:
        """What the model says of the slice in view, or None while it is not known.

        Nobody is told it before the reader has answered, when reading is blind.
        """
        if self.hides_answer:
            self._withhold(examination)
            examination = None
        else:
            self.withheld = None
        if examination is None and self.examination is None:
            return
        self.examination = examination
        self.examination_changed.emit(examination)

    # Blind reading

    def set_blind(self, is_blind: bool) -> None:
        """Whether the model's answers are withheld until the reader has given their own."""
        if is_blind == self.is_blind:
            return
        self.is_blind = is_blind
        if is_blind:
            self.hide()
        else:
            self.reveal()
        self.blind_changed.emit(is_blind)

    def hide(self) -> None:
        """Withholds the answer for the slice in view, of which an edited copy gives way."""
        self.set_edited(None)
        self.hides_answer = True
        self.set_examination(self.examination or self.withheld)

    def reveal(self) -> None:
        """Shows what was withheld, now or as soon as it is known."""
        self.hides_answer = False
        if self.withheld is not None:
            self.set_examination(self.withheld)

    def _withhold(self, examination: Examination | None) -> None:
        if examination is not self.withheld:
            self.withheld = examination
            self.examination_withheld.emit(examination)

    # The map

    def set_map_notes(self, notes: tuple[str, ...]) -> None:
        """How the map over the slice differs from the map itself: smoothed, hidden in part."""
        if notes != self.map_notes:
            self.map_notes = notes
            self.map_noted.emit(notes)


def find_slice(
    old: Series, volume_index: int, slice_index: int, study: Study
) -> tuple[int, int, int] | None:
    """Finds a slice of a series again in a study that has grown: (series, volume, slice)."""
    keys = old.volumes[volume_index].slice_keys
    for number, series in enumerate(study.series):
        if series.volumes == old.volumes:
            return number, volume_index, slice_index
        for volume_number, volume in enumerate(series.volumes):
            if keys and keys[slice_index] in volume.slice_keys:
                return number, volume_number, volume.slice_keys.index(keys[slice_index])
    return None
