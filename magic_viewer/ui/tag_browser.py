"""The window with a file's tags: a search field and a tree, all text shown as it is."""

from collections.abc import Callable, Sequence
from itertools import islice

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from magic_viewer.imaging.tags import Tag
from magic_viewer.ui.tag_model import Path, TagModel, one_line
from magic_viewer.ui.theme import MARGIN, SPACING

_WIDTHS = (330, 110, 60)
_SEARCH_AFTER_MS = 150
_MOST_OPENED = 2000


class TagBrowser(QDialog):
    """Stays open beside the slice. What was open, chosen and in view stays from file to file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Tags of the file"))
        self._opened: set[Path] = set()
        self._model = TagModel(self)
        self._file, self._count, self._problem = _label("title"), _label("quiet"), _label("warning")
        self._problem.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._search, self._tree = QLineEdit(), QTreeView()
        self._later = QTimer(self, singleShot=True, interval=_SEARCH_AFTER_MS)
        self._set_up_search()
        self._set_up_tree()
        self._add_actions()
        self._lay_out()
        self.show_problem("")

    def set_tags(self, file: str, tags: Sequence[Tag]) -> None:
        """Shows the tags of a file."""
        self._file.setText(one_line(file))
        self._change(lambda: self._model.set_tags(tags))
        self._problem.hide()
        self._tree.show()

    def show_problem(self, text: str) -> None:
        """Says why there is nothing to show."""
        self._file.clear()
        self._model.set_tags(())
        self._count.clear()
        self._problem.setText(text)
        self._tree.hide()
        self._problem.show()

    @property
    def problem(self) -> str:
        """Why there is nothing to show, or nothing while there is."""
        return "" if self._problem.isHidden() else self._problem.text()

    def _set_up_search(self) -> None:
        self._search.setPlaceholderText(self.tr("Search name, tag or value"))
        self._search.setAccessibleName(self.tr("Search the tags"))
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(lambda _: self._later.start())
        self._search.returnPressed.connect(self._tree.setFocus)
        self._later.timeout.connect(self._apply_search)

    def _set_up_tree(self) -> None:
        tree = self._tree
        tree.setModel(self._model)
        tree.setAccessibleName(self.tr("Tags"))
        tree.setUniformRowHeights(True)
        tree.setAlternatingRowColors(True)
        tree.setAllColumnsShowFocus(True)
        tree.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        tree.header().setSectionsMovable(False)
        for column, width in enumerate(_WIDTHS):
            tree.setColumnWidth(column, width)
        tree.expanded.connect(self._remember_opened)
        tree.collapsed.connect(self._remember_closed)

    def _add_actions(self) -> None:
        for text, key, copy in (
            (self.tr("Copy value"), "Ctrl+Shift+C", self._copy_values),
            (self.tr("Copy rows"), "Ctrl+C", self._copy_rows),
        ):
            action = QAction(text, self._tree)
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(copy)
            self._tree.addAction(action)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self._search.setFocus)
        find.activated.connect(self._search.selectAll)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(SPACING)
        column.addWidget(self._file)
        column.addWidget(self._search)
        column.addWidget(self._tree, 1)
        column.addWidget(self._problem, 1)
        column.addWidget(self._count)
        self.resize(920, 680)

    # Searching

    def _apply_search(self) -> None:
        self._change(lambda: self._model.search(self._search.text()))

    def _change(self, change: Callable[[], None]) -> None:
        """Changes the rows and opens, chooses and shows again what is still there."""
        current, scrolled = self._tree.currentIndex(), self._tree.verticalScrollBar().value()
        path = self._model.path(current) if current.isValid() else None
        change()
        self._open_again()
        if path is not None:
            self._tree.setCurrentIndex(self._model.find(path))
        self._tree.doItemsLayout()
        self._tree.verticalScrollBar().setValue(scrolled)
        self._show_count()

    def _open_again(self) -> None:
        if self._is_searching:
            indexes = self._model.parents_of_hits()
        else:
            indexes = map(self._model.find, sorted(self._opened))
        for index in islice(indexes, _MOST_OPENED):
            self._tree.expand(index)

    @property
    def _is_searching(self) -> bool:
        return bool(self._search.text().strip())

    def _show_count(self) -> None:
        count, hits = self._model.count, len(self._model.hits)
        if self._is_searching:
            text = self.tr("{hits} of {count} entries").format(hits=hits, count=count)
        else:
            text = self.tr("{count} entries").format(count=count)
        self._count.setText(text)

    def _remember_opened(self, index: QModelIndex) -> None:
        if not self._is_searching:
            self._opened.add(self._model.path(index))

    def _remember_closed(self, index: QModelIndex) -> None:
        if not self._is_searching:
            self._opened.discard(self._model.path(index))

    # Copying

    def _chosen(self) -> list[Tag]:
        """The selected rows in the order of the file."""
        rows = sorted(self._tree.selectionModel().selectedRows(), key=QModelIndex.internalId)
        return [self._model.tag(index) for index in rows]

    def _copy_values(self) -> None:
        _copy([tag.value for tag in self._chosen()])

    def _copy_rows(self) -> None:
        _copy([f"{tag.number} {tag.name}: {tag.value}".strip() for tag in self._chosen()])


def _copy(lines: list[str]) -> None:
    if lines:
        QGuiApplication.clipboard().setText("\n".join(lines))


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
