"""One pane of a plane along the patient's axes: which plane, read in a worker, and its words."""

from collections.abc import Callable, Generator

from PySide6.QtCore import QObject, Signal

from magic_viewer.imaging.block import Block
from magic_viewer.imaging.geometry import edge_letters, format_world, index_to_world
from magic_viewer.imaging.reslice import PlaneName, Sampler, Slab, patient_grid
from magic_viewer.imaging.study import FloatArray, Slice
from magic_viewer.ui.job import Lane
from magic_viewer.ui.notes import convention_name, readout
from magic_viewer.ui.orientation import Orientation, by_convention
from magic_viewer.ui.slab_words import slab_words
from magic_viewer.ui.slice_text import Line
from magic_viewer.ui.slice_view import SliceView
from magic_viewer.ui.theme import ImageColor

Report = Callable[[BaseException], None]
TITLES = {"axial": "Axial", "coronal": "Coronal", "sagittal": "Sagittal"}
COLORS = dict(zip(TITLES, ImageColor.PLANES, strict=False))


class PlanePane(QObject):
    """Joins a view with the plane it shows. The newest plane asked for wins."""

    shown = Signal()

    def __init__(self, name: PlaneName, view: SliceView, report: Report) -> None:
        super().__init__()
        self.name, self.view = name, view
        self.image: Slice | None = None
        self.sampler: Sampler | None = None
        self.plane = 0
        self._slab: Slab | None = None
        self._asked: tuple[int, Slab | None] | None = None
        self._pixel: tuple[int, int] | None = None
        self._is_radiological = True
        self.lane = Lane(self)
        self.lane.succeeded.connect(self._take)
        self.lane.failed.connect(report)
        view.pointed_at.connect(self._point_at)

    @property
    def affine(self) -> FloatArray | None:
        """(column, row, 0) -> LPS mm of the plane that was asked for last."""
        return None if self.sampler is None else self.sampler.grid.plane_affine(self.plane)

    def set_block(self, block: Block | None) -> None:
        """The voxels that planes are made of; None empties the pane."""
        self.lane.drop()
        self._asked = self.image = None
        self.sampler = None if block is None else Sampler(block, patient_grid(block, self.name))
        if block is None:
            self.view.set_slice(None)
        self._write()

    def show_point(self, point_world: FloatArray, slab: Slab | None) -> None:
        """The plane that a world point is nearest to."""
        sampler = self.sampler
        if sampler is None:
            return
        self.plane, self._slab = sampler.grid.nearest_plane(point_world), slab
        wanted = (self.plane, slab)
        if wanted != self._asked:
            self._asked = wanted
            self.lane.submit(lambda: _made(sampler, *wanted))

    def set_radiological(self, is_radiological: bool) -> None:
        """The patient's right on screen left, or on screen right."""
        self._is_radiological = is_radiological
        self._turn()

    def point_at(self, column: float, row: float) -> FloatArray | None:
        """The world point of a place in the plane on screen."""
        if self.image is None or self.image.affine is None:
            return None
        return index_to_world(self.image.affine, (column, row, 0))

    def _take(self, image: Slice) -> None:
        self.image = image
        self.view.set_slice(image)
        self._turn()
        self._write()
        self._point_at(self._pixel)
        self.shown.emit()

    def _turn(self) -> None:
        letters = edge_letters(self.image.affine) if self.image is not None else None
        orientation = self._orientation()
        self.view.set_orientation(orientation, orientation.letters(letters))
        self._write()

    def _orientation(self) -> Orientation:
        letters = edge_letters(self.image.affine) if self.image is not None else None
        return by_convention(letters, self._is_radiological)

    def _write(self) -> None:
        left, right = [Line(self.tr(TITLES[self.name]), swatch=COLORS[self.name])], []
        if self.image is not None and self.sampler is not None:
            letters = self._orientation().letters(edge_letters(self.image.affine))
            convention = convention_name(letters) if letters is not None else ""
            left += [Line(convention)] if convention else []
            count = self.sampler.grid.shape[0]
            right.append(Line(f"{self.tr('Plane')} {self.image.index + 1} / {count}"))
            if self._slab is not None:
                right.append(Line(slab_words(self._slab, self.sampler.grid.step)))
        self.view.set_notes(left, right)

    def _point_at(self, pixel: tuple[int, int] | None) -> None:
        self._pixel = pixel
        self.view.set_readout(self._read(pixel))

    def _read(self, pixel: tuple[int, int] | None) -> list[str]:
        if self.image is None or self.sampler is None or pixel is None:
            return []
        row, column = pixel
        point_world = self.point_at(column, row)
        assert point_world is not None
        if not self.sampler.block.contains(point_world):
            return [format_world(point_world), self.tr("Outside the scan")]
        return readout(self.image, row, column)


def _made(sampler: Sampler, plane: int, slab: Slab | None) -> Generator[None, None, Slice]:
    """Pauses first, so that a plane that was overtaken is never worked out."""
    yield
    return sampler.image(plane, slab)
