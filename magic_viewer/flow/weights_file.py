"""Files of weights: one door, through which no code gets."""

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from magic_viewer.errors import ModelError

STATE = "model_state_dict"
"""Where the published code's checkpoints have their weights."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """The named tensors of a safetensors file, or of a file as torch.save writes it.

    Of a checkpoint with `model_state_dict` that alone is taken. Code in a pickle is never run.

    Raises:
        ModelError: if the file is missing, damaged, or holds anything but named tensors.
    """
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"{path}: expected weights in safetensors form; can't be read."
            ) from error
    saved = _read_torch(path)
    state = saved.get(STATE, saved) if isinstance(saved, dict) else None
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelError(f"{path}: expected a checkpoint with {STATE}; it has none.")
    return {str(name): value for name, value in state.items()}


def _read_torch(path: Path) -> object:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as members:
                if any(m.compress_type != zipfile.ZIP_STORED for m in members.infolist()):
                    raise ModelError(
                        f"{path}: has compressed members, which torch never writes; not opened."
                    )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles that torch didn't write; refused anyway
            loaded: object = torch.load(path, map_location="cpu", weights_only=True)
            return loaded
    except (
        OSError, RuntimeError, pickle.UnpicklingError, EOFError, KeyError, ValueError,
        zipfile.BadZipFile,
    ) as error:  # fmt: skip
        raise ModelError(
            f"{path}: expected a checkpoint of plain tensors, as torch.save writes; it can't be "
            "read, or holds code, which is never run."
        ) from error
