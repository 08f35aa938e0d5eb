"""The window: PySide6 and pyqtgraph. Nothing below imports it."""
