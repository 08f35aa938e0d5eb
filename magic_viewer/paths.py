"""Finds resources/, models/ and the program itself: in a checkout, a wheel or frozen."""

import os
import sys
from pathlib import Path

FIRST_MODEL = "brain-sequence"
MODELS_VARIABLE = "MAGIC_VIEWER_MODELS"
MODEL_SUFFIX = ".magicmodel"
PROGRAM = "MAGIC Viewer"
CODEC_CHILD, ENGINE_CHILD = "codec-child", "engine-child"
"""Words on the command line that make this program one that only decodes images, or runs models."""


def _root() -> Path:
    """The folder that holds resources/ and models/."""
    package = Path(__file__).resolve().parent
    candidates = [package.parent, package / "_data"]
    if hasattr(sys, "_MEIPASS"):
        candidates.insert(0, Path(sys._MEIPASS))
    for folder in candidates:
        if (folder / "models").is_dir() and (folder / "resources").is_dir():
            return folder
    return candidates[0]


def resources_folder() -> Path:
    """Icons and other files the window needs."""
    return _root() / "resources"


def model_folders() -> list[Path]:
    """Every model that can be chosen: one folder each with a config.json, sorted by name.

    Those of the folder named by MAGIC_VIEWER_MODELS come first and hide bundled ones of the
    same name; those hide the user's.
    """
    homes = [Path(os.environ[MODELS_VARIABLE])] if os.environ.get(MODELS_VARIABLE) else []
    homes += [_root() / "models", added_models()]
    found: dict[str, Path] = {}
    for home in homes:
        for config in sorted(home.glob("*/config.json")):
            found.setdefault(config.parent.name, config.parent)
    return [found[name] for name in sorted(found)]


def added_models() -> Path:
    """The user's own folder of models: no upgrade touches it. It need not exist."""
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        home = str(Path.home() / "Library" / "Application Support")
    else:
        home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / PROGRAM / "models"


def is_added(folder: Path) -> bool:
    """Whether a model's folder is one that the user has added."""
    return folder.parent == added_models()


def is_model(path: Path) -> bool:
    """Whether a path is meant as a model: a .magicmodel file, or a folder with a model's parts."""
    if path.suffix.lower() == MODEL_SUFFIX:
        return not path.is_dir()
    return (path / "config.json").is_file() and (path / "weights.safetensors").is_file()


def default_model() -> str:
    """The model used where none is named; an installation need not have the usual one."""
    names = [folder.name for folder in model_folders()]
    return FIRST_MODEL if FIRST_MODEL in names or not names else names[0]


def codec_child_command() -> list[str]:
    """How to start a process that only decodes images."""
    return _child_command(CODEC_CHILD, "magic_viewer.imaging.codec_child")


def engine_child_command() -> list[str]:
    """How to start a process that only runs models."""
    return _child_command(ENGINE_CHILD, "magic_viewer.pipeline.engine_child")


def _child_command(word: str, module: str) -> list[str]:
    if getattr(sys, "frozen", False):
        # On Windows the program of the window has no pipes; the one beside it has.
        program = Path(sys.executable)
        console = program.with_name(f"magic-viewer-cli{program.suffix}")
        return [str(console if console.is_file() else program), word]
    # -P: a module in the folder one happens to be in is not to be imported.
    return [sys.executable, "-P", "-m", module]
