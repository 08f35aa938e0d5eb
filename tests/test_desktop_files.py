"""What the packages tell the systems they are installed on."""

import configparser
import gzip
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import debian_package
import pytest
from bundle_contents import NAME, ROOT
from icons import SIZES, draw_icon

from magic_viewer.cli import _parser

LINUX = ROOT / "packaging" / "linux"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A root with the package's files, made of a bundle that holds next to nothing."""
    folder = tmp_path_factory.mktemp("package")
    bundle = folder / "bundle"
    (bundle / "_internal").mkdir(parents=True)
    (bundle / NAME).write_text("#!/bin/sh\n")
    root = folder / "root"
    debian_package.lay_out(bundle, root)
    return root


def test_that_the_desktop_entry_opens_every_kind_of_file_that_is_declared():
    entry = configparser.ConfigParser(interpolation=None)
    entry.read(LINUX / f"{NAME}.desktop", encoding="utf-8")
    opens = entry["Desktop Entry"]["MimeType"].strip(";").split(";")
    namespace = "{http://www.freedesktop.org/standards/shared-mime-info}"
    declared = ElementTree.parse(LINUX / f"{NAME}.xml").getroot().findall(f"{namespace}mime-type")
    assert sorted(opens) == sorted(kind.get("type") for kind in declared)
    patterns = {glob.get("pattern") for kind in declared for glob in kind.iter(f"{namespace}glob")}
    assert patterns == {"*.dcm", "DICOMDIR", "*.nii", "*.nii.gz", "*.magicmodel"}
    assert entry["Desktop Entry"]["Exec"] == f"{NAME} %F"


def test_that_the_manual_page_names_every_command():
    page = (LINUX / f"{NAME}.1").read_text(encoding="utf-8")
    for command in _parser()[1]:
        assert re.search(rf"\b{command}\b", page), command


def test_that_the_program_is_on_the_path(installed):
    link = installed / "usr" / "bin" / NAME
    assert link.resolve() == (installed / "usr" / "lib" / NAME / NAME).resolve()
    assert link.resolve().stat().st_mode & 0o777 == 0o755


def test_that_the_icon_is_there_in_every_size(installed):
    from PIL import Image

    for size in SIZES:
        file = installed / f"usr/share/icons/hicolor/{size}x{size}/apps/{NAME}.png"
        with Image.open(file) as image:
            assert image.size == (size, size)
            assert image.getchannel("A").getextrema()[1] == 255
    assert (installed / f"usr/share/icons/hicolor/scalable/apps/{NAME}.svg").is_file()


def test_that_an_icon_is_drawn_and_not_empty():
    assert len(draw_icon(64)) > 500


def test_that_documents_and_the_manual_page_are_packed(installed):
    for name in ("changelog.gz", "changelog.Debian.gz"):
        assert gzip.decompress((installed / "usr/share/doc" / NAME / name).read_bytes())
    assert (installed / "usr/share/doc" / NAME / "copyright").is_file()
    assert (installed / f"usr/share/man/man1/{NAME}.1.gz").is_file()


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is of Debian")
@pytest.mark.skipif(not shutil.which("objdump"), reason="objdump isn't here")
def test_that_dpkg_takes_the_package(installed, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(installed, root, symlinks=True)
    debian_package.write_control(root)
    package = tmp_path / "small.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root), str(package)]
    subprocess.run(command, check=True, capture_output=True)
    fields = subprocess.run(
        ["dpkg-deb", "--field", str(package)], check=True, capture_output=True, text=True
    ).stdout
    assert "libegl1" in fields
    assert re.search(r"Depends: libc6 \(>= 2\.\d+\)", fields)


def test_that_the_installers_sources_exist():
    script = (ROOT / "packaging" / "windows" / f"{NAME}.iss").read_text(encoding="utf-8")
    licence = re.findall(r"^LicenseFile=(.+)$", script, re.MULTILINE)
    assert licence == [r"..\..\LICENSE"]
    assert (ROOT / "LICENSE").is_file()
    for ending in (".dcm", ".nii", ".magicmodel"):
        assert rf"Software\Classes\{ending}\OpenWithProgids" in script


def test_that_the_release_runs_only_scripts_that_exist():
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    scripts = set(re.findall(r"packaging[/\\][\w/\\.-]+\.\w+", workflow))
    assert len(scripts) >= 4
    for script in scripts:
        assert (ROOT / script.replace("\\", "/")).is_file(), script
