"""Checkpoints of the published MAGIC-Flow code: read, and checked against its own numbers."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from magic_viewer.errors import ModelError
from magic_viewer.flow.build import state_names
from magic_viewer.flow.checkpoint import compare_shapes, empty_flow
from magic_viewer.flow.config import PublishedConfig
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.flow.weights_file import read_weights

NETWORKS = {"gen": "generation", "cls": "classification"}
MASK_NAMES = {
    "custom": "custom",
    "checkerboard": "checkerboard",
    "channel": "channel",
    "vertical_stripe": "vertical",
    "horizontal_stripe": "horizontal",
    "block_checkerboard": "block",
}
QUANTITIES = ("log_prob", "all_label_log_prob", "z", "log_det", "x_sample")


def read_published_config(path: Path, labels: tuple[str, ...] | None = None) -> PublishedConfig:
    """A configuration of the published code, as JSON, in our terms.

    Args:
        path: JSON with variant, num_classes, input_shape, squeeze_layers, split_layers,
            layer_filters and mask_types.
        labels: names of the classes; without them "class 0" and so on.

    Raises:
        ModelError: naming what is missing or can't be.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        classes, (_, height, width) = int(values["num_classes"]), values["input_shape"]
        masks = tuple(MASK_NAMES[name] for name in values["mask_types"])
        network = NETWORKS[values["variant"]]
        widths = tuple(tuple(int(w) for w in step) for step in values["layer_filters"])
        squeezes, splits = values.get("squeeze_layers") or (), values.get("split_layers") or ()
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: expected a JSON configuration; can't be read.") from error
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: expected the published code's configuration; entry {error} is missing or "
            "has a value that isn't known."
        ) from error
    names = labels or tuple(f"class {n}" for n in range(classes))
    if len(names) != classes:
        raise ModelError(f"{path}: has {classes} classes; came {len(names)} labels.")
    if height != width:
        raise ModelError(f"{path}: expected square images; came {height}×{width}.")
    return PublishedConfig(
        names,
        size=height,
        network=network,  # type: ignore[arg-type]
        masks=masks,
        squeezes=tuple(squeezes),
        splits=tuple(splits),
        widths=widths,  # type: ignore[arg-type]
        residual_blocks=int(values.get("residual_blocks", 1)),
        free_mixing=True,
        block=int(values.get("block_checkerboard_size", 4)),
    )


def read_published_checkpoint(
    path: Path, config: PublishedConfig, custom_mask: Tensor | None = None
) -> ConditionalFlow:
    """A flow with the weights of a published checkpoint.

    Args:
        path: a `.pth` file: the published code's dictionary with `model_state_dict`, or the
            state alone. It is read with `weights_only=True`: code in it is never run.
        config: from `read_published_config`.
        custom_mask: (size, size) ones and zeros, if the configuration has custom masks.

    Raises:
        ModelError: if the file can't be read, or naming what doesn't fit.
    """
    if "custom" in config.masks and custom_mask is None:
        raise ModelError("The configuration has custom masks; give the mask image.")
    state = {n.removeprefix("module."): value for n, value in read_weights(path).items()}
    flow = empty_flow(config, custom_mask)
    renamed = _renamed(state, config)
    expected = flow.state_dict()
    masks = {n: value for n, value in expected.items() if n.endswith(".mask")}
    compare_shapes(path, "its configuration", expected, renamed | masks)
    flow.load_state_dict(renamed | masks, assign=True)
    return flow.eval()


def _renamed(state: Mapping[str, Tensor], config: PublishedConfig) -> dict[str, Tensor]:
    """The published state in our names; unknown names are kept, to be reported."""
    prefixes = state_names(config)
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        match = re.fullmatch(r"(coupling_layers|inv_convs|actnorms)\.(\d+)\.(.+)", name)
        if match is None or int(match[2]) >= len(prefixes):
            renamed[name] = value
            continue
        prefix, rest = prefixes[int(match[2])], match[3]
        if match[1] == "inv_convs":
            renamed[f"{prefix}.1.{rest}"] = value
        elif match[1] == "coupling_layers":
            renamed[f"{prefix}.2.conditioner.{_network_name(rest)}"] = value
        elif rest == "scale":
            renamed[f"{prefix}.0.log_scale"] = value.flatten().abs().log()
            renamed[f"{prefix}.0.sign"] = value.flatten().sign()
        elif rest == "bias":
            renamed[f"{prefix}.0.bias"] = value.flatten()
        else:
            renamed[f"{prefix}.0.{rest.replace('initialized', 'initialised')}"] = value
    return renamed


def _network_name(name: str) -> str:
    name = re.sub(r"^(conv\d)\.weight_g$", r"\1.parametrizations.weight.original0", name)
    name = re.sub(r"^(conv\d)\.weight_v$", r"\1.parametrizations.weight.original1", name)
    name = re.sub(r"^(resblock\d)\.(?=\D)", r"\1.0.", name)
    name = re.sub(r"^label_embedding\.0\.", "label_embedding.linear.", name)
    return re.sub(r"^conv_s\.0\.", "conv_s.", name)


@torch.no_grad()
def largest_differences(flow: ConditionalFlow, expected: Path) -> dict[str, float]:
    """How far a flow is from the published code's own numbers.

    The flow is taken as the published code takes it: images are within -1..1 already.

    Args:
        flow: of a published configuration; not changed.
        expected: safetensors with x, y, z, log_det, log_prob, all_label_log_prob, z_sample,
            y_sample and x_sample.

    Returns:
        For each of QUANTITIES the largest difference, divided by the largest expected value.

    Raises:
        ModelError: if the file can't be read or doesn't fit the flow.
    """
    values = read_weights(expected)
    try:
        labels, sample_labels = values["y"].argmax(1), values["y_sample"].argmax(1)
        native = _native(flow)
        _, maps = native.log_prob_maps(values["x"], labels[:, None])
        z = native.encode(values["x"], labels)
        base = -0.5 * (z.double().square() + torch.log(torch.tensor(2 * torch.pi))).sum(1)
        log_prob = torch.stack([m.double().sum((1, 2, 3)) for m in maps]).sum(0)
        found = {
            "log_prob": log_prob,
            "all_label_log_prob": native.all_label_log_prob(values["x"]),
            "z": z,
            "log_det": log_prob - base,
            "x_sample": native.decode(values["z_sample"], sample_labels),
        }
        return {name: _relative(found[name], values[name]) for name in QUANTITIES}
    except KeyError as error:
        raise ModelError(f"{expected}: entry {error} is missing.") from error
    except (RuntimeError, IndexError) as error:
        raise ModelError(f"{expected}: its shapes don't fit the model.") from error


def _native(flow: ConditionalFlow) -> ConditionalFlow:
    """The flow for images within -1..1 already, with the same weights."""
    native = ConditionalFlow(replace(flow.config, scale=1.0, offset=0.0))
    native.load_state_dict(flow.state_dict())
    return native.eval()


def _relative(found: Tensor, expected: Tensor) -> float:
    difference = (found.double() - expected.double()).abs().max()
    return (difference / expected.double().abs().max()).item()
