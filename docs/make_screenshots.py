"""Draws the pictures of the documentation: `make screenshots`.

`python docs/make_screenshots.py MODEL ...` draws the samples of those models alone.

The main job on real scans. Those of ../shared/data are taken where they are; without them the
samples that pydicom and nibabel ship serve.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from magic_viewer.imaging.samples import sample_scans
from magic_viewer.paths import model_folders
from magic_viewer.pipeline.engine import Engine
from magic_viewer.pipeline.export import save_sheet
from magic_viewer.pipeline.library import find_model
from magic_viewer.pipeline.results import Sample, SampleRequest

IMAGES = Path(__file__).parent / "images"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
T1 = SHARED / "viewer_nifti" / "ixi_2mm" / "IXI012-HH-1211_T1.nii.gz"
CT = SHARED / "viewer_dicom" / "ct_head_ge_hispeed"


def main() -> None:
    """Writes docs/images/*.png, or of the models named on the command line their samples alone."""
    IMAGES.mkdir(exist_ok=True)
    chosen = [find_model(name) for name in sys.argv[1:]]
    if not chosen:
        draw_window()
    for folder in chosen or model_folders():
        draw_sheet(folder, IMAGES / f"samples-{folder.resolve().name}.png")


def draw_window() -> None:
    """The window on its main job."""
    from magic_viewer.ui.overlay_settings import OverlaySettings
    from magic_viewer.ui.tour import Tour

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as kept:
        tour = Tour(Path(kept) / "settings.ini", "brain-sequence")
        tour.grab(IMAGES / "welcome.png")
        tour.open([T1] if T1.exists() else sample_scans()[:1])
        tour.grab(IMAGES / "map.png")
        tour.show_contrast()
        tour.grab(IMAGES / "contrast.png")
        tour.show_map(OverlaySettings())
        for label in tour.session.model.labels if tour.session.model else ():
            tour.draw(SampleRequest(label, 0.8, 4, seed=1))
        tour.grab(IMAGES / "synthetic.png")
        tour.window.show_classification()
        tour.open([CT] if CT.exists() else sample_scans()[2:3])
        tour.grab(IMAGES / "ct.png")
        tour.close()


def draw_sheet(folder: Path, path: Path) -> None:
    """Eight samples of each class at sampling temperatures 0.7 and 1.0, one row each."""
    engine = Engine.load(folder)
    rows = []
    for label in engine.info.labels:
        for temperature in (0.7, 1.0):
            request = SampleRequest(label, temperature, 8, seed=1)
            drawn = [s.pixels for s in engine.generate(request) if isinstance(s, Sample)]
            rows.append((f"{label}, T {temperature}", np.stack(drawn)))
    save_sheet(rows, f"drawn by the model {engine.info.name}, seeds 1 to 8", path)


if __name__ == "__main__":
    main()
