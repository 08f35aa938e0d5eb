import numpy as np
import pytest

from magic_viewer.pipeline.temperature import cross_entropy, fit_temperatures, softmax, tempered


def overconfident(temperature: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose softmax at `temperature` is the true class distribution."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (count, 3))
    weights = np.exp(scores)
    weights /= weights.sum(1, keepdims=True)
    labels = np.array([rng.choice(3, p=w) for w in weights])
    return scores * temperature, labels


@pytest.mark.parametrize("temperature", [5.0, 80.0])
def test_that_the_fitted_temperature_is_the_true_one(temperature: float) -> None:
    scores, labels = overconfident(temperature)
    (fitted,) = fit_temperatures(scores[..., None], labels)
    assert fitted == pytest.approx(temperature, rel=0.1)


def test_that_a_scale_which_only_guesses_gets_a_high_temperature() -> None:
    scores, labels = overconfident(20.0)
    noise = np.random.default_rng(2).normal(0, 500, scores.shape)
    good, bad = fit_temperatures(np.stack([scores, noise], 2), labels)
    assert good == pytest.approx(20, rel=0.1)
    assert bad > 5000


def test_that_few_patients_get_one_temperature_for_all_scales() -> None:
    scores, labels = overconfident(20.0)
    noise = np.random.default_rng(2).normal(0, 500, scores.shape)
    one, other = fit_temperatures(np.stack([scores, noise], 2), labels, few=True)
    assert one == other


def test_that_few_patients_who_are_all_right_give_no_certainty() -> None:
    labels = np.arange(60) % 3
    scores = 500.0 * np.eye(3)[labels]
    assert fit_temperatures(scores[..., None], labels) == (1.0,)
    (fitted,) = fit_temperatures(scores[..., None], labels, few=True)
    assert fitted > 50
    assert softmax(scores / fitted).max(1).mean() == pytest.approx(1 - 1 / 62, abs=0.005)


def test_that_probabilities_are_calibrated_and_sum_to_one() -> None:
    scores, labels = overconfident(40.0)
    both = np.stack([scores / 2, scores / 2], 2)
    probabilities = softmax(tempered(both, fit_temperatures(both, labels)))
    np.testing.assert_allclose(probabilities.sum(1), 1)
    confident = probabilities.max(1) > 0.9
    right = probabilities.argmax(1) == labels
    assert right[confident].mean() == pytest.approx(
        probabilities.max(1)[confident].mean(), abs=0.03
    )


def test_that_every_class_counts_the_same_in_the_cross_entropy() -> None:
    scores = np.array([[0.0, 0.0]] * 9 + [[5.0, 0.0]])
    labels = np.array([0] * 9 + [1])
    expected = (np.log(2) + np.log1p(np.exp(5.0))) / 2
    assert cross_entropy(scores, labels) == pytest.approx(expected)
