"""All markings of the open study: which there are, which is selected, and what was before."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from magic_viewer.imaging.marking import Marking, Place

_State = tuple[Marking, ...]


class MarkingStore(QObject):
    """Every change is one step that can be undone. Selecting is no change."""

    markings_changed = Signal()
    selection_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._markings: _State = ()
        self._saved: _State = ()
        self._selected: int | None = None
        self._past: list[_State] = []
        self._future: list[_State] = []

    @property
    def markings(self) -> tuple[Marking, ...]:
        """In the order they were made."""
        return self._markings

    @property
    def is_unsaved(self) -> bool:
        """Whether they differ from those that lie in a file."""
        return self._markings != self._saved

    def mark_saved(self, markings: Sequence[Marking]) -> None:
        """These lie in a file now."""
        self._saved = tuple(markings)

    @property
    def selected(self) -> int | None:
        """The number of the selected one."""
        return self._selected

    def select(self, number: int | None) -> None:
        """Marks one, or none."""
        if number != self._selected:
            self._selected = number
            self.selection_changed.emit()

    def add(self, *markings: Marking) -> None:
        """Adds as one step, and selects the last."""
        if markings:
            self._change((*self._markings, *markings), len(self._markings) + len(markings) - 1)

    def replace(self, number: int, marking: Marking) -> None:
        """Another in the place of one."""
        if marking != self._markings[number]:
            changed = list(self._markings)
            changed[number] = marking
            self._change(tuple(changed), number)

    def delete_selected(self) -> None:
        """Removes the selected one."""
        number = self._selected
        if number is not None:
            self._change(self._markings[:number] + self._markings[number + 1 :], None)

    def undo(self) -> None:
        """One step back."""
        self._step(self._past, self._future)

    def redo(self) -> None:
        """One step on again."""
        self._step(self._future, self._past)

    def clear(self) -> None:
        """Forgets everything, the steps too: another study is open."""
        self._past.clear()
        self._future.clear()
        self._saved = ()
        self._set((), None)

    def move(self, new_place: Callable[[Place], Place | None]) -> None:
        """Follows slices to their new places, in all steps; what has no place any more goes."""
        self._past[:] = [_moved(state, new_place) for state in self._past]
        self._future[:] = [_moved(state, new_place) for state in self._future]
        self._saved = _moved(self._saved, new_place)
        kept = _moved(self._markings, new_place)
        self._set(kept, self._selected if len(kept) == len(self._markings) else None)

    def _change(self, markings: _State, selected: int | None) -> None:
        self._past.append(self._markings)
        self._future.clear()
        self._set(markings, selected)

    def _step(self, source: list[_State], target: list[_State]) -> None:
        if source:
            target.append(self._markings)
            self._set(source.pop(), None)

    def _set(self, markings: _State, selected: int | None) -> None:
        self._markings, self._selected = markings, selected
        self.markings_changed.emit()
        self.selection_changed.emit()


def _moved(markings: Sequence[Marking], new_place: Callable[[Place], Place | None]) -> _State:
    places = [new_place(marking.place) for marking in markings]
    return tuple(
        Marking(marking.kind, marking.points_index, place, marking.text)
        for marking, place in zip(markings, places, strict=True)
        if place is not None
    )
