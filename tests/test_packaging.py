import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import smoke

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """What goes to the package index: the sdist and the wheel."""
    folder, tools = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("tools")
    done = pip(sys.executable, "install", "--target", tools, "hatchling>=1.26")
    if "No matching distribution found for hatchling" in done.stderr:
        pytest.skip("hatchling, which builds them, can't be had from the package index")
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "hatchling", "build", "-d", folder]
    environment = os.environ | {"PYTHONPATH": str(tools)}
    build = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert build.returncode == 0, build.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    [path] = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def sdist(built):
    [path] = built.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """An environment that holds pip alone."""
    folder = tmp_path_factory.mktemp("clean") / "environment"
    venv.create(folder, with_pip=True)
    return folder


def pip(python, *words):
    command = [python, "-m", "pip", "--disable-pip-version-check", *words]
    return subprocess.run(command, capture_output=True, text=True)


def carried():
    """The models and resources of the checkout."""
    return sorted(
        file.relative_to(ROOT).as_posix()
        for folder in ("models", "resources")
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
    )


def listing(folder):
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_that_the_wheel_carries_every_model_and_resource(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    data = "magic_viewer/_data/"
    found = [name.removeprefix(data) for name in names if name.startswith(data)]
    assert "resources/icons/magic-viewer.svg" in found
    assert sorted(found) == carried()


def test_that_the_sdist_carries_every_model_and_resource(sdist):
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert sorted(name for name in names if name.startswith(("models/", "resources/"))) == carried()


def test_that_the_wheel_holds_the_package_and_its_licence_only(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    [info] = tops - {"magic_viewer"}
    assert info.endswith(".dist-info")
    assert f"{info}/licenses/LICENSE" in names


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_that_pip_installs_it_away_from_the_checkout_and_leaves_nothing(
    kind, clean, request, monkeypatch
):
    """The dependencies are those of the tests, lent for the run: torch is too large to fetch."""
    for name in ("PYTHONPATH", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    programs = clean / ("Scripts" if os.name == "nt" else "bin")
    [packages] = clean.rglob("site-packages")
    before = listing(clean)

    installed = pip(programs / "python", "install", "--no-deps", request.getfixturevalue(kind))
    assert installed.returncode == 0, installed.stderr
    assert (packages / "magic_viewer").is_dir()
    lent = packages / "lent.pth"
    lent.write_text(sysconfig.get_path("purelib"))
    smoke.main(programs / "magic-viewer")
    lent.unlink()

    removed = pip(programs / "python", "uninstall", "--yes", "magic-viewer")
    assert removed.returncode == 0, removed.stderr
    assert listing(clean) == before
