"""Joins markings, session, slice view, list and files: drawing, measuring, jumping, saving."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QInputDialog

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.marking import KINDS, Marking, Place, points_needed
from magic_viewer.imaging.measure import Measurement, Statistics, measure
from magic_viewer.imaging.study import Slice, Study
from magic_viewer.ui import marking_words
from magic_viewer.ui.job import Lane
from magic_viewer.ui.marking_files import MarkingFiles, Report, Say
from magic_viewer.ui.marking_paint import Shown
from magic_viewer.ui.marking_panel import MarkingPanel
from magic_viewer.ui.markings import MarkingStore
from magic_viewer.ui.session import Session, find_slice
from magic_viewer.ui.slice_view import SliceView

Values = dict[Marking, Measurement | None]


class MarkingController(QObject):
    """Measures on the slice in view at once, and on other slices in a worker."""

    def __init__(
        self,
        session: Session,
        view: SliceView,
        panel: MarkingPanel,
        commands: Mapping[str, QAction],
        report: Report,
        say: Say,
    ) -> None:
        super().__init__()
        self._session, self._view, self._panel = session, view, panel
        self.store = MarkingStore(self)
        self._study = session.study
        self._image: Slice | None = None
        self._place: Place | None = None
        self._values: Values = {}
        self._change: tuple[int | None, Marking] | None = None
        self.shown: tuple[Shown, ...] = ()
        self._after_saving: Callable[[], None] | None = None
        self.files = MarkingFiles(view, report, say)
        self._measuring = Lane(self)
        self.lanes = (self._measuring, *self.files.lanes)
        self._connect(report)
        self._connect_commands(commands)

    def _connect(self, report: Report) -> None:
        session, hand, store, panel = self._session, self._view.hand, self.store, self._panel
        session.study_changed.connect(self._begin_study)
        session.study_grown.connect(self._follow)
        session.slice_changed.connect(self._show_slice)
        hand.changing.connect(self._show_change)
        hand.drawn.connect(self._add)
        hand.edited.connect(store.replace)
        hand.selected.connect(store.select)
        store.markings_changed.connect(self._measure_missing)
        store.selection_changed.connect(self._show)
        panel.measurement_requested.connect(self._jump)
        panel.note_requested.connect(self._change_note)
        self.files.loaded.connect(self._take_loaded)
        self.files.saved.connect(self._take_saved)
        self.files.not_saved.connect(self._stay)
        self._measuring.progressed.connect(self._take_value)
        self._measuring.failed.connect(report)

    def _connect_commands(self, commands: Mapping[str, QAction]) -> None:
        self._tools = QActionGroup(self)
        self._tools.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        for kind in KINDS:
            commands[f"draw_{kind}"].setData(kind)
            self._tools.addAction(commands[f"draw_{kind}"])
        self._tools.triggered.connect(lambda _: self._take_tool())
        for name, action in {
            "delete_marking": self.store.delete_selected,
            "save_markings": self._save,
            "open_markings": lambda: self.files.ask_what_to_open(self._study),
        }.items():
            commands[name].triggered.connect(partial(_call, action))

    # Tools

    def _take_tool(self) -> None:
        action = self._checked()
        tool = action.data() if action is not None else None
        self._view.hand.set_tool(tool)
        self._view.markings.set_hint(marking_words.hint(tool) if tool is not None else "")

    def cancel(self) -> bool:
        """Gives up what is half drawn, else ends the tool; whether there was either."""
        if self._view.hand.cancel():
            return True
        action = self._checked()
        if action is not None:
            action.setChecked(False)
            self._take_tool()
            return True
        self.store.select(None)
        return False

    def _checked(self) -> QAction | None:
        return self._tools.checkedAction()

    def _add(self, marking: Marking) -> None:
        if marking.kind == "arrow":
            # It stays in sight while its note is being written.
            self._show_change(None, marking)
            self._ask_note("", lambda text: self.store.add(replace(marking, text=text)))
        else:
            self.store.add(marking)

    def _change_note(self, number: int) -> None:
        marking = self.store.markings[number]
        self._ask_note(
            marking.text, lambda text: self.store.replace(number, replace(marking, text=text))
        )

    def _ask_note(self, text: str, take: Callable[[str], None]) -> None:
        dialog = QInputDialog(self._view.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Note"))
        dialog.setLabelText(self.tr("What to write beside it:"))
        dialog.setTextValue(text)
        dialog.finished.connect(lambda _: self._show_change(None, None))
        dialog.textValueSelected.connect(take)
        dialog.open()

    # What is in view

    def _begin_study(self, study: Study) -> None:
        self._study = study
        self._forget_work()
        self.store.clear()

    def _follow(self, study: Study) -> None:
        """More slices have come in between: markings stay on theirs."""
        old, self._study = self._study, study
        find = partial(_new_place, old, study)
        self._place = find(self._place) if self._place is not None else None
        self._forget_work()
        self._set_slice_of_hand()
        self.store.move(find)

    def _show_slice(self, image: Slice | None) -> None:
        session = self._session
        self._image = image
        self._place = (
            Place(session.series_index, session.volume_index, image.index) if image else None
        )
        self._set_slice_of_hand()
        self._measure_missing()

    def _set_slice_of_hand(self) -> None:
        if self._image is not None and self._place is not None:
            self._view.hand.set_slice(self._place, self._image.shape)

    def _show_change(self, number: int | None, marking: Marking | None) -> None:
        """A marking that is being drawn or moved, with its values as they change."""
        self._change = None if marking is None else (number, marking)
        self._show_in_view()

    def _show(self) -> None:
        store = self.store
        self._show_in_view()
        rows = [self._row(marking) for marking in store.markings]
        self._panel.set_rows(rows, store.selected)
        selected = store.markings[store.selected] if store.selected is not None else None
        value = self._values.get(selected) if selected is not None else None
        self._panel.set_statistics(value if isinstance(value, Statistics) else None)

    def _show_in_view(self) -> None:
        in_view = {
            number: marking
            for number, marking in enumerate(self.store.markings)
            if marking.place == self._place
        }
        self._view.hand.set_markings(in_view, self.store.selected)
        drawn: dict[int | None, Marking] = dict(in_view.items())
        if self._change is not None:
            drawn[self._change[0]] = self._change[1]
        self.shown = tuple(self._as_shown(number, marking) for number, marking in drawn.items())
        self._view.markings.set_shown(self.shown)

    def _as_shown(self, number: int | None, marking: Marking) -> Shown:
        lines = marking_words.lines(marking, self._value(marking))
        return Shown(marking, lines, number is not None and number == self.store.selected)

    def _row(self, marking: Marking) -> str:
        place = marking.place
        where = f"{self.tr('Slice')} {place.slice + 1}"
        if len(self._study.series) > 1:
            where = f"{self.tr('Series')} {place.series + 1} · {where}"
        if len(self._study.series[place.series].volumes) > 1:
            where += f" · {self.tr('Volume')} {place.volume + 1}"
        return f"{marking_words.heading(marking, self._values.get(marking))}\n{where}"

    def _jump(self, number: int) -> None:
        place, session = self.store.markings[number].place, self._session
        if place.series != session.series_index:
            session.select_series(place.series)
        if place.volume != session.volume_index:
            session.select_volume(place.volume)
        session.go_to_slice(place.slice)
        self.store.select(number)

    # Measuring

    def _value(self, marking: Marking) -> Measurement | None:
        if marking in self._values:
            return self._values[marking]
        is_whole = len(marking.points_index) >= points_needed(marking.kind)
        return measure(marking, self._image) if is_whole and self._image is not None else None

    def _measure_missing(self) -> None:
        """What lies on the slice in view now, the rest when its slices have been read."""
        missing = [marking for marking in self.store.markings if marking not in self._values]
        for marking in missing:
            if marking.place == self._place:
                self._values[marking] = self._value(marking)
        elsewhere = [marking for marking in missing if marking not in self._values]
        study = self._study
        if elsewhere:
            self._measuring.submit(lambda: _measure_all(elsewhere, study))
        self._show()

    def _forget_work(self) -> None:
        self._measuring.drop()
        self.files.forget()
        self._values.clear()

    def _take_value(self, item: tuple[Marking, Measurement | None]) -> None:
        marking, value = item
        self._values[marking] = value
        self._show()

    # Files

    @property
    def is_unsaved(self) -> bool:
        """Whether something would be lost with the study."""
        return self.store.is_unsaved

    def save_then(self, action: Callable[[], None]) -> None:
        """Asks where to save, and goes on once that has succeeded."""
        if self.store.markings:
            self._save()
            self._after_saving = action
        else:
            # All were deleted since they were saved: there is nothing to write.
            action()

    def _take_saved(self, markings: Sequence[Marking]) -> None:
        self.store.mark_saved(markings)
        action, self._after_saving = self._after_saving, None
        if action is not None:
            action()

    def _stay(self) -> None:
        self._after_saving = None

    def _save(self) -> None:
        self._after_saving = None
        self.files.ask_where_to_save(self.store.markings, dict(self._values), self._study)

    def _take_loaded(self, markings: Sequence[Marking]) -> None:
        there, was_unsaved = set(self.store.markings), self.is_unsaved
        self.store.add(*(marking for marking in markings if marking not in there))
        if not was_unsaved:
            self.store.mark_saved(self.store.markings)


def _call(action: Callable[[], None], _checked: bool = False) -> None:
    action()


def _new_place(old: Study, new: Study, place: Place) -> Place | None:
    found = find_slice(old.series[place.series], place.volume, place.slice, new)
    return None if found is None else Place(*found)


def _measure_all(
    markings: Sequence[Marking], study: Study
) -> Generator[tuple[Marking, Measurement | None], None, None]:
    """Each with its value, or None where its slice can't be read."""
    for marking in sorted(markings, key=lambda one: one.place):
        volume = study.series[marking.place.series].volumes[marking.place.volume]
        try:
            yield marking, measure(marking, volume.read_slice(marking.place.slice))
        except ImagingError:
            yield marking, None
