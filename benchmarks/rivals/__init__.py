"""Classifiers and generators of other kinds, trained on the same images in the same CPU minutes.

The command is `python -m benchmarks.rivals`; networks and noise schedules are MONAI's.
"""
