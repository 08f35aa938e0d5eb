"""Makes a Debian package of the bundle in dist/.

Usage: python packaging/debian_package.py. It needs dpkg-deb and objdump. There are no maintainer
scripts: desktop-file-utils, shared-mime-info and the icon cache act on triggers, so nothing is
left behind when the package goes.
"""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from email.utils import formatdate
from pathlib import Path

from bundle_contents import NAME, ROOT
from icons import write_theme_icons
from sizes import files_of

LINUX = Path(__file__).resolve().parent / "linux"
# The authors as CITATION.cff names them; .invalid is reserved, so that nobody gets their mail.
MAINTAINER = "The MAGIC Viewer developers <noreply@magic-viewer.invalid>"
# What the bundle takes from the system: the libraries that belong to drivers and to the
# desktop, and fonts. libc6 comes in with the version its libraries were built against.
DEPENDS = (
    "fontconfig-config",
    "fonts-dejavu-core | fonts-freefont-ttf | fonts-liberation | fonts-noto-core",
    "libegl1",
    "libgl1",
    "libwayland-client0",
    "libwayland-cursor0",
    "libwayland-egl1",
    "libx11-6",
    "libxcb1",
)
RECOMMENDS = ("desktop-file-utils", "hicolor-icon-theme", "shared-mime-info", "xdg-utils")
_DESCRIPTION = """\
viewer of medical images that explains its models
 MAGIC Viewer opens DICOM and NIfTI, and classifies, explains and samples
 slices with one exact normalizing flow: class probabilities, typicality, maps
 of where the likelihood comes from, and synthetic images.
 .
 It brings Python, PyTorch for the CPU, Qt and its models along, and needs no
 network. Research use. Not for diagnosis.
"""


def version() -> str:
    """Debian's version of the program."""
    from magic_viewer import __version__

    return f"{__version__}-1"


def architecture() -> str:
    """Debian's name of this machine's."""
    command = ["dpkg", "--print-architecture"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def lay_out(bundle: Path, root: Path) -> None:
    """Puts all files of the package where they will lie."""
    home = root / "usr" / "lib" / NAME
    shutil.copytree(bundle, home, symlinks=True)
    _link(root / "usr" / "bin" / NAME, f"../lib/{NAME}/{NAME}")
    _put(LINUX / f"{NAME}.desktop", root / "usr/share/applications")
    _put(LINUX / f"{NAME}.xml", root / "usr/share/mime/packages")
    write_theme_icons(root / "usr/share/icons/hicolor")
    _pack((LINUX / f"{NAME}.1").read_bytes(), root / "usr/share/man/man1" / f"{NAME}.1.gz")
    _write_documents(root / "usr/share/doc" / NAME)
    _set_modes(root)


def _write_documents(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "copyright").write_text(_copyright(), encoding="utf-8")
    _pack((ROOT / "CHANGELOG.md").read_bytes(), folder / "changelog.gz")
    entry = f"{NAME} ({version()}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n"
    entry += f" -- {MAINTAINER}  {formatdate(_time())}\n"
    _pack(entry.encode(), folder / "changelog.Debian.gz")


def _copyright() -> str:
    return f"""\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: MAGIC Viewer
Comment: The licences of the libraries and models that come along, with their
 texts, are in /usr/lib/{NAME}/THIRD_PARTY_NOTICES.txt, and all of them are listed
 in /usr/lib/{NAME}/{NAME}.cdx.json. Models may be under non-commercial licences.

Files: *
Copyright: 2026 The MAGIC Viewer contributors
License: Apache-2.0
 On Debian systems, the full text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
"""


def _time() -> int:
    """Of the package's files; SOURCE_DATE_EPOCH makes a build repeatable."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", (ROOT / "CHANGELOG.md").stat().st_mtime))


def _put(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder)


def _link(place: Path, target: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def _pack(content: bytes, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(gzip.compress(content, 9, mtime=0))


def _set_modes(root: Path) -> None:
    """Everyone reads; programs run; nobody but root writes."""
    home = root / "usr" / "lib" / NAME
    programs = {home / NAME, home / "_internal" / "torch" / "bin" / "torch_shm_manager"}
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)


def write_control(root: Path) -> None:
    """Writes what dpkg wants to know of the package."""
    files = files_of(root)
    kilobytes = sum(-(-file.stat().st_size // 1024) for file in files)
    depends = [f"libc6 (>= {libc_needed(files)})", *DEPENDS]
    control = {
        "Package": NAME,
        "Version": version(),
        "Architecture": architecture(),
        "Maintainer": MAINTAINER,
        "Installed-Size": str(kilobytes),
        "Depends": ", ".join(depends),
        "Recommends": ", ".join(RECOMMENDS),
        "Section": "science",
        "Priority": "optional",
    }
    folder = root / "DEBIAN"
    folder.mkdir()
    lines = [f"{name}: {value}\n" for name, value in control.items()]
    text = "".join(lines) + f"Description: {_DESCRIPTION}"
    (folder / "control").write_text(text, encoding="utf-8")
    sums = [f"{_md5(file)}  {file.relative_to(root).as_posix()}\n" for file in sorted(files)]
    (folder / "md5sums").write_text("".join(sums), encoding="utf-8")


def libc_needed(files: Iterable[Path]) -> str:
    """The newest version of the C library that any of the files asks for."""
    wanted = {(2, 17)}
    for file in files:
        with file.open("rb") as opened:
            if opened.read(4) != b"\x7fELF":
                continue
        command = ["objdump", "--private-headers", str(file)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        wanted |= {(int(a), int(b)) for a, b in re.findall(r"\bGLIBC_(\d+)\.(\d+)", shown)}
    return ".".join(map(str, max(wanted)))


def _md5(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "md5").hexdigest()


def main() -> int:
    """Builds the package; the exit status."""
    bundle, root = ROOT / "dist" / NAME, ROOT / "build" / "deb"
    if not bundle.is_dir():
        print("There is no bundle in dist/: make bundle", file=sys.stderr)
        return 1
    shutil.rmtree(root, ignore_errors=True)
    lay_out(bundle, root)
    write_control(root)
    package = ROOT / "dist" / f"{NAME}_{version()}_{architecture()}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z10", "--build"]
    status = subprocess.run([*command, str(root), str(package)]).returncode
    shutil.rmtree(root)
    print(package)
    return status


if __name__ == "__main__":
    sys.exit(main())
