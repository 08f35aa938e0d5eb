"""Builds dist/magic-viewer: the program with all it needs, for machines without Python.

Usage: python packaging/bundle.py [--without-noncommercial]. `make bundle` runs it in an
environment of its own, which holds what `pip install '.[package]'` installs and nothing else.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bill import FILE as BILL
from bill import write_bill
from bundle_contents import NAME, ROOT, bundled_models
from components import components
from icons import write_icons
from notices import FILE as NOTICES
from notices import write_notices

DIST, WORK = ROOT / "dist", ROOT / "build" / NAME


def main() -> int:
    """Builds; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--without-noncommercial",
        action="store_true",
        help="leave out the models that may not be used commercially",
    )
    options = parser.parse_args()
    write_icons(ROOT / "build" / "icons")
    if status := _run_pyinstaller(options.without_noncommercial):
        return status
    for folder in _places():
        strip_symbols(folder)
        write_papers(folder, not options.without_noncommercial)
    return subprocess.run([sys.executable, Path(__file__).with_name("sizes.py")]).returncode


def _run_pyinstaller(without_noncommercial: bool) -> int:
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(DIST), "--workpath", str(WORK.parent)]
    command.append(str(Path(__file__).with_name(f"{NAME}.spec")))
    if without_noncommercial:
        command += ["--", "--without-noncommercial"]
    # Another user's packages must not get in.
    environment = os.environ | {"PYTHONNOUSERSITE": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


def _places() -> list[Path]:
    """The folder, and on macOS also the .app made of it."""
    inside = DIST / "MAGIC Viewer.app" / "Contents" / "Resources"
    return [folder for folder in (DIST / NAME, inside) if folder.is_dir()]


def strip_symbols(bundle: Path) -> None:
    """Takes what only a debugger reads out of the libraries of torch and Python, a tenth of them.

    No other wheel's: those whose libraries were renamed by auditwheel don't load afterwards.
    """
    strip = shutil.which("strip")
    if sys.platform != "linux" or strip is None:
        return
    inside = bundle / "_internal"
    for library in [*(inside / "torch" / "lib").glob("*.so*"), *inside.glob("libpython*")]:
        if not library.is_symlink():
            subprocess.run([strip, "--strip-unneeded", str(library)], check=True)


def write_papers(bundle: Path, with_noncommercial: bool) -> None:
    """Licences and the bill of materials go where people look first."""
    packages, models = components(WORK / "sources.json"), bundled_models(with_noncommercial)
    write_notices(packages, models, bundle / NOTICES)
    write_bill(packages, models, bundle / BILL)
    shutil.copy(ROOT / "LICENSE", bundle / "LICENSE")


if __name__ == "__main__":
    sys.exit(main())
