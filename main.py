"""Starts MAGIC Viewer from a checkout: python main.py view scan.dcm."""

from magic_viewer.cli import main

raise SystemExit(main())
