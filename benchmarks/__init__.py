"""Figures of the program, each printed by `python -m benchmarks.NAME [--quick] [--json FILE]`."""
