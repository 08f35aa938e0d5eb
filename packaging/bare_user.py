"""The ordinary user of the bare system, and what such a one does with the program."""

import shutil
import time
from pathlib import Path
from subprocess import Popen

from bare_root import BareRoot, end, wait_until
from bare_screen import Screen
from bundle_contents import NAME
from PIL import Image, ImageChops

HOME = "/home/Zoë Ünal"
SCANS = f"{HOME}/Scans für heute"
BUNDLE = f"/usr/lib/{NAME}"
SAMPLE = f"{BUNDLE}/_internal/nibabel/tests/data/example4d.nii.gz"
_NOTICE_SECONDS = 2.0


class Person:
    """Starts the program, and works in its window by keys.

    Args:
        bare: the system.
        screen: what the person looks at.
        out: where pictures are left.
        series: a real series to open, or None for the sample that the package brings.
    """

    def __init__(self, bare: BareRoot, screen: Screen, out: Path, series: Path | None) -> None:
        self._bare, self._screen, self._out, self._series = bare, screen, out, series

    def start(self, *words: str) -> Popen[str]:
        """Starts a command on the screen."""
        return self._bare.start(*words, home=HOME, DISPLAY=self._screen.display)

    def run(self, *words: str, **variables: str) -> tuple[int, str]:
        """Runs a command without a screen; gives its status and output."""
        return self._bare.user(*words, home=HOME, **variables)

    def in_home(self, name: str) -> Path:
        """A place in the home, as seen from outside."""
        return self._bare.folder / HOME.lstrip("/") / name

    def scan(self) -> str:
        """The scan to open: a real series given, or the sample that the package brings."""
        if self._series is None:
            return SAMPLE
        if not (self.in_home("Scans für heute") / self._series.name).exists():
            self._bare.give([self._series], SCANS)
        return f"{SCANS}/{self._series.name}"

    def take_window(self, process: Popen[str]) -> None:
        """Waits for the program's window, and gives it the keyboard."""
        there = self._screen.windows
        wait_until(lambda: bool(there()) or process.poll() is not None, "the window appeared")
        if process.poll() is not None and process.stdout:
            raise AssertionError(
                f"ended with {process.returncode}: {process.stdout.read()[-1000:]}"
            )
        # It stands over the window at the first start, and whenever the last could keep nothing.
        notice, end_ = "Before you begin", time.monotonic() + _NOTICE_SECONDS
        while time.monotonic() < end_ and not there(notice):
            time.sleep(0.1)
        if there(notice):
            self._screen.window(notice)
            self._screen.press("Return")
            wait_until(lambda: not there(notice), "the notice went")
        self._screen.window()

    def accept_licence(self) -> None:
        """Answers the question in the window before a non-commercial model is first used."""
        self._screen.settled()
        self._screen.press("alt+n")

    def keep(self, name: str, different_from: Image.Image) -> None:
        """Leaves a picture of the screen at rest, which must have changed."""
        picture = self._screen.settled()
        picture.save(self._out / f"{name}.png")
        changed = ImageChops.difference(picture, different_from).getbbox()
        assert changed, f"{name}: the key changed nothing on screen"

    def export(self, name: str) -> None:
        """Saves the view in the folder that the dialog offers."""
        self._screen.press("ctrl+s")
        self._screen.window("Save view")
        self._screen.press("ctrl+a")
        self._screen.write(name)
        self._screen.press("Return")
        home = self.in_home("")
        wait_until(lambda: any(map(_is_picture, home.rglob(name))), "the view was saved", 30)
        [saved] = home.rglob(name)
        shutil.copy(saved, self._out / "4-exported.png")

    def quit(self, process: Popen[str]) -> None:
        """Ends the program by its key, and looks whether it went well."""
        self._screen.window()
        self._screen.press("ctrl+q")
        try:
            wait_until(lambda: process.poll() is not None, "the program quit", 30)
        finally:
            end(process)
        said = process.stdout.read() if process.stdout else ""
        assert process.returncode == 0, (process.returncode, said[-1000:])


def _is_picture(file: Path) -> bool:
    try:
        with Image.open(file) as image:
            image.load()
    except OSError:
        return False
    return True
