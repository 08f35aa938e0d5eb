"""Starts MAGIC Viewer: python -m magic_viewer."""

from magic_viewer.cli import main

raise SystemExit(main())
