"""How many mm are seen as one: the choice by keys, and the acquired slice as a slab."""

from collections.abc import Callable, Generator
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from magic_viewer.imaging.block import Block
from magic_viewer.imaging.reslice import Sampler, Slab, SlabKind, acquired_grid
from magic_viewer.imaging.study import Slice
from magic_viewer.ui.job import Lane
from magic_viewer.ui.notes import readout
from magic_viewer.ui.session import Session
from magic_viewer.ui.slice_view import SliceView

Report = Callable[[BaseException], None]
_KINDS: tuple[SlabKind | None, ...] = (None, "mean", "max", "min")
_THICKNESSES = (2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 80.0)


class SlabController(QObject):
    """The model, the map and measurements keep to the one slice; only its picture is thick."""

    slab_changed = Signal(object)

    def __init__(self, session: Session, view: SliceView, report: Report) -> None:
        super().__init__()
        self._session, self._view = session, view
        self.slab: Slab | None = None
        self.thick: Slice | None = None
        self._thickness = 10.0
        self._block: Block | None = None
        self._is_on_acquired = True
        self._pixel: tuple[int, int] | None = None
        self._making = Lane(self)
        self.lanes = (self._making,)
        self._making.succeeded.connect(self._take)
        self._making.failed.connect(report)
        session.slice_changed.connect(lambda _: self._make())
        session.edited_changed.connect(lambda _: self._make())
        view.pointed_at.connect(self._point_at)

    def next_kind(self) -> None:
        """Off, mean, MIP, MinIP, and off again."""
        now = self.slab.kind if self.slab is not None else None
        kind = _KINDS[(_KINDS.index(now) + 1) % len(_KINDS)]
        self.set_slab(None if kind is None else Slab(kind, self._thickness))

    def change_thickness(self, steps: int) -> None:
        """Thicker by so many steps; a slab that was off stays off."""
        place = _THICKNESSES.index(self._thickness) + steps
        self._thickness = _THICKNESSES[min(max(place, 0), len(_THICKNESSES) - 1)]
        if self.slab is not None:
            self.set_slab(replace(self.slab, thickness=self._thickness))

    def set_slab(self, slab: Slab | None) -> None:
        """Another slab, or none."""
        if slab != self.slab:
            self.slab = slab
            self.slab_changed.emit(slab)
            self._make()

    def set_block(self, block: Block | None) -> None:
        """The voxels of the volume in view, or None while there are none."""
        self._block = block
        self._make()

    def set_on_acquired(self, is_on: bool) -> None:
        """Whether the acquired slice is thick too."""
        self._is_on_acquired = is_on
        self._make()

    def _make(self) -> None:
        block, slab, image = self._block, self.slab, self._session.slice
        self._making.drop()
        is_wanted = self._is_on_acquired and self._session.edited is None
        if block is None or slab is None or image is None or not is_wanted:
            self._show(None)
            return
        self._making.submit(lambda: _thick(block, image, slab))

    def _take(self, thick: Slice) -> None:
        self._show(thick)
        self._point_at(self._pixel)

    def _show(self, thick: Slice | None) -> None:
        if thick is not None or self.thick is not None:
            self.thick = thick
            self._view.show_thick(thick)

    def _point_at(self, pixel: tuple[int, int] | None) -> None:
        self._pixel = pixel
        if self.thick is not None and pixel is not None:
            self._view.set_readout(readout(self.thick, *pixel))


def _thick(block: Block, image: Slice, slab: Slab) -> Generator[None, None, Slice]:
    yield
    grid, plane = acquired_grid(block, image.index)
    made = Sampler(block, grid).image(plane, slab)
    return replace(image, modality_values=made.modality_values)
