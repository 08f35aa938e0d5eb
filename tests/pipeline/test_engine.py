import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from magic_viewer.errors import ModelError, RequestError
from magic_viewer.imaging.study import Slice, Volume
from magic_viewer.pipeline.calibration import UNLIKE
from magic_viewer.pipeline.engine import Engine
from magic_viewer.pipeline.library import OLDER, choose_label, find_model, read_info
from magic_viewer.pipeline.results import Sample, SampleRequest, SliceAnswer
from magic_viewer.pipeline.scoring import score_steps
from magic_viewer.progress import Progress, drain
from tests.training.conftest import draw


@pytest.fixture
def engine(side_model: Path) -> Engine:
    """The small model on the CPU."""
    return Engine.load(side_model, torch.device("cpu"))


def image(label: str, seed: int = 7) -> Slice:
    return Slice(draw(label, np.random.default_rng(seed)).astype(np.float32))


@pytest.mark.parametrize("label", ["left", "right"])
def test_that_a_slice_gets_its_class_with_probabilities_that_sum_to_one(engine, label) -> None:
    result = engine.examine(image(label)).classification
    assert result.label == label
    assert sum(result.probabilities.values()) == pytest.approx(1)
    assert result.probabilities[label] > 0.5
    assert result.in_distribution
    assert result.device == "CPU"


def test_that_every_map_sums_to_its_log_likelihood(engine: Engine) -> None:
    examination = engine.examine(image("left"))
    for label, expected in examination.classification.log_likelihoods.items():
        attribution = examination.attribution(label)
        assert attribution.values.shape == (32, 32)
        assert attribution.values.sum() == pytest.approx(expected, rel=1e-6)
        assert attribution.total == expected


def test_that_a_contrast_sums_to_the_log_odds_and_points_to_the_light(engine: Engine) -> None:
    contrast = engine.examine(image("left")).attribution("left", against="right")
    scores = engine.examine(image("left")).classification.log_likelihoods
    assert contrast.values.sum() == pytest.approx(scores["left"] - scores["right"])
    assert contrast.is_contrast
    assert contrast.total > 0


def test_that_bits_per_dim_are_the_log_likelihood_in_bits_per_pixel(engine: Engine) -> None:
    result = engine.examine(image("left")).classification
    for label in result.bits_per_dim:
        bits = -result.log_likelihoods[label] / (32 * 32 * np.log(2))
        assert result.bits_per_dim[label] == pytest.approx(bits)


@pytest.mark.parametrize("kind", ["blank", "noise"])
def test_that_what_was_never_seen_is_said_to_be_so(engine: Engine, kind: str) -> None:
    values = np.zeros((32, 32), np.float32)
    if kind == "noise":
        values = np.random.default_rng(0).uniform(0, 255, (32, 32)).astype(np.float32)
    result = engine.examine(Slice(values)).classification
    assert not result.in_distribution
    assert result.typicality < UNLIKE
    assert "Unlike" in result.verdict


def test_that_the_answer_is_the_mean_of_eight_draws_with_their_spread(engine, monkeypatch) -> None:
    seen = []

    def kept(*given):
        seen.append((yield from score_steps(*given)))
        return seen[-1]

    monkeypatch.setattr("magic_viewer.pipeline.engine.score_steps", kept)
    result = engine.examine(image("left")).classification
    (score,) = seen
    nats = score.draws.sum(2)
    assert nats.shape == (8, 2)
    assert len(np.unique(nats[:, 0])) == 8
    assert list(result.log_likelihoods.values()) == pytest.approx(nats.mean(0).tolist())
    assert list(result.log_likelihood_spreads.values()) == pytest.approx(nats.std(0).tolist())
    drawn = engine._calibration.posterior(score.draws)
    assert list(result.probability_spreads.values()) == pytest.approx(drawn.std(0).tolist())
    assert result.contenders == ("left",)
    assert not result.abstains


def test_that_it_abstains_where_draws_disagree(engine: Engine, monkeypatch) -> None:
    def torn(*given):
        score = yield from score_steps(*given)
        tempered = score.draws.sum(2).mean(0) / min(engine._calibration.likelihood_temperatures)
        lead = abs(tempered[0] - tempered[1]) * max(engine._calibration.likelihood_temperatures)
        draws = score.draws.copy()
        draws[:, 0, 0] += 2 * lead * np.array([-7.0, *[1.0] * 7])  # the mean stays
        return replace(score, draws=draws)

    monkeypatch.setattr("magic_viewer.pipeline.engine.score_steps", torn)
    result = engine.examine(image("left")).classification
    assert result.label == "left"
    assert result.abstains
    assert not result.is_reliable
    assert result.contenders == ("left", "right")
    assert min(result.probability_spreads.values()) > 0
    assert "Too close to call: left or right." in result.verdict


def volume(labels: list[str]) -> Volume:
    """Slices of the given classes; "noise" is none."""
    noise = np.random.default_rng(0).uniform(0, 255, (32, 32)).astype(np.float32)
    slices = [Slice(noise) if n == "noise" else image(n, 7 + k) for k, n in enumerate(labels)]
    return Volume((len(slices), 32, 32), lambda k: replace(slices[k], index=k))


def test_that_a_series_is_answered_slice_by_slice_and_as_a_whole(engine: Engine) -> None:
    work = engine.classify_series(volume(["left", "left", "noise", "left"]))
    items = []
    while True:
        try:
            items.append(next(work))
        except StopIteration as stop:
            whole = stop.value
            break
    answers = [item for item in items if isinstance(item, SliceAnswer)]
    assert [a.index for a in answers] == [0, 1, 2, 3]
    known = [a.classification.in_distribution for a in answers]
    assert not known[2]
    assert (whole.used, whole.left_out) == (sum(known), 4 - sum(known))
    assert whole.label == "left"
    assert sum(whole.probabilities.values()) == pytest.approx(1)
    assert [p.done for p in items if isinstance(p, Progress)] == [0, 1, 2, 3, 4]


def test_that_answers_for_slices_combine_to_the_answer_for_their_series(engine: Engine) -> None:
    series = volume(["left", "right", "noise", "left"])
    answers = [engine.examine(series.read_slice(k)).classification for k in range(4)]
    nats = answers[0].scale_log_likelihoods
    assert {k: sum(v) for k, v in nats.items()} == pytest.approx(answers[0].log_likelihoods)
    assert engine.combine(answers, 4) == drain(engine.classify_series(series))
    lost = engine.combine(answers[:1], 4)
    assert (lost.used, lost.left_out, lost.verdict) == (1, 3, "From 1 of 4 slices.")
    assert lost.probabilities == pytest.approx(answers[0].probabilities)


def test_that_a_series_of_foreign_slices_gets_the_prior_and_a_warning(engine: Engine) -> None:
    whole = drain(engine.classify_series(volume(["noise", "noise"])))
    assert whole.used == 0
    assert set(whole.probabilities.values()) == {0.5}
    assert "Unlike" in whole.verdict


def test_that_a_header_of_another_modality_rules_the_model_out(side_model, tmp_path) -> None:
    folder = shutil.copytree(side_model, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"modalities": ["MR"]}))
    engine = Engine.load(folder, torch.device("cpu"))
    for modality, fits in (("CT", False), ("MR", True), (None, True)):
        result = engine.examine(replace(image("left"), modality=modality)).classification
        assert result.in_distribution == fits
        assert ("MR only" in result.verdict) != fits


def test_that_the_answer_is_the_same_every_time(engine: Engine) -> None:
    first, second = engine.examine(image("left")), engine.examine(image("left"))
    assert np.array_equal(first.log_prob_maps, second.log_prob_maps)


def test_that_colour_counts_as_its_luminance(engine: Engine) -> None:
    grey = draw("left", np.random.default_rng(7))
    colour = Slice(np.repeat(grey[..., None], 3, axis=2))
    assert engine.examine(colour).classification.label == "left"


def test_that_sample_n_can_be_drawn_again_alone(engine: Engine) -> None:
    batch = [s for s in engine.generate(SampleRequest("left", 0.7, 3, 5)) if isinstance(s, Sample)]
    (alone,) = [
        s for s in engine.generate(SampleRequest("left", 0.7, 1, 7)) if isinstance(s, Sample)
    ]
    assert [s.seed for s in batch] == [5, 6, 7]
    assert np.array_equal(batch[2].pixels, alone.pixels)
    assert batch[2].log_likelihood == alone.log_likelihood
    assert not np.array_equal(batch[0].pixels, batch[1].pixels)
    assert alone.model_hash == engine.model_hash


def test_that_samples_look_like_their_label(engine: Engine) -> None:
    for item in engine.generate(SampleRequest("right", 0.7, 4, 0)):
        if isinstance(item, Sample):
            assert item.pixels[:, 16:].mean() > item.pixels[:, :16].mean() + 20
            result = engine.examine(Slice(item.pixels.astype(np.float32))).classification
            assert result.label == "right"


def test_that_generation_tells_its_progress_and_can_be_stopped(engine: Engine) -> None:
    work = engine.generate(SampleRequest("left", 0.7, 5, 0))
    seen = [next(work) for _ in range(3)]
    work.close()
    assert isinstance(seen[0], Progress)
    assert isinstance(seen[1], Sample)
    assert isinstance(seen[2], Progress)
    assert (seen[2].done, seen[2].total) == (1, 5)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (SampleRequest("up"), "expected one of: left, right"),
        (SampleRequest("left", temperature=0), "above 0"),
        (SampleRequest("left", count=0), "at least 1"),
    ],
)
def test_that_impossible_requests_are_refused(engine: Engine, request_, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        list(engine.generate(request_))


def test_that_labels_are_found_whatever_their_case_and_hyphens(side_model: Path) -> None:
    assert choose_label(read_info(side_model), "LEFT ") == "left"


def test_that_an_unknown_model_names_the_known_ones(monkeypatch, side_model: Path) -> None:
    monkeypatch.setenv("MAGIC_VIEWER_MODELS", str(side_model.parent))
    assert find_model("side") == side_model
    with pytest.raises(RequestError, match="side"):
        find_model("no such model")


@pytest.mark.parametrize("number", OLDER)
def test_that_a_model_of_an_older_format_asks_to_be_calibrated(
    side_model: Path, tmp_path: Path, number: int
) -> None:
    folder = shutil.copytree(side_model, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    old = {"likelihood_temperatures": [1.0], "atypicality_quantiles": [0.0, 1.0]}
    (folder / "config.json").write_text(json.dumps(config | {"format": number, "calibration": old}))
    with pytest.raises(ModelError, match="models calibrate copy DATA"):
        Engine.load(folder, torch.device("cpu")).examine(image("left"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.pop("calibration"), "calibration"),
        (lambda c: c.update(format=99), "format 3; came 99"),
        (lambda c: c["preprocess"].update(wings=2), "wings"),
        (lambda c: c["calibration"]["gate"].update(hinges=2), "hinges"),
        (lambda c: c["flow"].update(width=32), "doesn't fit"),
    ],
)
def test_that_a_model_folder_which_does_not_fit_is_refused(
    side_model: Path, tmp_path: Path, change, words: str
) -> None:
    folder = shutil.copytree(side_model, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=words):
        Engine.load(folder)
