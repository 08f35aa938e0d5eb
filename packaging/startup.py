"""How long the bundle takes from its start to its window, with cold and with warm files.

Usage: python packaging/startup.py [--runs N]. Needs Xvfb and xdotool. It ends with 1 when the
window takes longer than it may.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bare_root import wait_until
from bare_screen import Screen
from bundle_contents import NAME, ROOT
from sizes import files_of

BUDGET_SECONDS = 2.0


def forget(bundle: Path) -> None:
    """Has the system read the bundle's files from disk the next time, where it can be asked to."""
    if not hasattr(os, "posix_fadvise"):
        return
    os.sync()
    for path in files_of(bundle):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def seconds_to_window(bundle: Path, screen: Screen) -> float:
    """Starts the program with an empty home, waits for its window, and ends it."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"DISPLAY": screen.display, "HOME": home}
        environment.pop("QT_QPA_PLATFORM", None)
        start = time.monotonic()
        process = subprocess.Popen([bundle / NAME], env=environment)
        wait_until(lambda: bool(screen.windows()), "the window appeared")
        seconds = time.monotonic() - start
        process.terminate()
        process.wait()
        wait_until(lambda: not screen.windows(), "the window went")
    return seconds


def main() -> int:
    """Measures and prints; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=ROOT / "dist" / NAME)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    screen = Screen()
    try:
        cold = []
        for _ in range(options.runs):
            forget(options.bundle)
            cold.append(seconds_to_window(options.bundle, screen))
        warm = [seconds_to_window(options.bundle, screen) for _ in range(options.runs)]
    finally:
        screen.close()
    for name, times in (("cold", cold), ("warm", warm)):
        median, most = statistics.median(times), max(times)
        print(
            f"{name} files: window after {median:.2f} s (median of {len(times)}; most {most:.2f})"
        )
    late = statistics.median(cold) > BUDGET_SECONDS
    print(f"at most {BUDGET_SECONDS:g} s with cold files{': TOO LATE' if late else ''}")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
