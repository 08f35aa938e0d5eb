"""A bare Debian without Python in a folder, and a user in it without network.

For prove.py. It needs root, debootstrap and unshare. Mounts are made in a
namespace of their own, so that none outlives the program.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

USER = 1000
MIRROR = "http://deb.debian.org/debian"
PATIENCE_SECONDS = 90.0


_MOUNTS = {
    "proc": ("-t", "proc", "proc"),
    "dev/shm": ("-t", "tmpfs", "-o", "mode=1777", "tmpfs"),
    "tmp/.X11-unix": ("--bind", "/tmp/.X11-unix"),
}
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


class BareRoot:
    """The root, with proc, devices and the screen's socket in it."""

    def __init__(self, folder: Path, suite: str) -> None:
        self.folder = folder
        if not (folder / "usr/bin/apt-get").exists():
            call("debootstrap", "--variant=minbase", suite, str(folder), MIRROR)
        # debootstrap made the devices; the machine's own are not let in.
        for place, words in _MOUNTS.items():
            inside = folder / place
            inside.mkdir(parents=True, exist_ok=True)
            call("mount", *words, str(inside))

    def root(self, *words: str) -> str:
        """Runs a command in it as root, with the network; gives its output."""
        environment = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "PATH": _PATH}
        return call("chroot", str(self.folder), *words, env=environment)

    def add_user(self, home: str) -> None:
        """Makes the ordinary user, with an empty home."""
        self.root("rm", "-rf", home)
        self.root(
            "sh", "-c", f"id user >/dev/null 2>&1 || useradd --uid {USER} --shell /bin/sh user"
        )
        self.root("mkdir", "-p", home)
        self.root("chown", f"{USER}:{USER}", home)

    def give(self, files: list[Path], folder: str) -> None:
        """Copies files or folders for the user to find."""
        self.root("mkdir", "-p", folder)
        for path in files:
            target = self.folder / folder.lstrip("/") / path.name
            shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)
        self.root("chown", "-R", f"{USER}:{USER}", folder)

    def start(self, *words: str, home: str, **variables: str) -> subprocess.Popen[str]:
        """Starts a command as the user, without any network but its own loopback."""
        environment = {"HOME": home, "PATH": _PATH, "LANG": "C.UTF-8", "USER": "user"} | variables
        inside = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
        changed = ["sh", "-c", 'cd "$HOME"; exec "$@"', "sh", *words]
        # The groups go too: root's may read more.
        as_user = ["chroot", "--userspec", f"{USER}:{USER}", "--groups=", str(self.folder)]
        return subprocess.Popen(
            ["unshare", "--net", *as_user, *inside, *changed],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def user(self, *words: str, home: str, **variables: str) -> tuple[int, str]:
        """Runs a command as the user; gives its status and output."""
        process = self.start(*words, home=home, **variables)
        output, _ = process.communicate(timeout=600)
        return process.returncode, output

    def files(self) -> set[str]:
        """Every file but those of the kernel, the package manager's memory and scratch."""
        found = set()
        for top in ("etc", "home", "opt", "root", "usr", "var"):
            for folder, folders, names in os.walk(self.folder / top):
                place = Path(folder).relative_to(self.folder)
                found |= {str(place / name) for name in names + folders}
        passing = ("var/cache", "var/lib/apt", "var/lib/dpkg", "var/log")
        return {name for name in found if not name.startswith(passing)}


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> float:
    """Waits for something; gives the seconds it took.

    Raises:
        AssertionError: it did not become so.
    """
    start = time.monotonic()
    while not is_so():
        assert time.monotonic() - start < seconds, f"Not in {seconds:g} s: {what}."
        time.sleep(0.02)
    return time.monotonic() - start


def call(*words: str, env: dict[str, str] | None = None) -> str:
    """Runs a command; gives its output.

    Raises:
        AssertionError: it failed; with what it said.
    """
    done = subprocess.run(
        words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout[-2000:]}"
    return done.stdout


def in_namespace(marker: str) -> int | None:
    """Starts this program again where its mounts are its own.

    Returns:
        Its exit status, when no mount of it is left; None inside, where there is work to do.
    """
    if os.environ.get(marker):
        return None
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv]
    return subprocess.run(command, env=os.environ | {marker: "1"}).returncode


def remove(folder: Path) -> None:
    """Removes a bare root, but never what is mounted in it.

    Raises:
        AssertionError: something is.
    """
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").split("\n")
    inside = [line for line in mounts if f" {folder.resolve()}/" in line]
    assert not inside, inside
    shutil.rmtree(folder, ignore_errors=True)


def end(process: "subprocess.Popen[str]") -> None:
    """Ends a process that should have ended by itself."""
    with suppress(OSError):
        process.kill()
    process.wait()
