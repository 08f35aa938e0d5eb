"""Names the system packages that Qt needs and this machine lacks; as root it installs them.

Usage: python3 packaging/system_packages.py [window] [xvfb] [clicks] [proof]

Without a word it checks what the window needs without a screen; `window` adds what it needs on
one, `xvfb` a screen in memory, `clicks` a hand for it, `proof` what makes a bare system. It looks
for the libraries themselves, since the names of the packages differ between releases. Linux only:
elsewhere the wheels bring all they need.
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

# What is loaded -> the Debian or Ubuntu package that brings it.
OFFSCREEN = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
}
WINDOW = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
PROGRAMS = {
    "xvfb": {"xvfb-run": "xvfb", "xauth": "xauth"},
    "clicks": {"xdotool": "xdotool"},
    "proof": {"debootstrap": "debootstrap", "weston": "weston"},
}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def loads(library: str) -> bool:
    """Whether the dynamic linker finds the library and all that it needs in turn."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_font() -> bool:
    """Whether there is any outline font; without one Qt draws boxes for letters."""
    return any(
        file.suffix.lower() in {".ttf", ".otf", ".ttc"}
        for folder in FONT_FOLDERS
        for file in Path(folder).expanduser().rglob("*")
    )


def missing(groups: list[str]) -> dict[str, str]:
    """What this machine lacks -> the package that brings it."""
    libraries = OFFSCREEN | (WINDOW if "window" in groups else {})
    lacks = {name: package for name, package in libraries.items() if not loads(name)}
    for group in PROGRAMS.keys() & set(groups):
        lacks |= {name: of for name, of in PROGRAMS[group].items() if not shutil.which(name)}
    if not has_font():
        lacks["a font"] = "fonts-dejavu-core"
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        lacks[f"ensurepip of Python {version}"] = f"python{version}-venv"
    return lacks


def install(packages: list[str]) -> bool:
    """Install with apt-get, without questions; whether it worked."""
    apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return all(
        subprocess.run([*apt, *words], env=environment, stdin=subprocess.DEVNULL).returncode == 0
        for words in (["update"], ["install", "--no-install-recommends", *packages])
    )


def main(groups: list[str]) -> int:
    """Check the named groups; 0 if nothing is missing any more."""
    lacks = missing(groups) if sys.platform == "linux" else {}
    if not lacks:
        return 0
    packages = sorted(set(lacks.values()))
    print("MAGIC Viewer needs what this machine lacks:", file=sys.stderr)
    for name, package in lacks.items():
        print(f"  {name:32} package {package}", file=sys.stderr)
    if not shutil.which("apt-get"):
        print("Those are Debian's names; install your system's own packages.", file=sys.stderr)
        return 1
    if os.geteuid() != 0:
        names = " ".join(packages)
        print("Install it, then try again:", file=sys.stderr)
        print("  sudo apt-get update", file=sys.stderr)
        print(f"  sudo apt-get install --no-install-recommends {names}", file=sys.stderr)
        return 1
    print("Installing with apt-get.", file=sys.stderr)
    return 0 if install(packages) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
