"""Measurements to and from JSON files, on request only."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from magic_viewer.imaging import measure_file
from magic_viewer.imaging.marking import Marking
from magic_viewer.imaging.measure import Measurement
from magic_viewer.imaging.study import Study
from magic_viewer.ui.job import Lane, single_step

Report = Callable[[BaseException], None]
Say = Callable[[str], None]
Values = Mapping[Marking, Measurement | None]


class MarkingFiles(QObject):
    """Asks where, and reads and writes in workers."""

    loaded = Signal(object)
    saved = Signal(object)
    not_saved = Signal()

    def __init__(self, above: QWidget, report: Report, say: Say) -> None:
        super().__init__()
        self._above, self._say = above, say
        self.lanes = (Lane(self), Lane(self))
        self._saving, self._loading = self.lanes
        self._saving.failed.connect(report)
        self._saving.failed.connect(lambda _: self.not_saved.emit())
        self._saving.succeeded.connect(self.saved)
        self._loading.failed.connect(report)
        self._loading.succeeded.connect(self.loaded)

    def ask_where_to_save(self, markings: Sequence[Marking], values: Values, study: Study) -> None:
        """Saves under the name that the user gives, if any."""
        if not markings:
            self._say(self.tr("There are no measurements to save yet. Draw one first."))
            return
        dialog = self._dialog(self.tr("Save measurements"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.selectFile("measurements.json")
        dialog.rejected.connect(self.not_saved)
        dialog.fileSelected.connect(lambda name: self.save(markings, values, study, Path(name)))
        dialog.open()

    def ask_what_to_open(self, study: Study) -> None:
        """Loads the file that the user names, if any."""
        if not study.series:
            self._say(self.tr("Open the scan first that the measurements belong to."))
            return
        dialog = self._dialog(self.tr("Open measurements"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.load(Path(name), study))
        dialog.open()

    def save(self, markings: Sequence[Marking], values: Values, study: Study, path: Path) -> None:
        """Writes markings and their values."""
        self._saving.submit(single_step(_save, markings, values, study, path))

    def load(self, path: Path, study: Study) -> None:
        """Reads markings of a study and says them in `loaded`."""
        self._loading.submit(single_step(measure_file.load, path, study))

    def forget(self) -> None:
        """Gives up what is being read: it belongs to a study that is gone."""
        self._loading.drop()

    def _dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self._above.window(), title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setNameFilter(self.tr("Measurements (*.json)"))
        return dialog


def _save(
    markings: Sequence[Marking], values: Values, study: Study, path: Path
) -> Sequence[Marking]:
    """Gives back what lies in the file now."""
    measure_file.save(markings, values, study, path)
    return markings
