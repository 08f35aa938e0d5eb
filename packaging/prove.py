"""Proves that the Debian package works on a bare system, as far as one without a person can.

Usage (as root): python packaging/prove.py [--series FOLDER] [--keep]. It makes a bare Debian root
with debootstrap, installs the package from dist/ with apt, and goes through the main job as an
ordinary user with an empty home and no network, by keys on a screen in memory. Pictures and
report.json are left in build/proof/. It ends with 1 if anything isn't as it should be, and with 0
and a reason if it can't be tried here.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

from bare_root import BareRoot, Screen, call, end, in_namespace, remove, wait_until
from bundle_contents import NAME, ROOT
from PIL import Image, ImageChops

HOME = "/home/Zoë Ünal"
SCANS = f"{HOME}/Scans für heute"
OUT = ROOT / "build" / "proof"
BUNDLE = f"/usr/lib/{NAME}"
SAMPLE = f"{BUNDLE}/_internal/nibabel/tests/data/example4d.nii.gz"
_TOOLS = ("debootstrap", "chroot", "unshare", "mount", "Xvfb", "xdotool")
_NOTICE_SECONDS = 2.0
_DESKTOP = ("desktop-file-utils", "shared-mime-info", "xdg-utils", "libfile-mimeinfo-perl")


class Proof:
    """The checks, in the order they are made; each is named for the truth that it shows."""

    def __init__(self, bare: BareRoot, screen: Screen, package: Path, series: Path | None) -> None:
        self._bare, self._screen, self._package = bare, screen, package
        self._series = series
        self._facts: dict[str, float] = {}

    def run(self) -> dict[str, str]:
        """Gives each check's outcome: "yes" with a figure, or what was wrong."""
        outcomes = {}
        for check in (
            self.the_package_installs_without_python,
            self.nothing_the_window_loads_is_missing,
            self.the_command_line_classifies_explains_and_draws,
            self.the_main_job_works_in_the_window,
            self.the_whole_job_works_without_a_screen,
            self.a_double_click_opens_each_kind_of_file,
            self.a_second_start_hands_its_file_to_the_first,
            self.a_read_only_installation_works,
            self.a_full_home_disk_costs_only_what_is_kept,
            self.a_missing_library_gives_a_sentence,
            self.a_missing_graphics_library_gives_a_sentence,
            self.purging_leaves_nothing,
        ):
            name = check.__name__.replace("_", " ")
            outcomes[name] = self._outcome(check)
            print(f"{name}: {outcomes[name]}", flush=True)
        return outcomes

    def _outcome(self, check: Callable[[], str | None]) -> str:
        try:
            return f"yes{', ' + said if (said := check()) else ''}"
        except Exception as error:  # noqa: BLE001 - the others are to be tried too
            self._screen.picture().save(OUT / f"failed-{check.__name__}.png")
            return f"NO: {type(error).__name__} {error}"
        finally:
            for window in self._screen.windows(""):
                self._screen.do("windowkill", window)

    # The installation.

    def the_package_installs_without_python(self) -> str:
        self._bare.root("apt-get", "update")
        install = ("apt-get", "install", "--yes", "--no-install-recommends")
        depends = [name.strip() for name in self._control("Depends").split(",")]
        plain = [name.split(" ")[0] for name in depends]
        self._bare.root(*install, *plain, *_DESKTOP)
        self._before = self._bare.files()
        shutil.copy(self._package, self._bare.folder / "package.deb")
        start = time.monotonic()
        self._bare.root(*install, "/package.deb")
        took = time.monotonic() - start
        (self._bare.folder / "package.deb").unlink()
        for program in ("python3", "gcc"):
            assert not list(self._bare.folder.glob(f"usr/bin/{program}*")), program
        self._bare.add_user(HOME)
        status, said = self._user(NAME, "--version")
        assert status == 0, said
        return f"{said.strip()}, in {took:.0f} s"

    def _control(self, field: str) -> str:
        return call("dpkg-deb", "--field", str(self._package), field)

    def nothing_the_window_loads_is_missing(self) -> str:
        inside = self._bare.folder / BUNDLE.lstrip("/") / "_internal"
        plugins = sorted((inside / "PySide6/Qt/plugins").rglob("*.so"))
        missing = set()
        for plugin in plugins:
            place = f"/{plugin.relative_to(self._bare.folder)}"
            # The bundle's loader has libraries looked for there first.
            path = f"LD_LIBRARY_PATH={BUNDLE}/_internal"
            for line in self._bare.root("env", path, "ldd", place).splitlines():
                if "not found" in line:
                    missing.add(f"{plugin.name}: {line.split()[0]}")
        assert not missing, sorted(missing)
        return f"{len(plugins)} plugins of Qt"

    # The main job.

    def the_command_line_classifies_explains_and_draws(self) -> str:
        scan, work = self._scan(), f"{HOME}/work"
        status, said = self._user(NAME, "classify", scan, "--json")
        assert status == 0, said
        answer = json.loads(said.splitlines()[-1])
        status, said = self._user(NAME, "attribute", scan, "--out", f"{HOME}/map é.png")
        assert status == 0, said
        assert self._in_home("map é.png").stat().st_size > 1000
        words = ("generate", "--label", answer["label"], "--count", "2", "--out", work)
        status, said = self._user(NAME, *words)
        assert status == 0, said
        assert len(list(self._in_home("work").glob("*.png"))) == 2
        return f"{answer['label']} {answer['probabilities'][answer['label']]:.0%}"

    def the_main_job_works_in_the_window(self) -> str:
        start = time.monotonic()
        process = self._start(NAME, self._scan())
        self._take_window(process)
        shown = time.monotonic() - start
        first = self._screen.settled()
        answered = time.monotonic() - start
        first.save(OUT / "1-opened.png")
        self._screen.press("t")
        self._keep("2-map-switched", different_from=first)
        self._screen.press("t", "ctrl+Return")
        self._keep("3-synthetic", different_from=first)
        self._export("view.png")
        self._quit(process)
        return f"window after {shown:.1f} s, at rest after {answered:.0f} s"

    def _take_window(self, process: Popen[str]) -> None:
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

    def _keep(self, name: str, different_from: Image.Image) -> None:
        picture = self._screen.settled()
        picture.save(OUT / f"{name}.png")
        changed = ImageChops.difference(picture, different_from).getbbox()
        assert changed, f"{name}: the key changed nothing on screen"

    def _export(self, name: str) -> None:
        """Saves the view in the folder that the dialog offers."""
        self._screen.press("ctrl+s")
        self._screen.window("Save view")
        self._screen.press("ctrl+a")
        self._screen.write(name)
        self._screen.press("Return")
        home = self._in_home("")
        wait_until(lambda: any(map(_is_picture, home.rglob(name))), "the view was saved", 30)
        [saved] = home.rglob(name)
        shutil.copy(saved, OUT / "4-exported.png")

    def _quit(self, process: "Popen[str]") -> None:
        self._screen.window()
        self._screen.press("ctrl+q")
        try:
            wait_until(lambda: process.poll() is not None, "the program quit", 30)
        finally:
            end(process)
        said = process.stdout.read() if process.stdout else ""
        assert process.returncode == 0, (process.returncode, said[-1000:])

    def the_whole_job_works_without_a_screen(self) -> str:
        status, said = self._user(NAME, "demo")
        assert status == 0, said
        pictures = sorted(self._in_home("demo").glob("*.png"))
        assert len(pictures) == 3, said
        return f"{len(pictures)} pictures"

    def a_double_click_opens_each_kind_of_file(self) -> str:
        sample = self._bare.folder / SAMPLE.lstrip("/")
        dicom = sample.parents[3] / "pydicom/data/test_files/CT_small.dcm"
        folder = ROOT / "build" / "proof-scans"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(dicom, folder / "Kopf 1.dcm")
        shutil.copy(sample, folder / "Gehirn ü.nii.gz")
        self._bare.give(sorted(folder.iterdir()), SCANS)
        for name in ("Kopf 1.dcm", "Gehirn ü.nii.gz"):
            process = self._start("xdg-open", f"{SCANS}/{name}")
            self._take_window(process)
            self._screen.settled().save(OUT / f"5-xdg-open-{name.split('.')[-1]}.png")
            self._quit(process)
        return "xdg-open of .dcm and .nii.gz"

    def a_second_start_hands_its_file_to_the_first(self) -> None:
        first = self._start(NAME, SAMPLE)
        self._take_window(first)
        before = self._screen.settled()
        status, said = self._user(NAME, f"{SCANS}/Kopf 1.dcm", display=self._screen.display)
        assert status == 0, said
        wait_until(lambda: self._screen.picture() != before, "the first window shows the file")
        self._keep("6-handed-over", different_from=before)
        assert len(self._screen.windows()) == 1
        self._quit(first)

    # What may be amiss.

    def a_read_only_installation_works(self) -> None:
        place = str(self._bare.folder / BUNDLE.lstrip("/"))
        call("mount", "--bind", place, place)
        try:
            call("mount", "-o", "remount,bind,ro", place)
            process = self._start(NAME, SAMPLE)
            self._take_window(process)
            self._screen.settled()
            self._quit(process)
        finally:
            call("umount", place)

    def a_full_home_disk_costs_only_what_is_kept(self) -> None:
        home = self._bare.folder / "home" / "full"
        home.mkdir(exist_ok=True)
        call("mount", "-t", "tmpfs", "-o", "size=64k,mode=0777", "tmpfs", str(home))
        try:
            with (home / "fill").open("wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 4096):
                        pass
                except OSError:
                    pass
            process = self._bare.start(
                NAME, SAMPLE, home="/home/full", display=self._screen.display
            )
            self._take_window(process)
            self._screen.settled().save(OUT / "7-full-disk.png")
            self._quit(process)
        finally:
            call("umount", str(home))

    def a_missing_library_gives_a_sentence(self) -> str:
        return self._sentence_without("libxcb-cursor.so.0", "libxcb.so.1", "libxkbcommon-x11.so.0")

    def a_missing_graphics_library_gives_a_sentence(self) -> str:
        return self._sentence_without("libEGL.so.1", "libGL.so.1")

    def _sentence_without(self, *names: str) -> str:
        """Takes one library after the other away, in the bundle and in the system."""
        for name in names:
            inside = self._bare.folder / BUNDLE.lstrip("/") / "_internal"
            places = [*inside.glob(name), *self._bare.folder.glob(f"usr/lib/*/{name}")]
            assert places, f"{name} is nowhere"
            for place in places:
                place.rename(place.with_name(f"{place.name}.away"))
            try:
                status, said = self._user(NAME, display=self._screen.display)
            finally:
                for place in places:
                    place.with_name(f"{place.name}.away").rename(place)
            assert status == 2, (name, status, said)
            assert name in said, said
            assert "Traceback" not in said, said
        return said.strip()

    def purging_leaves_nothing(self) -> None:
        self._bare.root("rm", "-rf", HOME, "/home/full")
        self._bare.root("apt-get", "purge", "--yes", NAME)
        left = self._bare.files() - self._before
        left = {name for name in left if not name.startswith(("etc/", "var/spool", "var/mail"))}
        assert not left, sorted(left)[:20]
        self._bare.root(
            "sh", "-c", "! grep -rl magic-viewer /usr/share/applications /usr/share/mime"
        )

    # Words for what is done often.

    def _scan(self) -> str:
        """The scan to open: a real series given, or the sample that the package brings."""
        if self._series is None:
            return SAMPLE
        if not (self._in_home("Scans für heute") / self._series.name).exists():
            self._bare.give([self._series], SCANS)
        return f"{SCANS}/{self._series.name}"

    def _in_home(self, name: str) -> Path:
        return self._bare.folder / HOME.lstrip("/") / name

    def _user(self, *words: str, display: str | None = None) -> tuple[int, str]:
        return self._bare.user(*words, home=HOME, display=display)

    def _start(self, *words: str) -> "Popen[str]":
        return self._bare.start(*words, home=HOME, display=self._screen.display)


def _is_picture(file: Path) -> bool:
    try:
        with Image.open(file) as image:
            image.load()
    except OSError:
        return False
    return True


def why_not() -> str:
    """Why it can't be tried here, or nothing."""
    if os.geteuid() != 0:
        return "it needs root, for chroot and mounts"
    lacking = [tool for tool in _TOOLS if not shutil.which(tool)]
    return f"this machine lacks {', '.join(lacking)}" if lacking else ""


def main() -> int:
    """Makes the proof; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=Path, help="a folder or file to open")
    parser.add_argument("--root", type=Path, default=ROOT / "build" / "bare-root")
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--keep", action="store_true", help="leave the root for another time")
    options = parser.parse_args()
    if reason := why_not():
        print(f"The proof is skipped: {reason}.")
        return 0
    status = in_namespace("MAGIC_VIEWER_PROOF")
    if status is not None:
        if not options.keep:
            remove(options.root)
        return status
    package = max((ROOT / "dist").glob("*.deb"), key=lambda path: path.stat().st_mtime)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    screen = Screen()
    try:
        bare = BareRoot(options.root, options.suite)
        outcomes = Proof(bare, screen, package, options.series).run()
    finally:
        screen.close()
    report = {"package": package.name, "checks": outcomes}
    (OUT / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False))
    return int(any(outcome.startswith("NO") for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
