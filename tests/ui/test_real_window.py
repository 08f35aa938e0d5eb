"""The program in a real window of an X server, with real clicks and keys."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from magic_viewer.imaging.samples import sample_scans

ROOT = Path(__file__).resolve().parents[2]
SERIES = ROOT.parent / "shared" / "data" / "viewer_dicom" / "mr_patient_positions"

needs_screen = pytest.mark.skipif(
    not (shutil.which("xvfb-run") and shutil.which("xdotool")),
    reason="needs Xvfb and xdotool: make clicks",
)


@pytest.mark.slow
@pytest.mark.gui
@needs_screen
@pytest.mark.parametrize("kind", ["packaged", "series"])
def test_that_a_scan_is_read_from_opening_to_quitting_by_mouse_and_keys(
    kind: str, tmp_path: Path
) -> None:
    if kind == "series" and not SERIES.exists():
        pytest.skip("needs ../shared/data/viewer_dicom")
    scan = SERIES if kind == "series" else sample_scans()[0]
    environment = os.environ | {"QT_QPA_PLATFORM": "xcb", "HOME": str(tmp_path)}
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24"]
    done = subprocess.run(
        [*screen, sys.executable, "-m", "tests.ui.real_window", str(scan), str(tmp_path)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with Image.open(tmp_path / "view.png") as exported:
        assert min(exported.size) > 100
