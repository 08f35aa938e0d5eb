"""Screens that exist in memory only, X11 and Wayland, and a hand on a keyboard."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bare_root import PATIENCE_SECONDS, USER, BareRoot, wait_until
from PIL import Image, ImageGrab


@contextmanager
def wayland_session(bare: BareRoot) -> Iterator[dict[str, str]]:
    """A Wayland compositor without a screen; gives the variables that lead the user to it."""
    inside, name = "/run/wayland", "wayland-proof"
    folder = bare.folder / inside.lstrip("/")
    bare.root("mkdir", "-p", "--mode=0700", inside)
    environment = os.environ | {"XDG_RUNTIME_DIR": str(folder)}
    command = ["weston", "--backend=headless-backend.so", f"--socket={name}", "--idle-time=0"]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until((folder / name).exists, "the Wayland compositor started", 20)
        bare.root("chown", "-R", f"{USER}:{USER}", inside)
        yield {"XDG_RUNTIME_DIR": inside, "WAYLAND_DISPLAY": name}
    finally:
        server.terminate()
        server.wait()


class Screen:
    """An X server in memory, and a hand on its keyboard."""

    def __init__(self, number: int = 87, size: str = "1600x1000x24") -> None:
        self.display = f":{number}"
        Path("/tmp/.X11-unix").mkdir(mode=0o1777, exist_ok=True)
        command = ["Xvfb", self.display, "-screen", "0", size, "-ac", "-noreset"]
        command += ["-nolisten", "tcp"]
        self._server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_until(lambda: Path(f"/tmp/.X11-unix/X{number}").exists(), "the X server started")

    def close(self) -> None:
        """Ends the server."""
        self._server.terminate()
        self._server.wait()

    def do(self, *words: str) -> str:
        """One call of xdotool; gives what it prints."""
        environment = os.environ | {"DISPLAY": self.display}
        done = subprocess.run(["xdotool", *words], env=environment, capture_output=True, text=True)
        return done.stdout.strip()

    def windows(self, title: str = "MAGIC Viewer") -> list[str]:
        """Visible windows with a title."""
        return self.do("search", "--onlyvisible", "--name", f"^{title}").split()

    def window(self, title: str = "MAGIC Viewer") -> str:
        """Waits for a window, and gives it the keyboard, as a window manager would."""
        wait_until(lambda: bool(self.windows(title)), f"a window '{title}' appeared")
        window = self.windows(title)[0]
        if title == "MAGIC Viewer":
            self.do("windowsize", "--sync", window, "1600", "1000", "windowmove", window, "0", "0")
        self.do("windowfocus", window)
        return window

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        for key in keys:
            self.do("key", "--clearmodifiers", key)

    def write(self, text: str) -> None:
        """Types a text."""
        self.do("type", "--delay", "20", text)

    def picture(self) -> Image.Image:
        """What is on screen."""
        return ImageGrab.grab(xdisplay=self.display).convert("RGB")

    def settled(self, still_seconds: float = 3.0) -> Image.Image:
        """Waits until nothing has changed for some seconds, and gives the picture."""
        end = time.monotonic() + PATIENCE_SECONDS
        last, since = self.picture(), time.monotonic()
        while time.monotonic() < end:
            time.sleep(0.3)
            now = self.picture()
            if now.tobytes() != last.tobytes():
                last, since = now, time.monotonic()
            elif time.monotonic() - since > still_seconds:
                return now
        raise AssertionError("The screen does not come to rest.")
