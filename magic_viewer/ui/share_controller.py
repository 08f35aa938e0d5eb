"""Joins regions, examination and list: how much of the log-odds lies in the selected region."""

from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QObject

from magic_viewer.imaging.marking import Marking, points_needed
from magic_viewer.imaging.measure import region_mask
from magic_viewer.pipeline.map_grid import Share, share_inside
from magic_viewer.pipeline.results import EVERYTHING, Attribution
from magic_viewer.ui.class_bars import nats
from magic_viewer.ui.map_painter import choose
from magic_viewer.ui.marking_controller import MarkingController
from magic_viewer.ui.marking_hand import MarkingHand
from magic_viewer.ui.marking_panel import MarkingPanel
from magic_viewer.ui.model_controller import ModelController
from magic_viewer.ui.overlay_settings import SECOND_BEST
from magic_viewer.ui.session import Session


class ShareController(QObject):
    """Of the contrast on screen, or of the two most probable classes where there is none."""

    def __init__(
        self,
        session: Session,
        models: ModelController,
        markings: MarkingController,
        panel: MarkingPanel,
        hand: MarkingHand,
    ) -> None:
        super().__init__()
        self._session, self._models = session, models
        self._markings, self._panel = markings, panel
        self._half_drawn: Marking | None = None
        hand.changing.connect(self._follow)
        markings.store.selection_changed.connect(lambda *_: self._show())
        markings.store.markings_changed.connect(lambda *_: self._show())
        session.examination_changed.connect(lambda _: self._show())
        models.settings_changed.connect(lambda _: self._show())

    def _follow(self, _number: int | None, marking: Marking | None) -> None:
        """A region that is being drawn or moved, before it is selected."""
        is_whole = marking is not None and len(marking.points_index) >= points_needed(marking.kind)
        self._half_drawn = marking if is_whole else None
        self._show()

    def _show(self) -> None:
        region = self._region()
        attribution = self._contrast() if region is not None else None
        image = self._session.slice
        if region is None or attribution is None or image is None:
            self._panel.set_share("")
            return
        share = share_inside(attribution, region_mask(region, image.shape))
        self._panel.set_share(share_in_words(attribution, share))

    def _region(self) -> Marking | None:
        """The one in hand or selected, where it lies on the slice in view."""
        store, session = self._markings.store, self._session
        marking = self._half_drawn
        if marking is None and store.selected is not None:
            marking = store.markings[store.selected]
        if marking is None or session.slice is None:
            return None
        place = marking.place
        here = (session.series_index, session.volume_index, session.slice.index)
        is_here = (place.series, place.volume, place.slice) == here
        return marking if marking.is_region and is_here else None

    def _contrast(self) -> Attribution | None:
        examination, settings = self._session.examination, self._models.settings
        if examination is None or len(examination.classification.probabilities) < 2:
            return None
        if not settings.is_contrast:
            settings = replace(settings, target=None, against=SECOND_BEST, scale=None)
        return choose(examination, settings)


def share_in_words(attribution: Attribution, share: Share) -> str:
    """The share of the log-odds beside the share of the area."""
    against = attribution.against
    if against == EVERYTHING:
        against = QCoreApplication.translate("Share", "all classes")
    pair = f"{attribution.target} − {against}"
    if attribution.cells is not None:
        pair += f", {attribution.cells} × {attribution.cells}"
    if share.part is None:
        odds = QCoreApplication.translate("Share", "no log-odds to share")
    else:
        part = f"{100 * share.part:.0f} %".replace("-", "−")
        odds = QCoreApplication.translate("Share", "{part} of the log-odds").format(part=part)
    words = QCoreApplication.translate(
        "Share", "{pair}: {odds} on {area} of the area\n{inside} of {total} nats inside"
    )
    return words.format(
        pair=pair,
        odds=odds,
        area=f"{100 * share.area:.1f} %",
        inside=nats(share.nats),
        total=nats(share.total),
    )
