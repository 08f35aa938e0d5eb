"""The main job on scans that need no download: in the window, or as pictures of it."""

import os
import sys
import tempfile
from pathlib import Path

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.samples import sample_scans
from magic_viewer.paths import default_model
from magic_viewer.pipeline.results import SampleRequest

FOLDER = Path("demo")


def run_demo() -> int:
    """Opens the window on the sample scans; without a screen, writes pictures to demo/."""
    scans = sample_scans()
    if not scans:
        raise ImagingError("pydicom and nibabel are installed without their sample scans.")
    if has_screen():
        from magic_viewer.ui.app import run

        return run(scans, default_model())
    print("There is no screen here, so the window is drawn into pictures instead.")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    for picture in draw_demo(scans, FOLDER):
        print(f"  {picture}")
    return 0


def has_screen() -> bool:
    """Whether a window can be seen."""
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def draw_demo(scans: list[Path], folder: Path) -> list[Path]:
    """Goes through the main job and saves the window after each step."""
    from magic_viewer.ui.tour import Tour

    folder.mkdir(parents=True, exist_ok=True)
    pictures = [folder / name for name in ("1-map.png", "2-contrast.png", "3-synthetic.png")]
    with tempfile.TemporaryDirectory() as kept:
        tour = Tour(Path(kept) / "settings.ini", default_model())
        tour.open(scans)
        tour.grab(pictures[0])
        tour.show_contrast()
        tour.grab(pictures[1])
        assert tour.session.model is not None
        tour.draw(SampleRequest(tour.session.model.labels[0], 0.8, count=12, seed=1))
        tour.grab(pictures[2])
        tour.close()
    return pictures
