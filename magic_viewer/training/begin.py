"""Beginning from a trained model, whose images and classes may be others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from magic_viewer.errors import RequestError
from magic_viewer.flow.checkpoint import config_from_json, load_weights, weights_hash
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.library import read_bundle
from magic_viewer.training.score import scale_scores

IMAGES = 48
"""Of each class, on which the class to begin as is chosen."""


@dataclass(frozen=True, eq=False)
class Beginning:
    """A model to begin from.

    Attributes:
        flow: of it, not folded.
        about: for the record: its name, its weights' hash and, where it was trained on the same
            data, `split`: task, share and seed by which its validation patients are found again.
    """

    flow: ConditionalFlow
    about: dict[str, Any]


def read_beginning(folder: Path, data: Path, size: int, fold: int) -> Beginning:
    """Reads the model to begin from.

    Args:
        folder: of the model.
        data: that is going to be trained on.
        size: of the images, a side.
        fold: that is going to be held back, where the data has folds.

    Raises:
        RequestError: if its images have another size, or it was trained on images that are
            going to be held back.
    """
    bundle = read_bundle(folder)
    trained, name = bundle.training, bundle.info.name
    if bundle.preprocess.size != size:
        raise RequestError(
            f"Model {name} is for images of {bundle.preprocess.size} pixels a side; expected "
            f"{size}. Begin from another model, or from none."
        )
    about: dict[str, Any] = {"name": name, "weights": weights_hash(folder)}
    if trained.get("data") == data.resolve().name and "config" in trained:
        if trained.get("fold", 0) != fold:
            raise RequestError(
                f"Model {name} was trained with fold {trained.get('fold', 0)} of "
                f"{trained['data']} held back; to hold back fold {fold}, begin from a model that "
                "never saw it."
            )
        config = trained["config"]
        about["split"] = {
            "task": bundle.task,
            "validation_share": config["validation_share"],
            "seed": config["seed"],
        }
    return Beginning(load_weights(config_from_json(bundle.flow), folder), about)


def likeliest_classes(
    flow: ConditionalFlow, inputs: Sequence[np.ndarray[Any, np.dtype[np.float32]]], seed: int
) -> list[int]:
    """For each class, the flow's own class under which its images are likeliest.

    Args:
        flow: to begin from.
        inputs: model inputs of each class, (B, size, size) each.
        seed: of the dequantization noise.
    """
    return [int(scale_scores(flow, x, seed).sum(2).mean(0).argmax()) for x in inputs]
