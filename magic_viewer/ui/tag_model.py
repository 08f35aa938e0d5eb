"""A file's tags as rows for a tree, of which those that fit the search are shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from magic_viewer.imaging.tags import Tag
from magic_viewer.ui.message_bar import plain_tooltip
from magic_viewer.ui.theme import Color

Path = tuple[str, ...]
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_TOP = -1
_LONGEST_CELL = 300
_LONGEST_TOOLTIP = 2000
_JOINERS = "\u200c\u200d"
_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class _Row:
    """A tag in the order of the file, with where it hangs and what a search looks at."""

    tag: Tag
    parent: int
    path: Path
    haystack: str


class TagModel(QAbstractItemModel):
    """Rows are numbered in the order of the file; an index holds its row's number."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._titles = (self.tr("Name"), self.tr("Tag"), self.tr("VR"), self.tr("Value"))
        self._rows: list[_Row] = []
        self._numbers: dict[Path, int] = {}
        self._children: dict[int, list[int]] = {}
        self._places: dict[int, int] = {}
        self._words: list[str] = []
        self.hits: list[int] = []

    @property
    def count(self) -> int:
        """How many rows the file has, shown or not."""
        return len(self._rows)

    def set_tags(self, tags: Sequence[Tag]) -> None:
        """Takes another file's tags; the search stays."""
        self._rows = list(_flat(tags))
        self._numbers = {row.path: number for number, row in enumerate(self._rows)}
        self._show()

    def search(self, text: str) -> None:
        """Shows only rows with all the words in name, number or value; what they hang in stays."""
        self._words = text.casefold().split()
        self._show()

    def _show(self) -> None:
        self.beginResetModel()
        self.hits = self._find()
        shown = self._around(self.hits) if self._words else range(len(self._rows))
        self._children, self._places = {}, {}
        for number in shown:
            siblings = self._children.setdefault(self._rows[number].parent, [])
            self._places[number] = len(siblings)
            siblings.append(number)
        self.endResetModel()

    def _find(self) -> list[int]:
        if not self._words:
            return []
        return [
            number
            for number, row in enumerate(self._rows)
            if all(word in row.haystack for word in self._words)
        ]

    def _around(self, hits: list[int]) -> list[int]:
        """Adds to hits all that they hang in and all that hangs in them, in order."""
        kept, inside = set(hits), set(hits)
        for number in hits:
            while (number := self._rows[number].parent) != _TOP and number not in kept:
                kept.add(number)
        for number, row in enumerate(self._rows):
            if row.parent in inside:
                inside.add(number)
        return sorted(kept | inside)

    # Places

    def tag(self, index: _Index) -> Tag:
        """The tag of a row."""
        return self._rows[index.internalId()].tag

    def path(self, index: _Index) -> Path:
        """What finds the same row in another file."""
        return self._rows[index.internalId()].path

    def find(self, path: Path) -> QModelIndex:
        """The row of a path, not valid when there is none or it isn't shown."""
        return self._index_of(self._numbers.get(path, _TOP))

    def parents_of_hits(self) -> Iterator[QModelIndex]:
        """The rows that must be open for every hit to be seen, from the top."""
        seen: set[int] = set()
        for number in self.hits:
            while (number := self._rows[number].parent) != _TOP and number not in seen:
                seen.add(number)
        return map(self._index_of, sorted(seen))

    def _index_of(self, number: int) -> QModelIndex:
        place = self._places.get(number)
        return QModelIndex() if place is None else self.createIndex(place, 0, number)

    # What Qt asks

    def index(self, row: int, column: int, parent: _Index = _NOWHERE) -> QModelIndex:
        """The place of a cell."""
        siblings = self._children.get(parent.internalId() if parent.isValid() else _TOP, ())
        if not (0 <= row < len(siblings) and 0 <= column < _COLUMNS):
            return QModelIndex()
        return self.createIndex(row, column, siblings[row])

    def parent(self, index: _Index) -> QModelIndex:  # type: ignore[override]
        """The row that a row hangs in."""
        if not index.isValid():
            return QModelIndex()
        return self._index_of(self._rows[index.internalId()].parent)

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """How many rows hang in one, or stand at the top."""
        if parent.column() > 0:
            return 0
        return len(self._children.get(parent.internalId() if parent.isValid() else _TOP, ()))

    def columnCount(self, _parent: _Index = _NOWHERE) -> int:
        """Name, number, VR, value."""
        return _COLUMNS

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The columns' titles."""
        is_title = orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return self._titles[section] if is_title else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell's text in one line, its colour, and the whole of it on hovering."""
        if role not in (_DISPLAY, _TOOLTIP, _FOREGROUND):
            return None
        tag, column = self.tag(index), index.column()
        if role == _FOREGROUND:
            return QColor(Color.QUIET) if column in (1, 2) else None
        text = (tag.name, tag.number, tag.vr, tag.value)[column]
        if role == _TOOLTIP:
            return plain_tooltip(text[:_LONGEST_TOOLTIP])
        return one_line(text)


_DISPLAY = Qt.ItemDataRole.DisplayRole
_TOOLTIP = Qt.ItemDataRole.ToolTipRole
_FOREGROUND = Qt.ItemDataRole.ForegroundRole


def _flat(tags: Sequence[Tag], parent: int = _TOP, path: Path = (), start: int = 0) -> list[_Row]:
    """Lists a tree in the order of its rows; `start` is the number of the first."""
    rows: list[_Row] = []
    for tag in tags:
        number, own = start + len(rows), (*path, tag.number or tag.name)
        digits = "".join(mark for mark in tag.number if mark.isalnum())
        text = "\n".join((tag.name, tag.number, digits, tag.value)).casefold()
        rows.append(_Row(tag, parent, own, text))
        rows += _flat(tag.children, number, own, number + 1)
    return rows


def one_line(text: str) -> str:
    """Text from a file as it fits a cell: line ends as marks, what can't be seen as "�"."""
    start = text[:_LONGEST_CELL].replace("\r\n", "\n").replace("\n", " ⏎ ").replace("\t", " ")
    line = "".join(mark if mark.isprintable() or mark in _JOINERS else "�" for mark in start)
    return line + "…" if len(text) > _LONGEST_CELL else line
