"""Which panes are in view, and what they need: planes, a second series, slabs."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup

from magic_viewer.imaging.block import Block
from magic_viewer.imaging.reslice import Slab
from magic_viewer.ui.block_keeper import BlockKeeper
from magic_viewer.ui.compare_controller import CompareController
from magic_viewer.ui.compare_display import CompareDisplay
from magic_viewer.ui.pane_grid import LAYOUTS, LayoutName, PaneGrid
from magic_viewer.ui.planes_controller import ACQUIRED_COLOR, PlanesController
from magic_viewer.ui.scan_controller import ScanController
from magic_viewer.ui.session import Session
from magic_viewer.ui.slab_controller import SlabController
from magic_viewer.ui.slab_words import slab_words
from magic_viewer.ui.slice_text import Line
from magic_viewer.ui.slice_view import SliceView

Report = Callable[[BaseException], None]
Say = Callable[[str], None]


class LayoutController(QObject):
    """A layout that can't be had is answered with a sentence, and one view."""

    crosshair_placed = Signal(object)

    def __init__(
        self,
        session: Session,
        panes: PaneGrid,
        commands: Mapping[str, QAction],
        report: Report,
        say: Say,
    ) -> None:
        super().__init__()
        self._session, self._panes, self._commands, self._say = session, panes, commands, say
        self.blocks = BlockKeeper(session, panes.busy, report)
        self.planes = PlanesController(session, panes, report)
        self.compare = CompareController(session, panes, report)
        self.slabs = SlabController(session, panes.slice_view, report)
        parts = (self.blocks, self.planes, self.compare, self.slabs)
        self.lanes = tuple(lane for part in parts for lane in part.lanes)
        self._connect()
        self._connect_commands()

    @property
    def layout_name(self) -> LayoutName:
        """Which one is in view."""
        return self._panes.layout_name

    def _connect(self) -> None:
        self.blocks.block_changed.connect(self._take_block)
        self.blocks.refused.connect(self._refuse)
        self.slabs.slab_changed.connect(self._take_slab)
        self.planes.crosshair_placed.connect(self.crosshair_placed)
        self.compare.crosshair_placed.connect(self.crosshair_placed)
        self._session.study_changed.connect(lambda _: self._leave_compare())
        self._session.series_changed.connect(lambda _: self._write_titles())
        for view in self._panes.views:
            view.double_clicked.connect(partial(self._enlarge, view))

    def _connect_commands(self) -> None:
        group = QActionGroup(self)
        for name in LAYOUTS:
            action = self._commands[f"layout_{name}"]
            group.addAction(action)
            action.triggered.connect(lambda _checked=False, name=name: self.show_layout(name))
        self._commands["layout_single"].setChecked(True)
        self._on("slab_kind", self._next_slab)
        self._on("slab_thinner", partial(self.slabs.change_thickness, -1))
        self._on("slab_thicker", partial(self.slabs.change_thickness, 1))
        self._on("reset", self._reset)

    def _on(self, name: str, action: Callable[[], Any]) -> None:
        self._commands[name].triggered.connect(lambda _checked=False: action())

    def show_layout(self, name: LayoutName) -> None:
        """Another layout, or the reason why not."""
        if name == self.layout_name:
            self._panes.show_layout(name)
            return
        reason = self._why_not(name)
        if reason:
            self._say(reason)
            name = "single"
        self._commands[f"layout_{name}"].setChecked(True)
        if name != self.layout_name:
            self._arrange(name)

    def active_scroller(self, scan: ScanController) -> ScanController | CompareController:
        """Who scrolls by keys: the series that was clicked last."""
        return self.compare if self.compare.is_active else scan

    def active_display(self, scan: ScanController) -> ScanController | CompareDisplay:
        """Whose window and turn keys change: that of the series that was clicked last."""
        return self.compare.display if self.compare.is_active else scan

    def cancel(self) -> None:
        """Gives up reading for planes or slabs."""
        self.blocks.cancel()

    def _why_not(self, name: LayoutName) -> str:
        if name == "planes":
            return self.blocks.why_not()
        return self.compare.why_not() if name == "compare" else ""

    def _arrange(self, name: LayoutName) -> None:
        self._panes.show_layout(name)
        self.slabs.set_on_acquired(name != "planes")
        for part, its_name in ((self.planes, "planes"), (self.compare, "compare")):
            if part.is_on != (name == its_name):
                part.set_on(name == its_name)
        self.blocks.want("planes", name == "planes")
        self._write_titles()

    def _enlarge(self, view: SliceView) -> None:
        panes = self._panes
        if self.layout_name == "single":
            view.fit()
        else:
            panes.enlarge(None if panes.is_large(view) else view)

    def _leave_compare(self) -> None:
        """The series on the right are of a study that is gone."""
        if self.layout_name == "compare":
            self.show_layout("single")

    def _reset(self) -> None:
        for view in self._panes.views:
            view.fit()
        self.compare.reset()

    # Voxels and slabs

    def _take_block(self, block: Block | None) -> None:
        self.planes.set_block(block)
        self.slabs.set_block(block)
        self._write_titles()

    def _refuse(self, reason: str) -> None:
        """What needed the voxels goes; the slice stays in view."""
        if reason:
            self._say(reason)
        self.slabs.set_slab(None)
        if self.layout_name == "planes":
            self.show_layout("single")

    def _next_slab(self) -> None:
        reason = self.blocks.why_not()
        if reason:
            self._say(reason)
        else:
            self.slabs.next_kind()

    def _take_slab(self, slab: Slab | None) -> None:
        self.blocks.want("slab", slab is not None)
        self.planes.set_slab(slab)
        self._write_titles()

    def _write_titles(self) -> None:
        """What the acquired slice is among the panes."""
        titles = []
        if self.layout_name == "planes":
            titles = [Line(self.tr("As acquired"), swatch=ACQUIRED_COLOR)]
        elif self.layout_name == "compare" and self._session.series is not None:
            titles = [Line(self._session.series.title)]
        slab, volume = self.slabs.slab, self._session.volume
        if slab is not None and volume is not None and self.layout_name != "planes":
            words = slab_words(slab, volume.spacing[0] or 1.0)
            titles.append(Line(words, is_warning=True))
            titles.append(Line(self.tr("Map of one slice"), is_quiet=True))
        self._panes.slice_view.set_titles(titles)
