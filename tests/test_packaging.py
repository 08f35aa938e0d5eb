import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ROOT]
    build = subprocess.run(command, capture_output=True, text=True)
    if "No matching distribution found for hatchling" in build.stderr:
        pytest.skip("hatchling, which builds the wheel, can't be had from the package index")
    assert build.returncode == 0, build.stderr
    [path] = folder.glob("*.whl")
    return path


def test_that_the_wheel_carries_every_model_and_resource(wheel):
    files = [
        file.relative_to(ROOT).as_posix()
        for folder in ("models", "resources")
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
    ]
    names = zipfile.ZipFile(wheel).namelist()
    data = "magic_viewer/_data/"
    carried = [name.removeprefix(data) for name in names if name.startswith(data)]
    assert "resources/icons/magic-viewer.svg" in carried
    assert sorted(carried) == sorted(files)


def test_that_the_wheel_holds_the_package_and_its_licence_only(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    [info] = tops - {"magic_viewer"}
    assert info.endswith(".dist-info")
    assert f"{info}/licenses/LICENSE" in names


def test_that_an_installed_wheel_finds_its_resources(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "from magic_viewer.paths import resources_folder as f; print(f())"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()) == tmp_path / "magic_viewer" / "_data" / "resources"
