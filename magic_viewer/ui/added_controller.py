"""Joins models from files with the window: checked one after the other, added, removed."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFileDialog, QMessageBox

from magic_viewer.errors import ModelError
from magic_viewer.paths import MODEL_SUFFIX
from magic_viewer.pipeline.added import StagedModel, discard, keep, remove_model
from magic_viewer.progress import Progress
from magic_viewer.ui.add_model_dialog import AddModelDialog
from magic_viewer.ui.backend import Backend, ModelEntry
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.main_window import MainWindow

Report = Callable[[BaseException], None]
Say = Callable[[str], None]
_CONFIG = "config.json"


class AddedController(QObject):
    """Nothing is kept before the user has seen what it is.

    Args:
        window: above which its dialogs stand.
        backend: checks a model.
        choose: lists the models anew and loads the one of a name, or the first for None.
        report: a failure in one sentence.
        say: a sentence for the user.
    """

    def __init__(
        self,
        window: MainWindow,
        backend: Backend,
        choose: Callable[[str | None], None],
        report: Report,
        say: Say,
    ) -> None:
        super().__init__()
        self._window, self._backend, self._choose = window, backend, choose
        self._report, self._say = report, say
        self._waiting: list[Path] = []
        self._dialog: AddModelDialog | None = None
        self._staged: StagedModel | None = None
        self._entry: ModelEntry | None = None
        self.lanes = self._staging, self._removing = Lane(self), Lane(self)
        self._staging.progressed.connect(self._show_progress)
        self._staging.succeeded.connect(self._take_staged)
        self._staging.failed.connect(self._fail)
        self._removing.succeeded.connect(lambda _: self._choose(None))
        self._removing.failed.connect(self._report)
        window.commands["add_model"].triggered.connect(lambda _=False: self._ask_for_file())
        window.commands["remove_model"].triggered.connect(lambda _=False: self._ask_to_remove())
        self.set_entry(None)

    def add(self, sources: Sequence[Path]) -> None:
        """Checks models, and asks about each before it is added."""
        self._waiting += sources
        self._next()

    def end(self) -> None:
        """Throws away what wasn't added."""
        self._waiting.clear()
        if self._dialog is not None:
            self._dialog.reject()

    def set_entry(self, entry: ModelEntry | None) -> None:
        """The model in use, which can be removed if the user has added it."""
        self._entry = entry
        is_added = entry is not None and entry.is_added
        self._window.commands["remove_model"].setEnabled(is_added)

    # Adding

    def _ask_for_file(self) -> None:
        dialog = QFileDialog(self._window, self.tr("Add a model"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        words = self.tr("Models (*{suffix} {config})")
        dialog.setNameFilter(words.format(suffix=MODEL_SUFFIX, config=_CONFIG))
        dialog.filesSelected.connect(lambda names: self.add([_model_of(name) for name in names]))
        dialog.open()

    def _next(self) -> None:
        if self._dialog is not None or not self._waiting:
            return
        source = self._waiting.pop(0)
        dialog = self._dialog = AddModelDialog(source.name, self._window)
        dialog.add_requested.connect(self._keep)
        dialog.finished.connect(lambda _: self._go_on())
        dialog.open()
        self._staging.submit(lambda: self._backend.stage_model(source))

    def _show_progress(self, progress: Progress) -> None:
        if self._dialog is not None:
            self._dialog.set_progress(progress)

    def _take_staged(self, staged: StagedModel) -> None:
        assert self._dialog is not None
        self._staged = staged
        if staged.same:
            self._dialog.reject()
            text = self.tr("This model is already there, as “{name}”. It is chosen now.")
            self._say(text.format(name=staged.same))
            self._choose(staged.same)
        else:
            self._dialog.show_model(staged)

    def _fail(self, error: BaseException) -> None:
        if self._dialog is not None:
            self._dialog.reject()
        self._report(error)

    def _keep(self) -> None:
        staged, self._staged = self._staged, None
        if staged is None or self._dialog is None:
            return
        try:
            self._choose(keep(staged).name)
        except ModelError as error:
            self._report(error)
        self._dialog.accept()

    def _go_on(self) -> None:
        """The dialog is gone, and with it what was not kept."""
        self._dialog = None
        self._staging.drop()
        if self._staged is not None:
            discard(self._staged)
            self._staged = None
        self._next()

    # Removing

    def _ask_to_remove(self) -> None:
        entry = self._entry
        if entry is None or not entry.is_added:
            return
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Remove a model"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        title = entry.info.title if entry.info is not None else entry.folder.name
        box.setText(self.tr("Remove “{title}”?").format(title=title))
        box.setInformativeText(
            self.tr("You added it as {name}. The file it came from is left where it is.").format(
                name=entry.folder.name
            )
        )
        remove = box.addButton(self.tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel).setIcon(QIcon())
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        remove.clicked.connect(
            lambda: self._removing.submit(single_step(remove_model, entry.folder))
        )
        box.open()


def _model_of(name: str) -> Path:
    """A folder is chosen by its configuration, as one dialog offers either files or folders."""
    path = Path(name)
    return path.parent if path.name == _CONFIG else path
