"""Joins commands and slice views: mouse tools, crosshair, colours, pixels, scale bar."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup

from magic_viewer.imaging.study import Slice
from magic_viewer.ui.crosshair import Crosshair
from magic_viewer.ui.look import Look
from magic_viewer.ui.mouse import TOOLS, Action, Profile, own_tool
from magic_viewer.ui.notes import readout
from magic_viewer.ui.session import Session
from magic_viewer.ui.slice_view import SliceView


class ViewController(QObject):
    """How a slice is drawn and what the mouse does on it, the same in all views."""

    look_changed = Signal(object)

    def __init__(
        self,
        session: Session,
        view: SliceView,
        commands: Mapping[str, QAction],
    ) -> None:
        super().__init__()
        self._session, self._commands = session, commands
        self._views: list[SliceView] = []
        self._crosshair: tuple[float, float] | None = None
        self._is_shared = False
        self.profile: Profile = "research" if commands["research_mouse"].isChecked() else "clinical"
        self.tool: Action = own_tool(self.profile)
        self.look = Look(
            is_smooth=commands["smooth"].isChecked(),
            has_scale_bar=commands["scale_bar"].isChecked(),
        )
        self.add_view(view)
        self._connect_tools()
        self._connect_look()
        view.crosshair_moved.connect(self._move_crosshair)
        session.slice_changed.connect(lambda _: self._show_crosshair())
        session.series_changed.connect(lambda _: self.start_afresh())
        commands["reset"].triggered.connect(lambda _checked=False: self.start_afresh())

    def add_view(self, view: SliceView) -> None:
        """Another view that follows the same wishes."""
        self._views.append(view)
        view.set_look(self.look)
        view.set_mouse(self.profile, self.tool)

    def start_afresh(self) -> None:
        """Grey and without crosshair, as a series begins; the user's tool stays."""
        self.set_colors(Look().colors)
        self._crosshair = None
        self._show_crosshair()

    def cancel(self) -> bool:
        """Puts another tool away; whether there was one."""
        is_other = self.tool != own_tool(self.profile)
        if is_other:
            self.take_tool(own_tool(self.profile))
        return is_other

    # The mouse

    def _connect_tools(self) -> None:
        group = QActionGroup(self)
        for tool in TOOLS:
            action = self._commands[f"{tool}_tool"]
            group.addAction(action)
            action.triggered.connect(lambda _checked=False, tool=tool: self.take_tool(tool))
        self._commands[f"{self.tool}_tool"].setChecked(True)
        research = self._commands["research_mouse"]
        research.toggled.connect(self._set_research)

    def take_tool(self, tool: Action) -> None:
        """What a left drag does from now on."""
        self.tool = tool
        self._commands[f"{tool}_tool"].setChecked(True)
        for view in self._views:
            view.set_mouse(self.profile, tool)

    def _set_research(self, is_research: bool) -> None:
        self.profile = "research" if is_research else "clinical"
        self.take_tool(own_tool(self.profile))

    def place_crosshair(self, point: tuple[float, float] | None) -> None:
        """Where the crosshair of all views meets the acquired slice, (column, row), or none."""
        self._crosshair, self._is_shared = point, point is not None
        self._show_crosshair()

    def _move_crosshair(self, column: float, row: float) -> None:
        self._crosshair = column, row
        self._show_crosshair()

    def _show_crosshair(self) -> None:
        shown = None
        image, point = self._session.slice, self._crosshair
        if image is not None and point is not None:
            # Among several panes there is no room for words beside it.
            shown = Crosshair(point, "" if self._is_shared else _read_at(image, point))
        self._views[0].set_crosshair(shown)

    # The look

    def set_colors(self, color_map: str) -> None:
        """The colour map of the image, for this series."""
        self._set_look(replace(self.look, colors=color_map))

    def _connect_look(self) -> None:
        commands = self._commands
        commands["smooth"].toggled.connect(self._set_smooth)
        commands["scale_bar"].toggled.connect(self._set_scale_bar)
        actual = commands["actual_size"]
        actual.triggered.connect(lambda _checked=False: self._views[0].show_actual_size())

    def _set_smooth(self, is_smooth: bool) -> None:
        self._set_look(replace(self.look, is_smooth=is_smooth))

    def _set_scale_bar(self, is_wanted: bool) -> None:
        self._set_look(replace(self.look, has_scale_bar=is_wanted))

    def _set_look(self, look: Look) -> None:
        if look == self.look:
            return
        self.look = look
        for view in self._views:
            view.set_look(look)
        self.look_changed.emit(look)


def _read_at(image: Slice, point: tuple[float, float]) -> str:
    """Position and value in one line, without the pixel's numbers."""
    column, row = (int(value + 0.5) for value in point)
    lines = readout(image, max(0, row), max(0, column))
    return " · ".join(line for line in lines if not line.startswith("x "))
