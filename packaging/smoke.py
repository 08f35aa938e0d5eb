"""Tries an installed program by its command line: what a release is not made without.

Usage: python packaging/smoke.py PROGRAM. It classifies, explains and draws from a sample scan of
this Python's packages, then goes through the main job in the window, drawn into pictures.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 300


def run(program: Path, *words: str | Path, folder: Path) -> str:
    """Runs one command there; gives its output.

    Raises:
        SystemExit: it failed; with what it said.
    """
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [program, *words], cwd=folder, env=environment, capture_output=True, timeout=SECONDS
    )
    if done.returncode:
        sys.exit(f"{words}: status {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout.decode("utf-8", errors="replace")


def main(program: Path) -> None:
    """Goes through the job."""
    from magic_viewer.imaging.samples import sample_scans

    [scan] = [path for path in sample_scans() if path.name == "example4d.nii.gz"]
    [packed] = [path for path in sample_scans() if path.name.startswith("J2K")]
    with tempfile.TemporaryDirectory(prefix="Größe und Maß ") as name:
        folder = Path(name)
        print(run(program, "--version", folder=folder))
        answer = json.loads(run(program, "classify", scan, "--json", folder=folder))
        print(answer["label"], answer["probabilities"])
        run(program, "classify", packed, "--model", "modality", folder=folder)  # by a codec child
        run(program, "attribute", scan, "--out", "map.png", folder=folder)
        words = ("generate", "--label", answer["label"], "--count", "2", "--out", "drawn")
        run(program, *words, folder=folder)
        run(program, "models", "pack", "modality", "given.magicmodel", folder=folder)
        assert "already there" in run(program, "models", "add", "given.magicmodel", folder=folder)
        run(program, "demo", folder=folder) if not _has_screen() else None
        print(*sorted(path.name for path in folder.rglob("*.png")), sep="\n")


def _has_screen() -> bool:
    """Where there is one, `demo` opens the window and waits."""
    from magic_viewer.ui.demo import has_screen

    return has_screen()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
