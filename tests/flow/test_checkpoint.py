from dataclasses import replace
from pathlib import Path

import pytest
import torch

from magic_viewer.errors import ModelError
from magic_viewer.flow.checkpoint import (
    WEIGHTS,
    config_from_json,
    config_to_json,
    load_weights,
    save_weights,
)
from magic_viewer.flow.model import ConditionalFlow


def test_that_a_flow_rounded_to_half_precision_scores_the_same_when_loaded(
    flow: ConditionalFlow, images, tmp_path: Path
) -> None:
    for value in flow.state_dict().values():
        value.copy_(value.half() if value.is_floating_point() else value)
    save_weights(flow, tmp_path)
    loaded = load_weights(config_from_json(config_to_json(flow.config)), tmp_path)
    assert torch.equal(loaded.all_label_log_prob(images), flow.all_label_log_prob(images))


def test_that_weights_of_another_configuration_are_named(flow, tmp_path: Path) -> None:
    save_weights(flow, tmp_path)
    with pytest.raises(ModelError, match=r"doesn't fit config.json: parts.*expected 24"):
        load_weights(replace(flow.config, coarse_width=24), tmp_path)


def test_that_damaged_weights_are_refused(flow: ConditionalFlow, tmp_path: Path) -> None:
    save_weights(flow, tmp_path)
    data = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match="can't be read"):
        load_weights(flow.config, tmp_path)


def test_that_unknown_configuration_entries_are_named() -> None:
    with pytest.raises(ModelError, match="wings"):
        config_from_json({"kind": "compact", "labels": ["a", "b"], "wings": 2})
