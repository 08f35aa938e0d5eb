"""The scans that installed packages bring along."""

import warnings
from collections.abc import Callable

from magic_viewer.imaging.display import to_display
from magic_viewer.imaging.samples import sample_scans
from magic_viewer.imaging.study import Study


def test_that_every_sample_is_there_and_shows_something(open_paths: Callable[..., Study]) -> None:
    paths = sample_scans()
    assert len(paths) == 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in paths:
            study = open_paths(path)
            assert study.rejected == ()
            volume = study.series[0].volumes[0]
            shown = to_display(volume.read_slice(volume.shape[0] // 2))
            assert shown.std() > 10, path.name


def test_that_a_brain_leads_the_samples() -> None:
    assert sample_scans()[0].name == "example4d.nii.gz"
