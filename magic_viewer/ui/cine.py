"""Plays the slices of a volume one after the other, or the volumes of a single slice."""

from PySide6.QtCore import QObject, QTimer, Signal

from magic_viewer.ui.session import Session

FRAMES_PER_SECOND = 15


class Cine(QObject):
    """Goes on to the next slice when it is time and the one before is on screen."""

    playing_changed = Signal(bool)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)
        self.set_speed(FRAMES_PER_SECOND)
        session.series_changed.connect(lambda _: self.set_playing(False))

    @property
    def is_playing(self) -> bool:
        """Whether slices go by."""
        return self._timer.isActive()

    def set_speed(self, frames_per_second: int) -> None:
        """How many slices a second, if they can be read so fast."""
        self._timer.setInterval(round(1000 / frames_per_second))

    def set_playing(self, is_playing: bool) -> None:
        """Begins, or stops at the slice in view."""
        wanted = is_playing and self._length() > 1
        if wanted == self.is_playing:
            if is_playing != wanted:
                self.playing_changed.emit(wanted)
            return
        if wanted:
            self._timer.start()
        else:
            self._timer.stop()
        self.playing_changed.emit(wanted)

    def _length(self) -> int:
        session = self._session
        if session.series is None or session.volume is None:
            return 0
        return max(session.volume.shape[0], len(session.series.volumes))

    def _go_on(self) -> None:
        session = self._session
        if session.series is None or session.volume is None or session.slice is None:
            return
        slices, volumes = session.volume.shape[0], len(session.series.volumes)
        if slices > 1:
            # None is left out because it takes long to read.
            if session.slice.index == session.slice_index:
                session.go_to_slice((session.slice_index + 1) % slices)
        else:
            session.select_volume((session.volume_index + 1) % volumes)
