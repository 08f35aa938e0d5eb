"""Scans from files: numpy, pydicom and nibabel. Knows nothing of torch or Qt."""
