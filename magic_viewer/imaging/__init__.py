"""Scans from files: numpy, pydicom and nibabel. Knows nothing of torch or Qt."""

import magic_viewer.imaging.quiet  # noqa: F401 - silences the readers
