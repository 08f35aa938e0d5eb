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
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bare_root import BareRoot, call, in_namespace, remove, wait_until
from bare_screen import Screen, wayland_session
from bare_user import BUNDLE, HOME, SAMPLE, SCANS, Person
from bundle_contents import NAME, ROOT

OUT = ROOT / "build" / "proof"
_TOOLS = ("debootstrap", "chroot", "unshare", "mount", "Xvfb", "xdotool")
_WAYLAND_SECONDS, _TIMED_OUT = 10, 124
_DESKTOP = ("desktop-file-utils", "shared-mime-info", "xdg-utils", "libfile-mimeinfo-perl")


class NotTriedError(Exception):
    """A check can't be made on this machine."""


class Proof:
    """The checks, in the order they are made; each is named for the truth that it shows."""

    def __init__(self, bare: BareRoot, screen: Screen, package: Path, series: Path | None) -> None:
        self._bare, self._screen, self._package = bare, screen, package
        self._person = Person(bare, screen, OUT, series)

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
            self.a_double_click_adds_a_model,
            self.a_second_start_hands_its_file_to_the_first,
            self.a_wayland_session_shows_the_window,
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
        except NotTriedError as error:
            return f"not tried, {error}"
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
        status, said = self._person.run(NAME, "--version")
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
        scan, work = self._person.scan(), f"{HOME}/work"
        status, said = self._person.run(NAME, "classify", scan, "--json")
        assert status == 0, said
        answer = json.loads(said.splitlines()[-1])
        status, said = self._person.run(NAME, "attribute", scan, "--out", f"{HOME}/map é.png")
        assert status == 0, said
        assert self._person.in_home("map é.png").stat().st_size > 1000
        words = ("generate", "--label", answer["label"], "--count", "2", "--out", work)
        status, said = self._person.run(NAME, *words)
        assert status == 0, said
        assert len(list(self._person.in_home("work").glob("*.png"))) == 2
        return f"{answer['label']} {answer['probabilities'][answer['label']]:.0%}"

    def the_main_job_works_in_the_window(self) -> str:
        start = time.monotonic()
        process = self._person.start(NAME, self._person.scan())
        self._person.take_window(process)
        shown = time.monotonic() - start
        self._person.accept_licence()
        start = time.monotonic()
        first = self._screen.settled()
        answered = time.monotonic() - start
        first.save(OUT / "1-opened.png")
        self._screen.press("t")
        self._person.keep("2-map-switched", different_from=first)
        self._screen.press("t", "ctrl+Return")
        self._person.keep("3-synthetic", different_from=first)
        self._person.export("view.png")
        self._person.quit(process)
        return f"window after {shown:.1f} s, answered and at rest after {answered:.0f} s"

    def the_whole_job_works_without_a_screen(self) -> str:
        status, said = self._person.run(NAME, "demo")
        assert status == 0, said
        pictures = sorted(self._person.in_home("demo").glob("*.png"))
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
        shutil.rmtree(folder)
        for name in ("Kopf 1.dcm", "Gehirn ü.nii.gz"):
            process = self._person.start("xdg-open", f"{SCANS}/{name}")
            self._person.take_window(process)
            self._screen.settled().save(OUT / f"5-xdg-open-{name.split('.')[-1]}.png")
            self._person.quit(process)
        return "xdg-open of .dcm and .nii.gz"

    def a_double_click_adds_a_model(self) -> str:
        folder = ROOT / "build" / "proof-model" / "phantom"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ROOT / "models" / "scanner-vendor", folder)
        config = folder / "config.json"
        values = json.loads(config.read_text(encoding="utf-8")) | {"title": "Our phantom"}
        config.write_text(json.dumps(values), encoding="utf-8")
        self._bare.give([folder], SCANS)
        shutil.rmtree(folder)
        file = f"{HOME}/Modell ü.magicmodel"
        status, said = self._person.run(NAME, "models", "pack", f"{SCANS}/phantom", file)
        assert status == 0, said
        process = self._person.start("xdg-open", file)
        self._person.take_window(process)
        self._screen.window("Add a model")
        self._screen.settled().save(OUT / "8-add-model.png")
        self._screen.press("Return")
        wait_until(lambda: not self._screen.windows("Add a model"), "the model was added")
        self._screen.settled()
        self._person.quit(process)
        _, said = self._person.run(NAME, "models")
        assert "phantom (added): " in said, said
        return "xdg-open of .magicmodel"

    def a_second_start_hands_its_file_to_the_first(self) -> None:
        first = self._person.start(NAME, SAMPLE)
        self._person.take_window(first)
        before = self._screen.settled()
        status, said = self._person.run(NAME, f"{SCANS}/Kopf 1.dcm", DISPLAY=self._screen.display)
        assert status == 0, said
        wait_until(lambda: self._screen.picture() != before, "the first window shows the file")
        self._person.keep("6-handed-over", different_from=before)
        assert len(self._screen.windows()) == 1
        self._person.quit(first)

    def a_wayland_session_shows_the_window(self) -> str | None:
        if not shutil.which("weston"):
            raise NotTriedError("this machine lacks weston")
        with wayland_session(self._bare) as variables:
            words = ("timeout", str(_WAYLAND_SECONDS), NAME, SAMPLE)
            status, said = self._person.run(*words, **variables, WAYLAND_DEBUG="1")
        assert status == _TIMED_OUT, (status, said[-1000:])
        assert '.set_title("MAGIC Viewer")' in said, said[-1000:]
        assert re.search(r"wl_surface\S*\.commit", said)

    # What may be amiss.

    def a_read_only_installation_works(self) -> None:
        place = str(self._bare.folder / BUNDLE.lstrip("/"))
        call("mount", "--bind", place, place)
        try:
            call("mount", "-o", "remount,bind,ro", place)
            process = self._person.start(NAME, SAMPLE)
            self._person.take_window(process)
            self._screen.settled()
            self._person.quit(process)
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
                NAME, SAMPLE, home="/home/full", DISPLAY=self._screen.display
            )
            self._person.take_window(process)
            self._screen.settled().save(OUT / "7-full-disk.png")
            self._person.quit(process)
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
                status, said = self._person.run(NAME, DISPLAY=self._screen.display)
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
