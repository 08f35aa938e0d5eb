"""Joins pointer, examination and table: what each class gains under the pointer."""

from PySide6.QtCore import QObject

from magic_viewer.pipeline.map_grid import pixel_at
from magic_viewer.pipeline.results import Examination, MapArray
from magic_viewer.ui.model_controller import ModelController
from magic_viewer.ui.overlay_settings import OverlaySettings
from magic_viewer.ui.point_table import PointTable
from magic_viewer.ui.session import Session
from magic_viewer.ui.slice_view import SliceView

Pixel = tuple[int, int]


class PointController(QObject):
    """Adds the scales up once a slice, so that a move of the pointer only reads."""

    def __init__(
        self, session: Session, view: SliceView, models: ModelController, table: PointTable
    ) -> None:
        super().__init__()
        self._session, self._table, self._models = session, table, models
        self._pixel: Pixel | None = None
        self._maps: MapArray | None = None
        self._box = (0.0, 0.0, 1.0, 1.0)
        view.pointed_at.connect(self._follow)
        session.model_changed.connect(lambda _: self._show_labels())
        session.examination_changed.connect(self._take)
        models.settings_changed.connect(self._take_settings)
        self._show_labels()

    def _show_labels(self) -> None:
        model = self._session.model
        self._table.set_labels(model.labels if model is not None else ())

    def _take(self, examination: Examination | None) -> None:
        self._maps = None
        if examination is not None:
            scale = self._models.settings.scale
            has_it = scale is not None and scale < len(examination.scale_cells)
            maps = examination.scale_maps[scale] if has_it else examination.log_prob_maps
            self._maps, self._box = maps, examination.box
        self._show()

    def _take_settings(self, _settings: OverlaySettings) -> None:
        self._take(self._session.examination)

    def _follow(self, pixel: Pixel | None) -> None:
        self._pixel = pixel
        self._show()

    def _show(self) -> None:
        place = None
        if self._pixel is not None and self._maps is not None:
            row, column = self._pixel
            place = pixel_at(self._box, self._maps.shape, row + 0.5, column + 0.5)
        if place is None or self._maps is None:
            self._table.set_values(None)
        else:
            self._table.set_values(self._maps[:, place[0], place[1]].tolist())
