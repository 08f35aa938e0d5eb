"""The volume in view as one array, read in a worker while something needs it."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from magic_viewer.imaging.block import Block, read_block, why_no_planes
from magic_viewer.imaging.study import Volume
from magic_viewer.ui.busy_strip import BusyStrip
from magic_viewer.ui.job import Lane
from magic_viewer.ui.session import Session

Report = Callable[[BaseException], None]


class BlockKeeper(QObject):
    """Holds one block at most: that of the volume in view, and only as long as it is wanted."""

    block_changed = Signal(object)
    refused = Signal(str)

    def __init__(self, session: Session, busy: BusyStrip, report: Report) -> None:
        super().__init__()
        self._session, self._busy = session, busy
        self._wishes: set[str] = set()
        self._volume: Volume | None = None
        self.block: Block | None = None
        self._reading = Lane(self)
        self.lanes = (self._reading,)
        self._reading.progressed.connect(busy.set_progress)
        self._reading.succeeded.connect(self._take)
        self._reading.failed.connect(report)
        self._reading.failed.connect(lambda _: self.refused.emit(""))
        self._reading.cancelled.connect(lambda: self.refused.emit(""))
        for ended in (self._reading.succeeded, self._reading.failed, self._reading.cancelled):
            ended.connect(busy.end)
        busy.cancel_requested.connect(self._reading.cancel)
        session.slice_changed.connect(lambda _: self._follow())
        session.study_grown.connect(lambda _: self._follow())

    def want(self, who: str, is_wanted: bool) -> None:
        """Says whether somebody needs the block; without any wish it is let go."""
        if is_wanted == (who in self._wishes):
            return
        self._wishes ^= {who}
        if self._wishes:
            self._follow()
        else:
            self._forget()

    def why_not(self) -> str:
        """Says in a sentence why the volume in view gives no block; "" when it may."""
        volume, image = self._session.volume, self._session.slice
        if volume is None:
            return self.tr("Open a series first.")
        if image is None or not self._session.study.is_complete:
            # Not known yet; it is said when it is.
            return ""
        return why_no_planes(volume, image) or ""

    def cancel(self) -> bool:
        """Gives up reading; whether there was any."""
        is_busy = self._reading.is_busy
        self._reading.cancel()
        return is_busy

    def _follow(self) -> None:
        """Reads the volume in view, once its series is whole, unless that was done already."""
        session = self._session
        volume = session.volume
        if volume is not self._volume:
            self._forget()
        if not self._wishes or volume is None or volume is self._volume or session.slice is None:
            return
        if not session.study.is_complete:
            return
        self._volume = volume
        reason = self.why_not()
        if reason:
            self.refused.emit(reason)
            return
        self._busy.begin(self.tr("Reading slices…"))
        self._reading.submit(lambda: read_block(volume))

    def _take(self, block: Block) -> None:
        self.block = block
        self.block_changed.emit(block)

    def _forget(self) -> None:
        self._reading.drop()
        self._busy.end()
        self._volume = None
        if self.block is not None:
            self.block = None
            self.block_changed.emit(None)
