"""Notices when a model goes on elsewhere, as when a GPU's memory ran out."""

from PySide6.QtCore import QObject, Signal

from magic_viewer.ui.backend import Engine


class DeviceWatch(QObject):
    """Looks where the model runs whenever it has answered."""

    device_changed = Signal(str)
    moved = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._engine: Engine | None = None
        self._device = ""

    def set_engine(self, engine: Engine | None) -> None:
        """Another model, or none; that it may run elsewhere is no news."""
        self._engine = engine
        self._device = engine.device if engine is not None else ""
        self.device_changed.emit(self._device)

    def look(self) -> None:
        """The model has answered."""
        if self._engine is not None and self._engine.device != self._device:
            self._device = self._engine.device
            self.device_changed.emit(self._device)
            self.moved.emit(self.tr("The model now runs on: {device}.").format(device=self._device))
