"""Joins the three planes and the acquired slice by one crosshair."""

from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QRectF, Signal

from magic_viewer.imaging.block import Block
from magic_viewer.imaging.geometry import index_to_world, world_to_index
from magic_viewer.imaging.reslice import Slab
from magic_viewer.imaging.study import FloatArray
from magic_viewer.ui import windowing
from magic_viewer.ui.crosshair import Crosshair
from magic_viewer.ui.pane_grid import PaneGrid
from magic_viewer.ui.plane_lines import plane_line
from magic_viewer.ui.plane_pane import COLORS, PlanePane
from magic_viewer.ui.session import Session
from magic_viewer.ui.slice_view import SliceView
from magic_viewer.ui.theme import ImageColor

Report = Callable[[BaseException], None]
ACQUIRED_COLOR = ImageColor.PLANES[3]


class PlanesController(QObject):
    """Every view shows the plane nearest to the crosshair; scrolling one takes it along."""

    # (column, row) of the acquired slice, or None.
    crosshair_placed = Signal(object)

    def __init__(self, session: Session, panes: PaneGrid, report: Report) -> None:
        super().__init__()
        self._session, self._acquired = session, panes.slice_view
        self.panes = [PlanePane(name, view, report) for name, view in panes.planes.items()]
        self.lanes = tuple(pane.lane for pane in self.panes)
        self.point_world: FloatArray | None = None
        self._block: Block | None = None
        self._slab: Slab | None = None
        self._is_aiming = self.is_on = self._is_fresh = False
        for pane in self.panes:
            self._connect_pane(pane)
        self._acquired.crosshair_moved.connect(self._aim_in_acquired)
        session.slice_index_changed.connect(self._follow_slice)
        session.slice_changed.connect(lambda _: self._draw_lines())
        session.window_changed.connect(self._show_window)
        session.orientation_changed.connect(lambda _: self._turn())
        session.series_changed.connect(lambda _: self._forget_point())

    def _connect_pane(self, pane: PlanePane) -> None:
        view = pane.view
        pane.shown.connect(self._draw_lines)
        view.slice_step_requested.connect(partial(self._step, pane))
        view.crosshair_moved.connect(partial(self._aim_in, pane))
        view.window_dragged.connect(self._acquired.window_dragged)
        view.region_selected.connect(partial(self._window_from, pane))

    def set_on(self, is_on: bool) -> None:
        """Whether the planes are in view."""
        self.is_on = is_on
        if not is_on:
            self._acquired.set_plane_lines((), None)
            self.crosshair_placed.emit(None)
        self._show()

    def set_block(self, block: Block | None) -> None:
        """The voxels of the volume in view, or None while there are none."""
        self._block = block
        for pane in self.panes:
            pane.set_block(block)
        self._show()

    def set_slab(self, slab: Slab | None) -> None:
        """How thick the planes are."""
        self._slab = slab
        self._show()

    # The crosshair

    def aim(self, point_world: FloatArray) -> None:
        """Every view shows the plane nearest to a world point."""
        volume = self._session.volume
        if self._block is None or volume is None:
            return
        self.point_world = np.asarray(point_world, np.float64)
        k = round(float(world_to_index(self._block.affine, point_world)[2]))
        self._is_aiming = True
        self._session.go_to_slice(k)
        self._is_aiming = False
        self._show()

    def _aim_in(self, pane: PlanePane, column: float, row: float) -> None:
        point = pane.point_at(column, row)
        if point is not None:
            self.aim(point)

    def _aim_in_acquired(self, column: float, row: float) -> None:
        image = self._session.slice
        if self.is_on and image is not None and image.affine is not None:
            self.aim(index_to_world(image.affine, (column, row, 0)))

    def _step(self, pane: PlanePane, planes: int) -> None:
        """Another plane: the crosshair goes along its normal, onto the middle of the plane."""
        if pane.sampler is None or self.point_world is None:
            return
        grid = pane.sampler.grid
        target = min(max(pane.plane + planes, 0), grid.shape[0] - 1)
        away = target - float(world_to_index(grid.affine, self.point_world)[2])
        self.aim(self.point_world + away * grid.affine[:3, 2])

    def _follow_slice(self, k: int) -> None:
        """The acquired slice was scrolled: the crosshair stays at its pixel."""
        if self._is_aiming or self._block is None or self.point_world is None:
            return
        away = k - float(world_to_index(self._block.affine, self.point_world)[2])
        self.point_world = self.point_world + away * self._block.affine[:3, 2]
        self._show()

    def _forget_point(self) -> None:
        self.point_world = None
        self._is_fresh = True

    def _begin_point(self) -> None:
        """In the middle of the acquired slice in view."""
        assert self._block is not None
        columns, rows, _ = self._block.size
        middle = ((columns - 1) // 2, (rows - 1) // 2, self._session.slice_index)
        self.point_world = index_to_world(self._block.affine, middle)

    # What is shown

    def _show(self) -> None:
        if not self.is_on or self._block is None:
            return
        if self.point_world is None or not self._block.contains(self.point_world):
            self._begin_point()
        assert self.point_world is not None
        for pane in self.panes:
            pane.show_point(self.point_world, self._slab)
            if self._is_fresh:
                pane.view.fit()
        self._is_fresh = False
        self._show_window(self._session.window, self._session.is_inverted)
        self._turn()
        self._draw_lines()

    def _show_window(self, window: object, is_inverted: bool) -> None:
        for pane in self.panes:
            pane.view.set_window(window, is_inverted)  # type: ignore[arg-type]

    def _turn(self) -> None:
        for pane in self.panes:
            pane.set_radiological(self._session.is_radiological)

    def _draw_lines(self) -> None:
        if not self.is_on or self.point_world is None:
            return
        image = self._session.slice
        acquired = image.affine if image is not None else None
        planes = [(pane.affine, COLORS[pane.name], pane.view) for pane in self.panes]
        planes.append((acquired, ACQUIRED_COLOR, self._acquired))
        for affine, _, view in planes:
            if affine is not None:
                others = [(a, color) for a, color, other in planes if other is not view]
                self._draw_in(view, affine, others)

    def _draw_in(
        self, view: SliceView, affine: FloatArray, others: list[tuple[FloatArray | None, str]]
    ) -> None:
        column, row, _ = world_to_index(affine, self.point_world)  # type: ignore[arg-type]
        lines = [plane_line(affine, other, color) for other, color in others if other is not None]
        center = float(column), float(row)
        view.set_plane_lines([line for line in lines if line is not None], center)
        if view is self._acquired:
            self.crosshair_placed.emit(center)
        else:
            view.set_crosshair(Crosshair(center))

    def _window_from(self, pane: PlanePane, region: QRectF) -> None:
        if pane.image is None:
            return
        corners = region.left(), region.top(), region.right(), region.bottom()
        window = windowing.of_rectangle(pane.image.modality_values, *corners)
        if window is not None:
            self._session.set_window(window)
