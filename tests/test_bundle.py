"""What the bundle is made of, looked at without building one."""

import re
import runpy
import subprocess
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from bundle_contents import (
    EXCLUDED_MODULES,
    HIDDEN_IMPORTS,
    ROOT,
    bundled_models,
    data_files,
    is_dropped,
    is_noncommercial,
    model_licence,
)
from components import Component
from notices import NoLicenceError, write_notices

from magic_viewer import paths
from magic_viewer.imaging.samples import sample_scans

COMPONENT = Component("thing", "1.0", "pypi", "MIT", "", (("LICENSE", "Do what you like."),))


def test_that_the_bundle_holds_every_model_resource_and_sample_scan():
    carried = {Path(source) for source, _ in data_files()}
    for folder in ("models", "resources"):
        assert {file for file in (ROOT / folder).rglob("*") if file.is_file()} <= carried
    assert set(sample_scans()) <= carried


def test_that_sample_scans_lie_where_the_program_looks_for_them():
    places = {Path(source).name: place for source, place in data_files()}
    assert places["CT_small.dcm"] == "pydicom/data/test_files"
    assert places["example4d.nii.gz"] == "nibabel/tests/data"


def test_that_a_bundle_for_commerce_has_no_model_under_a_noncommercial_licence():
    kept = bundled_models(with_noncommercial=False)
    assert kept
    assert not any(is_noncommercial(model_licence(folder)) for folder in kept)
    assert len(kept) < len(bundled_models())
    carried = {Path(source).parent.name for source, _ in data_files(with_noncommercial=False)}
    assert "brain-sequence" not in carried
    assert "modality" in carried


def test_that_every_codec_the_program_names_is_in_the_bundle():
    names = set()
    for file in (ROOT / "magic_viewer").rglob("*.py"):
        for found in re.findall(r"from imagecodecs import ([\w, ]+)", file.read_text("utf-8")):
            names |= set(found.split(", "))
    code = f"from imagecodecs import {', '.join(names)}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("imagecodecs._")}
    assert loaded <= set(HIDDEN_IMPORTS)


@pytest.mark.parametrize(
    "place",
    [
        "torch/lib/libtorch_cpu.so",
        "torch/bin/torch_shm_manager",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/Qt/plugins/imageformats/libqsvg.so",
        "nibabel/tests/data/example4d.nii.gz",
        "models/modality/weights.safetensors",
    ],
)
def test_that_what_the_program_needs_is_not_dropped(place):
    assert not is_dropped(place)


@pytest.mark.parametrize(
    "place",
    [
        "torch/test/test_api",
        "torch/include/ATen/ATen.h",
        "torch/bin/protoc",
        "PySide6\\Qt\\plugins\\sqldrivers\\qsqlite.dll",
        "magic_viewer-0.1.0.dist-info/direct_url.json",
    ],
)
def test_that_what_only_developers_need_is_dropped(place):
    assert is_dropped(place)


def test_that_a_package_without_a_licence_text_stops_the_build(tmp_path):
    bare = Component("bare", "1.0", "pypi", "MIT", "", ())
    with pytest.raises(NoLicenceError, match="bare"):
        write_notices([COMPONENT, bare], [], tmp_path / "notices.txt")


def test_that_the_notices_name_each_package_and_model_and_print_a_text_once(tmp_path):
    other = Component("other", "2.0", "pypi", "MIT", "", COMPONENT.texts)
    write_notices([COMPONENT, other], bundled_models(), tmp_path / "notices.txt")
    text = (tmp_path / "notices.txt").read_text(encoding="utf-8")
    for name in ("thing 1.0", "other 2.0", *(folder.name for folder in bundled_models())):
        assert name in text
    assert text.count("Do what you like.") == 1


def test_that_every_dependency_has_a_licence_text():
    from importlib.metadata import requires

    from components import _named, _of_distribution

    for requirement in requires("magic-viewer") or ():
        if "extra ==" in requirement:
            continue
        [name] = re.findall(r"^[\w.-]+", requirement)
        key = re.sub(r"[-_.]+", "-", name).lower()
        assert _of_distribution(_named(key)).texts, key


def test_that_the_bill_of_materials_follows_its_schema(tmp_path):
    pytest.importorskip("cyclonedx", reason="needs the extra `package`")
    from bill import write_bill

    write_bill([COMPONENT], bundled_models(), tmp_path / "bill.json")
    assert '"bomFormat": "CycloneDX"' in (tmp_path / "bill.json").read_text(encoding="utf-8")


@pytest.fixture
def run_recipe(monkeypatch, tmp_path):
    """Gives a function that runs the recipe as PyInstaller would on some system."""

    def run(system):
        made = {name: MagicMock() for name in ("Analysis", "PYZ", "EXE", "COLLECT", "BUNDLE")}
        made["Analysis"].return_value = MagicMock(pure=[], binaries=[], datas=[])
        hooks = types.ModuleType("PyInstaller.utils.hooks")
        hooks.collect_data_files = lambda name: []
        hooks.collect_submodules = lambda name: [name]
        hooks.copy_metadata = lambda name, recursive: []
        for name in ("PyInstaller", "PyInstaller.utils"):
            monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        monkeypatch.setitem(sys.modules, hooks.__name__, hooks)
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setattr(sys, "argv", ["pyinstaller"])
        recipe = ROOT / "packaging" / "magic-viewer.spec"
        globals_ = made | {"SPECPATH": str(recipe.parent), "workpath": str(tmp_path / "work")}
        runpy.run_path(str(recipe), init_globals=globals_)
        return made

    return run


def test_that_the_recipe_makes_one_program_on_linux(run_recipe):
    made = run_recipe("linux")
    assert [call.kwargs["name"] for call in made["EXE"].call_args_list] == ["magic-viewer"]
    asked = made["Analysis"].call_args
    assert all(Path(script).is_file() for script in asked.args[0])
    assert all(Path(source).is_file() for source, _ in asked.kwargs["datas"])
    assert asked.kwargs["excludes"] == EXCLUDED_MODULES
    assert not made["BUNDLE"].called


def test_that_the_recipe_makes_a_console_program_too_on_windows(run_recipe):
    calls = run_recipe("win32")["EXE"].call_args_list
    consoles = {call.kwargs["name"]: call.kwargs["console"] for call in calls}
    assert consoles == {"magic-viewer": False, "magic-viewer-cli": True}
    assert all(call.kwargs["icon"].endswith(".ico") for call in calls)


def test_that_the_recipe_makes_an_app_that_opens_scans_on_macos(run_recipe):
    made = run_recipe("darwin")
    app = made["BUNDLE"].call_args.kwargs
    assert Path(made["EXE"].call_args.kwargs["entitlements_file"]).is_file()
    endings = {
        ending
        for kind in app["info_plist"]["CFBundleDocumentTypes"]
        for ending in kind["CFBundleTypeExtensions"]
    }
    assert {"dcm", "nii", "magicmodel"} <= endings


@pytest.mark.parametrize(
    ("beside", "chosen"), [(False, "magic-viewer"), (True, "magic-viewer-cli")]
)
def test_that_a_frozen_program_is_its_own_child(monkeypatch, tmp_path, beside, chosen):
    if beside:
        (tmp_path / "magic-viewer-cli").touch()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "magic-viewer"))
    assert paths.codec_child_command() == [str(tmp_path / chosen), "codec-child"]


def test_that_an_installation_without_the_usual_model_begins_with_one_it_has(monkeypatch):
    assert paths.default_model() == paths.FIRST_MODEL
    kept = bundled_models(with_noncommercial=False)
    monkeypatch.setattr(paths, "model_folders", lambda: kept)
    assert paths.default_model() == "modality"
