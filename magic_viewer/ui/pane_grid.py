"""The panes of the viewer: one view, three planes beside the acquired slice, or two series."""

from typing import Literal, get_args

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QGridLayout, QWidget

from magic_viewer.imaging.reslice import PLANES, PlaneName
from magic_viewer.ui.busy_strip import BusyStrip
from magic_viewer.ui.color_bar import ColorBar
from magic_viewer.ui.compare_bar import CompareBar
from magic_viewer.ui.slice_view import SliceView

LayoutName = Literal["single", "planes", "compare"]
LAYOUTS: tuple[LayoutName, ...] = get_args(LayoutName)

_SEAM = 3
# Two of them and the colour bar still fit in the narrowest window.
_SMALLEST = QSize(150, 120)
_SMALLEST_ALONE = QSize(300, 300)
# Above and at left of the panes: what is being read and compared, and the colour bar.
_ABOVE, _BESIDE = 2, 1
_PLACES = {
    "axial": (0, 0),
    "coronal": (0, 1),
    "sagittal": (1, 0),
    "acquired": (1, 1),
    "compare": (1, 2),
}
_PANES: dict[LayoutName, tuple[str, ...]] = {
    "single": ("acquired",),
    "planes": (*PLANES, "acquired"),
    "compare": ("acquired", "compare"),
}


class PaneGrid(QWidget):
    """Shows the panes of a layout, or one of them large. The colour bar stays beside its map."""

    def __init__(
        self, slice_view: SliceView, color_bar: ColorBar, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.slice_view = slice_view
        self.planes: dict[PlaneName, SliceView] = {name: SliceView() for name in PLANES}
        self.compare = SliceView()
        self.compare_bar = CompareBar()
        self.busy = BusyStrip()
        self.layout_name: LayoutName = "single"
        self.enlarged: SliceView | None = None
        self._has_map = True
        self._grid = QGridLayout(self)
        self._lay_out(color_bar)
        self._name_planes()
        self.show_layout("single")

    @property
    def views(self) -> list[SliceView]:
        """All of them, whatever is on screen."""
        return [self.slice_view, *self.planes.values(), self.compare]

    def show_layout(self, name: LayoutName) -> None:
        """The panes of a layout, all of them."""
        self.layout_name, self.enlarged = name, None
        self._arrange()

    def enlarge(self, view: SliceView | None) -> None:
        """One view of the layout alone, or all of it again."""
        self.enlarged = view
        self._arrange()

    def set_has_map(self, has_map: bool) -> None:
        """Whether a map is wanted; without one, two series have the colour bar's room too."""
        self._has_map = has_map
        self._arrange_bar()

    def is_large(self, view: SliceView) -> bool:
        """Whether it has all the room."""
        return self.layout_name == "single" or self.enlarged is view

    def _lay_out(self, color_bar: ColorBar) -> None:
        self._views: dict[str, SliceView] = dict(self.planes.items())
        self._views |= {"acquired": self.slice_view, "compare": self.compare}
        self._color_bar = color_bar
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_SEAM)
        for number, bar in enumerate((self.busy, self.compare_bar)):
            self._grid.addWidget(bar, number, 0, 1, -1)
        for pane, (row, column) in _PLACES.items():
            self._grid.addWidget(self._views[pane], row + _ABOVE, column + _BESIDE)

    def _name_planes(self) -> None:
        names = {
            "axial": self.tr("Axial plane"),
            "coronal": self.tr("Coronal plane"),
            "sagittal": self.tr("Sagittal plane"),
        }
        for name, view in self.planes.items():
            view.setAccessibleName(names[name])
        self.compare.setAccessibleName(self.tr("Slice of the other series"))

    def fit(self) -> None:
        """The whole slice in every view."""
        for view in self.views:
            view.fit()

    def zoom_in(self) -> None:
        """One step closer in every view."""
        for view in self.views:
            view.zoom_in()

    def zoom_out(self) -> None:
        """One step back in every view."""
        for view in self.views:
            view.zoom_out()

    def _arrange(self) -> None:
        shown = [pane for pane in _PANES[self.layout_name] if self._is_shown(pane)]
        for pane, view in self._views.items():
            view.setVisible(pane in shown)
            view.setMinimumSize(_SMALLEST if len(shown) > 1 else _SMALLEST_ALONE)
        self.compare_bar.setVisible(self.layout_name == "compare")
        # At the side where the acquired slice is, so that all panes are of one width.
        column = 0 if self.layout_name == "compare" else _BESIDE + 3
        self._grid.addWidget(self._color_bar, _ABOVE, column, 2, 1)
        self._arrange_bar()
        # The same room for each row and column that has something to show.
        rows, columns = ({_PLACES[pane][way] for pane in shown} for way in (0, 1))
        for place in range(3):
            self._grid.setRowStretch(place + _ABOVE, int(place in rows))
            self._grid.setColumnStretch(place + _BESIDE, int(place in columns))

    def _arrange_bar(self) -> None:
        # One series keeps the bar's room, so that the slice doesn't jump as the map is switched.
        is_roomy = self._has_map or self.layout_name != "compare"
        is_shown = "acquired" in _PANES[self.layout_name] and self._is_shown("acquired")
        self._color_bar.setVisible(is_roomy and is_shown)

    def _is_shown(self, pane: str) -> bool:
        return self.enlarged is None or self._views[pane] is self.enlarged
