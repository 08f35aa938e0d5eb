from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from magic_viewer.errors import DataError, ModelError
from magic_viewer.flow.config import PublishedConfig
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.flow.transfer import same_design
from magic_viewer.progress import drain
from magic_viewer.training.build import split_examples
from magic_viewer.training.config import configuration
from magic_viewer.training.data import read_examples
from magic_viewer.training.loop import CHECKPOINT, Trained, learning_rate, model_inputs, train
from magic_viewer.training.objective import candidate_labels
from magic_viewer.training.score import scale_scores
from tests.training.conftest import TINY


def run(folders: Path, run_folder: Path, config=TINY) -> Trained:
    training, validation, _, _ = split_examples(read_examples(folders), config, 0)
    return drain(train(training, validation, config, run_folder))


def weights(trained: Trained) -> torch.Tensor:
    return torch.cat([p.flatten() for p in trained.flow.parameters()])


def test_that_a_seed_makes_training_repeatable(folders: Path, tmp_path: Path) -> None:
    first, second = run(folders, tmp_path / "a"), run(folders, tmp_path / "b")
    other = run(folders, tmp_path / "c", replace(TINY, seed=1))
    assert torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(other))


def test_that_a_killed_training_resumes_to_the_same_weights(folders: Path, tmp_path: Path) -> None:
    whole = run(folders, tmp_path / "whole")
    training, validation, _, _ = split_examples(read_examples(folders), TINY, 0)
    work = train(training, validation, TINY, tmp_path / "killed")
    while next(work).done < 6:
        pass
    work.close()
    resumed = run(folders, tmp_path / "killed")
    assert torch.equal(weights(whole), weights(resumed))
    assert [e["step"] for e in resumed.history] == [4.0, 8.0]


def test_that_a_checkpoint_of_another_configuration_is_refused(folders, tmp_path: Path) -> None:
    run(folders, tmp_path)
    assert (tmp_path / CHECKPOINT).exists()
    with pytest.raises(ModelError, match="another configuration"):
        run(folders, tmp_path, replace(TINY, learning_rate=1e-4))


def test_that_training_stops_early_without_a_better_validation(folders, tmp_path: Path) -> None:
    config = replace(TINY, steps=400, validate_every=1, patience=2, learning_rate=0.0)
    trained = run(folders, tmp_path, config)
    assert trained.steps == 3
    assert trained.step == 1


def test_that_a_budget_ends_training_at_the_next_validation(folders: Path, tmp_path: Path) -> None:
    training, validation, _, _ = split_examples(read_examples(folders), TINY, 0)
    trained = drain(train(training, validation, TINY, tmp_path, minutes=1e-9))
    assert trained.steps == TINY.validate_every < TINY.steps


def test_that_one_class_is_not_enough(folders: Path, tmp_path: Path) -> None:
    left = [e for e in read_examples(folders) if e.label == "left"]
    with pytest.raises(DataError, match="at least two classes"):
        drain(train(left, left, TINY, tmp_path))


def test_that_candidates_start_with_the_truth_and_never_repeat() -> None:
    labels = torch.tensor([0, 1, 2, 3, 3])
    candidates = candidate_labels(labels, 4, 3, torch.Generator().manual_seed(0))
    assert torch.equal(candidates[:, 0], labels)
    assert all(len(set(row)) == 3 for row in candidates.tolist())
    assert candidates.max() < 4


def test_that_the_learning_rate_warms_up_and_falls() -> None:
    rates = [learning_rate(step, TINY) for step in range(TINY.steps)]
    assert rates[0] < rates[1]
    assert rates[1] > rates[-1] > 0


def test_that_settings_can_be_changed_by_name() -> None:
    assert configuration(None, "modality").title == "Image modality"
    assert configuration("default", "mine", ["steps=12"]).steps == 12
    for wrong, word in [("steps=many", "expected int"), ("wings=2", "Unknown setting")]:
        with pytest.raises(Exception, match=word):
            configuration("default", "mine", [wrong])


def test_that_beginning_from_a_flow_of_other_classes_keeps_what_it_knows(
    folders: Path, tmp_path: Path
) -> None:
    first = run(folders, tmp_path / "first").flow
    training, validation, _, _ = split_examples(read_examples(folders), TINY, 0)
    renamed = [replace(e, label={"left": "b", "right": "a"}[e.label]) for e in training]
    still = replace(TINY, steps=4, learning_rate=0.0)
    held = [replace(e, label={"left": "b", "right": "a"}[e.label]) for e in validation]
    begun = drain(train(renamed, held, still, tmp_path / "second", begin=first)).flow
    inputs, _ = model_inputs(validation, ("left", "right"), TINY)
    before, after = (scale_scores(flow, inputs, 0).sum(2) for flow in (first, begun))
    assert begun.config.labels == ("a", "b")
    np.testing.assert_allclose(after, before[:, ::-1], rtol=1e-5)


def test_that_only_a_compact_flow_can_be_begun_from() -> None:
    published = ConditionalFlow(PublishedConfig(("a", "b"), size=16))
    with pytest.raises(ModelError, match="compact"):
        same_design(published, ("a", "b"), 0.1)
