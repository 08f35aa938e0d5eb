"""What the bundle holds beside the code that PyInstaller finds by itself, and what stays out."""

import importlib.util
import json
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "magic-viewer"

# Imported by name at run time, where PyInstaller can't see it.
HIDDEN_IMPORTS = [
    "imagecodecs.imagecodecs",
    "imagecodecs._shared",
    "imagecodecs._shared_cython",
    "imagecodecs._jpeg8",
    "imagecodecs._jpegls",
    "imagecodecs._deflate",
    "imagecodecs._jpeg2k",
    "imagecodecs._zlib",
    "rle.rle",
]

# Found by PyInstaller in some branch of a library that the program never takes.
EXCLUDED_MODULES = [
    "IPython",
    "PySide6.QtDesigner",
    "PySide6.QtHelp",
    "PySide6.QtPrintSupport",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtSql",
    "PySide6.QtUiTools",
    "PySide6.QtXml",
    "cyclonedx",
    "defusedxml",
    "lxml",
    "matplotlib",
    "pip",
    "pytest",
    "readline",  # GPL 3
    "scipy",
    "setuptools",
    "tensorboard",
    "tkinter",
    "torch.utils.tensorboard",
    "_tkinter",
]

# Files in the bundle that nothing needs; the patterns are of places within it.
DROPPED = [
    "torch/test/*",
    "torch/include/*",
    "torch/share/*",
    "torch/testing/_internal/*",
    "torch/bin/*",
    "torch/lib/*.a",
    "torch/lib/*test*",
    "torch/utils/benchmark/*",
    "pyqtgraph/examples/*",
    "*/tests/*.py",
    "PySide6/Qt/translations/*",
    "PySide6/Qt/qml/*",
    "PySide6/Qt/plugins/designer/*",
    "PySide6/Qt/plugins/egldeviceintegrations/*",
    "PySide6/Qt/plugins/generic/*",
    "PySide6/Qt/plugins/networkinformation/*",
    "PySide6/Qt/plugins/printsupport/*",
    "PySide6/Qt/plugins/qml*/*",
    "PySide6/Qt/plugins/sqldrivers/*",
    "PySide6/Qt/plugins/tls/*",
    "PySide6/Qt/plugins/platformthemes/libqgtk3*",
    "PySide6/Qt/plugins/vectorimageformats/*",
    "PySide6/Qt/plugins/platforms/libq[elv]*",
    "PySide6/Qt/plugins/platforms/libqminimal*",
    "PySide6/Qt/plugins/wayland-graphics-integration-server/*",
    "PySide6/Qt/plugins/imageformats/*tiff*",
    "PySide6/Qt/plugins/imageformats/*tga*",
    "PySide6/Qt/plugins/imageformats/*webp*",
    "PySide6/Qt/plugins/imageformats/*pdf*",
    "PySide6/Qt/plugins/platforminputcontexts/*virtualkeyboard*",
    "PySide6/Qt/lib/libQt6Qml*",
    "PySide6/Qt/lib/libQt6Quick*",
    "PySide6/Qt/lib/libQt6VirtualKeyboard*",
    "PySide6/Qt/lib/libQt6Pdf*",
    "PySide6/Qt/lib/libQt6EglFS*",
    "PySide6/Qt/lib/libQt6Sql*",
    "*.dist-info/direct_url.json",
    "*.dist-info/licenses/*",
    "*.dist-info/RECORD",
]
# Without these the above would take what is needed: torch looks for this program when imported.
KEPT = ["torch/bin/torch_shm_manager*"]


def is_dropped(place: str) -> bool:
    """Whether a file of the bundle is left out, by its place in it."""
    place = place.replace("\\", "/")
    if any(fnmatch(place, pattern) for pattern in KEPT):
        return False
    return any(fnmatch(place, pattern) for pattern in DROPPED)


def model_licence(folder: Path) -> str:
    """The licence of a bundled model, in its own words."""
    return str(json.loads((folder / "config.json").read_text(encoding="utf-8"))["licence"])


def bundled_models(with_noncommercial: bool = True) -> list[Path]:
    """The folders of the models that go in."""
    folders = sorted(config.parent for config in (ROOT / "models").glob("*/config.json"))
    return [f for f in folders if with_noncommercial or not is_noncommercial(model_licence(f))]


def is_noncommercial(licence: str) -> bool:
    """Whether a licence allows no commercial use."""
    return "-NC" in licence or "non-commercial" in licence.lower()


def data_files(with_noncommercial: bool = True) -> list[tuple[str, str]]:
    """(file, folder in the bundle) of models, resources and sample scans."""
    files = [ROOT / "models" / "README.md"]
    for folder in [ROOT / "resources", *bundled_models(with_noncommercial)]:
        files += sorted(path for path in folder.rglob("*") if path.is_file())
    own = [(str(path), path.parent.relative_to(ROOT).as_posix()) for path in files]
    return own + _sample_scans()


def _sample_scans() -> list[tuple[str, str]]:
    """The scans keep their places in the packages that bring them; there the program looks."""
    from magic_viewer.imaging.samples import sample_scans

    placed = []
    for scan in sample_scans():
        [package] = [name for name in ("pydicom", "nibabel") if _holds(name, scan)]
        inside = scan.parent.relative_to(_package_folder(package).parent)
        placed.append((str(scan), inside.as_posix()))
    return placed


def _holds(package: str, path: Path) -> bool:
    return path.is_relative_to(_package_folder(package))


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def write_sources(entries: Iterable[tuple[str, str, str]], file: Path) -> None:
    """Keeps where each file of the bundle came from, for notices and the bill of materials.

    Args:
        entries: PyInstaller's (place in the bundle, source, kind).
        file: to write, as JSON.
    """
    found = sorted({(place, source) for place, source, _ in entries if source})
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=0), encoding="utf-8")
