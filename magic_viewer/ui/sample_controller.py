"""Joins wishes for synthetic images, the engine, the gallery and files."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from magic_viewer.pipeline.results import Sample, SampleRequest
from magic_viewer.progress import Progress
from magic_viewer.ui.backend import Engine
from magic_viewer.ui.gallery import Gallery
from magic_viewer.ui.generate_panel import GeneratePanel
from magic_viewer.ui.job import Lane, single_step

Report = Callable[[BaseException], None]


class SampleController(QObject):
    """Draws in a worker, shows each image as it comes, and saves them."""

    def __init__(self, panel: GeneratePanel, gallery: Gallery, report: Report) -> None:
        super().__init__()
        self._panel, self._gallery, self._report = panel, gallery, report
        self._engine: Engine | None = None
        self.lanes = (Lane(self), Lane(self))
        self._drawing, self._saving = self.lanes
        self._panel.generate_requested.connect(self._generate)
        self._panel.cancel_requested.connect(self.cancel)
        self._gallery.save_requested.connect(self._ask_where_to_save)
        self._gallery.save_all_requested.connect(self._ask_where_to_save_all)
        self._connect_lanes()

    def _connect_lanes(self) -> None:
        self._drawing.started.connect(lambda: self._panel.set_busy(True))
        self._drawing.progressed.connect(self._take)
        self._drawing.failed.connect(self._fail)
        self._drawing.succeeded.connect(lambda _: self._end(self.tr("Done.")))
        self._drawing.cancelled.connect(lambda: self._end(self.tr("Cancelled.")))
        self._saving.succeeded.connect(self._say_saved)
        self._saving.failed.connect(self._report)

    def set_engine(self, engine: Engine | None) -> None:
        """Another model; what the one before is drawing is given up."""
        self._drawing.cancel()
        self._engine = engine
        self._panel.set_labels(engine.info.labels if engine is not None else ())

    def cancel(self) -> None:
        """Gives up the images that have not come yet."""
        self._drawing.cancel()

    def _generate(self, request: SampleRequest) -> None:
        engine = self._engine
        if engine is not None:
            self._panel.set_status(self.tr("Drawing…"))
            self._drawing.submit(lambda: engine.generate(request))

    def _take(self, item: Progress | Sample) -> None:
        if isinstance(item, Sample):
            self._gallery.add(item)
        else:
            self._panel.set_progress(item)

    def _fail(self, error: BaseException) -> None:
        self._end(self.tr("Stopped by an error."))
        self._report(error)

    def _end(self, text: str) -> None:
        self._panel.set_busy(False)
        self._panel.set_status(text)

    # Files

    def _ask_where_to_save(self, sample: Sample) -> None:
        from magic_viewer.pipeline.export import sample_file_name

        dialog = QFileDialog(self._gallery.window(), self.tr("Save synthetic image"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("PNG image (*.png)"))
        dialog.setDefaultSuffix("png")
        dialog.selectFile(sample_file_name(sample))
        dialog.fileSelected.connect(lambda path: self.save(sample, Path(path)))
        dialog.open()

    def _ask_where_to_save_all(self, samples: Sequence[Sample]) -> None:
        dialog = QFileDialog(self._gallery.window(), self.tr("Folder for synthetic images"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda folder: self.save_all(samples, Path(folder)))
        dialog.open()

    def save(self, sample: Sample, path: Path) -> None:
        """Writes one image."""
        self._saving.submit(single_step(_write, sample, path))

    def save_all(self, samples: Sequence[Sample], folder: Path) -> None:
        """Writes all images into a folder, over no file that is there."""
        self._saving.submit(lambda: _write_all(samples, folder))

    def _say_saved(self, count: int) -> None:
        text = self.tr("1 image saved.") if count == 1 else self.tr("{count} images saved.")
        self._panel.set_status(text.format(count=count))


def _write(sample: Sample, path: Path) -> int:
    from magic_viewer.pipeline.export import save_sample

    save_sample(sample, path)
    return 1


def _write_all(samples: Sequence[Sample], folder: Path) -> Generator[Any, None, int]:
    from magic_viewer.pipeline.export import free_path, sample_file_name, save_sample

    for sample in samples:
        save_sample(sample, free_path(folder, sample_file_name(sample)))
        yield
    return len(samples)
