"""Widgets in tests."""

import pyqtgraph as pg

# pyqtgraph drops mouse moves above 100 a second, which a test's drag exceeds.
pg.setConfigOption("mouseRateLimit", -1)
