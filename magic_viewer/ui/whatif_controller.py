"""Joins the what-if brush, session and model: paint a copy of the slice, see what the model says.

Nothing of the file or the study is altered: the edited slice is a new one, held here and by the
session until another slice is shown.
"""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction

from magic_viewer.imaging.brush import Brush, Point, Stroke
from magic_viewer.imaging.edit import left_right_axis
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline.results import Classification, Examination
from magic_viewer.ui.backend import Engine
from magic_viewer.ui.edit_history import EditHistory
from magic_viewer.ui.job import Lane, single_step
from magic_viewer.ui.orientation import pixel_size
from magic_viewer.ui.session import Session
from magic_viewer.ui.slice_view import SliceView
from magic_viewer.ui.turns import Turns
from magic_viewer.ui.whatif_panel import BrushSettings, WhatIfPanel

_SMALLEST_SHARE = 0.01
_GROWTH = 1.1
Report = Callable[[BaseException], None]
Say = Callable[[str], None]


class WhatIfController(QObject):
    """The mode, its strokes, and the comparison of both answers."""

    entered = Signal()
    original_changed = Signal(object)

    def __init__(
        self,
        session: Session,
        view: SliceView,
        panel: WhatIfPanel,
        commands: Mapping[str, QAction],
        turns: Turns,
        report: Report,
        say: Say,
    ) -> None:
        super().__init__()
        self._session, self._view, self._panel, self._say = session, view, panel, say
        self._mode, self._turns = commands["what_if"], turns
        self._settings = BrushSettings()
        self._engine: Engine | None = None
        self._history: EditHistory | None = None
        self._left: EditHistory | None = None
        self._stroke: Stroke | None = None
        self._before: Examination | None = None
        self._is_asked = False
        self._asking = Lane(self)
        self.lanes = (self._asking,)
        self._connect(report)
        self._connect_commands(commands)

    def _connect(self, report: Report) -> None:
        session, panel, brush = self._session, self._panel, self._view.brush
        session.study_changed.connect(lambda _: self._forget())
        session.slice_changed.connect(self._follow)
        session.edited_changed.connect(self._show_edited)
        session.examination_changed.connect(self._take_examination)
        session.blind_changed.connect(self._give_way)
        panel.settings_requested.connect(self._set_settings)
        panel.undo_requested.connect(self.undo)
        panel.redo_requested.connect(self.redo)
        panel.original_requested.connect(self._back_to_original)
        panel.end_requested.connect(self.end)
        brush.pressed.connect(self._begin_stroke)
        brush.dragged.connect(self._extend_stroke)
        brush.released.connect(self._end_stroke)
        self._asking.succeeded.connect(self._take_before)
        self._asking.failed.connect(report)

    def _connect_commands(self, commands: Mapping[str, QAction]) -> None:
        self._mode.toggled.connect(self._switch)
        commands["brush_smaller"].triggered.connect(lambda: self._resize(-1))
        commands["brush_larger"].triggered.connect(lambda: self._resize(1))

    def set_engine(self, engine: Engine | None) -> None:
        """The model in use; what another said of the slice doesn't count."""
        self._engine = engine
        self._asking.drop()
        self._before, self._is_asked = None, False
        self._panel.set_labels(engine.info.labels if engine is not None else ())
        if self._session.hides_answer:
            self.end()
        self._ask_about_original()
        self._compare()

    # The mode

    @property
    def is_on(self) -> bool:
        """Whether the mode is on."""
        return self._mode.isChecked()

    @property
    def has_brush(self) -> bool:
        """Whether the brush is in hand: the mode is on and no measuring tool in its place."""
        return self.is_on and self._view.hand.tool is None

    def end(self) -> None:
        """Back to the slice as it is."""
        self._mode.setChecked(False)

    def cancel(self) -> bool:
        """Gives up the stroke under way, else leaves the mode; whether there was either."""
        if self._stroke is not None:
            self._stroke = None
            self._show_current()
            return True
        was_on = self.is_on
        self.end()
        return was_on

    def _give_way(self, is_blind: bool) -> None:
        """The session has taken the edit away already."""
        if is_blind:
            self.end()

    def _switch(self, is_on: bool) -> None:
        obstacle = self._obstacle() if is_on else ""
        if obstacle:
            self._say(obstacle)
            self._mode.setChecked(False)
            return
        self._stroke = None
        self._panel.setVisible(is_on)
        if is_on:
            self._take_slice()
            self.entered.emit()
        else:
            self._back_to_original()
        self._set_reach()

    def _obstacle(self) -> str:
        """Why there can't be a what-if here; empty when there can."""
        image = self._session.slice
        if image is None:
            return self.tr("“What if…” edits a copy of a slice. Open a scan first.")
        if image.is_color:
            return self.tr("“What if…” works on grey images; this one is in colour.")
        if self._session.hides_answer:
            return self.tr("“What if…” shows what the model says. Give your own answer first.")
        if self._engine is None:
            return self.tr("“What if…” asks a model about the edit. There is no model loaded yet.")
        return ""

    # The brush

    def _set_settings(self, settings: BrushSettings) -> None:
        self._settings = settings
        self._panel.set_settings(settings)
        self._set_reach()
        self._compare()

    def _resize(self, steps: int) -> None:
        if self.is_on:
            self._set_settings(self._settings.resized(steps))

    def _set_reach(self) -> None:
        image = self._session.slice
        if not self.is_on or image is None:
            self._view.brush.set_reach(None)
        else:
            radius = self._radius(image)
            row, column = pixel_size(image)
            unit = self.tr("mm") if image.spacing else self.tr("px")
            self._panel.set_diameter(f"{2 * radius:.3g} {unit}")
            self._view.brush.set_reach((radius / column, radius / row))
        self._view.viewport().update()

    def _radius(self, image: Slice) -> float:
        sides = (count * size for count, size in zip(image.shape, pixel_size(image), strict=True))
        return min(sides) / 2 * _SMALLEST_SHARE * _GROWTH**self._settings.size

    def _begin_stroke(self, point_index: Point) -> None:
        obstacle = self._obstacle()
        if obstacle or self._history is None:
            self._say(obstacle)
            return
        image = self._history.current
        if self._settings.kind == "mirror" and left_right_axis(image) is None:
            self._say(self.tr("This slice has no left and right side to take from."))
            return
        brush = Brush(self._settings.kind, self._radius(image), self._settings.strength)
        self._stroke = Stroke(image, brush, self._history.strokes)
        self._extend_stroke(point_index)

    def _extend_stroke(self, point_index: Point) -> None:
        if self._stroke is not None:
            self._stroke.extend(point_index)
            self._show(self._stroke.image())

    def _end_stroke(self) -> None:
        if self._stroke is None or self._history is None:
            return
        image, self._stroke = self._stroke.image(), None
        if image is not self._history.current:
            self._history.add(image)
        self._show_current()

    # Steps

    def undo(self) -> None:
        """One stroke back."""
        self._step(EditHistory.undo)

    def redo(self) -> None:
        """The stroke again."""
        self._step(EditHistory.redo)

    def _back_to_original(self) -> None:
        self._step(EditHistory.back_to_original)

    def _step(self, change: Callable[[EditHistory], None]) -> None:
        if self._history is not None:
            self._stroke = None
            change(self._history)
            self._show_current()

    def _show_current(self) -> None:
        if self._history is not None:
            self._show(self._history.current)
            self._panel.set_steps(self._history.can_undo, self._history.can_redo)

    def _show(self, image: Slice) -> None:
        assert self._history is not None
        self._session.set_edited(None if image is self._history.original else image)

    def _show_edited(self, image: Slice | None) -> None:
        self._view.show_edited(image)
        if image is None and self._has_own_edit():
            # Taken away by another, a blind reading for instance.
            self.end()
        self._ask_about_original()
        self._compare()

    def _has_own_edit(self) -> bool:
        """Whether there is an edit here, of the slice in view."""
        history, image = self._history, self._session.slice
        if history is None or image is None:
            return False
        is_same = history.original.modality_values is image.modality_values
        return is_same and (self._stroke is not None or history.can_undo)

    # Another slice

    def _take_slice(self) -> None:
        """Steps of the slice in view; those that were left on it can be had again."""
        image = self._session.slice
        known = [one for one in (self._history, self._left) if one and image and one.is_of(image)]
        if known:
            self._history = known[0]
        else:
            self._history = EditHistory(image) if image is not None else None
        self._panel.set_steps(False, self._history is not None and self._history.can_redo)
        self._compare()

    def _forget(self) -> None:
        """Nothing of one study is kept into another."""
        self._history = self._left = None

    def _follow(self, image: Slice | None) -> None:
        left, self._history = self._history, None
        self._stroke = self._before = None
        self._asking.drop()
        self._is_asked = False
        if left is not None and (left.can_undo or left.can_redo):
            if left.can_undo:
                text = self.tr(
                    "The edits of slice {number} end here. Back on it, Redo brings them back."
                )
                self._say(text.format(number=left.original.index + 1))
            left.back_to_original()
            self._left = left
        if not self.is_on:
            return
        if image is not None and (image.is_color or self._session.hides_answer):
            self._say(self._obstacle())
            self.end()
            return
        self._take_slice()
        self._set_reach()

    # Answers

    def _take_examination(self, examination: Examination | None) -> None:
        if self._session.edited is None and examination is not None:
            self._before = examination
        self._compare()

    def _take_before(self, examination: Examination) -> None:
        self._before = examination
        self._compare()

    def _ask_about_original(self) -> None:
        """Where the edit came before the model's answer, or the model after the edit."""
        image, engine = self._session.slice, self._engine
        if self._before is not None or self._is_asked or self._session.edited is None:
            return
        if image and engine:
            self._is_asked = True
            self._asking.submit(single_step(self._turns.first, engine.examine, image))

    def _compare(self) -> None:
        """Both answers side by side, and over the slice their maps' difference if wanted."""
        before = self._before
        after = self._session.examination if self._session.edited is not None else None
        self._panel.set_comparison(_answer(before), _answer(after))
        maps_change = self.is_on and self._settings.maps_change and after is not None
        self.original_changed.emit(before if maps_change else None)
        self._panel.set_note(self._note(before, after))

    def _note(self, before: Examination | None, after: Examination | None) -> str:
        if self._session.edited is None:
            return self.tr("Paint over the slice with the left button. The file stays as it is.")
        if self._settings.maps_change and before and after and before.box != after.box:
            return self.tr(
                "The edit moved what the model looks at, so the map is that of the edited slice."
            )
        return ""


def _answer(examination: Examination | None) -> Classification | None:
    return examination.classification if examination is not None else None
