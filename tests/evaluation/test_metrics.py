"""Metrics against closed forms and direct counts."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import norm

from keras_hep.errors import DataError
from keras_hep.evaluation import classification, paired_accuracy_difference, roc


def two_gaussians(distance: float, events: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of two unit Gaussians, with the exact posterior as the network."""
    rng = np.random.default_rng(seed)
    label = np.arange(events) % 2
    x = rng.normal(size=events) + distance * label
    p = 1 / (1 + np.exp(-distance * (x - distance / 2)))
    return label, np.column_stack([1 - p, p])


def some_scores(events: int = 3000, classes: int = 4, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, events)
    logits = rng.normal(size=(events, classes)) + 1.5 * np.eye(classes)[label]
    return label, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0])
def test_two_gaussians_give_the_known_numbers(distance: float) -> None:
    events = 60_000
    label, probabilities = two_gaussians(distance, events, seed=7)
    measured = classification(label, probabilities, ["background", "signal"])
    auc = norm.cdf(distance / math.sqrt(2))
    auc_error = math.sqrt(auc * (1 - auc) / (events / 2))  # an upper bound on the error of this rank statistic
    assert measured.auc == pytest.approx(auc, abs=4 * auc_error)
    assert measured.auc_per_class["signal"] == pytest.approx(measured.auc_per_class["background"], abs=1e-9)
    accuracy = norm.cdf(distance / 2)
    assert measured.accuracy_error == pytest.approx(math.sqrt(accuracy * (1 - accuracy) / events), rel=0.02)
    assert measured.accuracy == pytest.approx(accuracy, abs=4 * measured.accuracy_error)
    for efficiency in (0.3, 0.5, 0.8):
        exact = 1 / norm.sf(norm.isf(efficiency) + distance)
        error = measured.rejection_error["signal"][efficiency]
        assert error is not None and 0 < error < 0.2 * exact
        # The threshold fluctuates too, hence five errors.
        assert measured.rejection["signal"][efficiency] == pytest.approx(exact, abs=5 * error)


def test_accuracy_error_is_the_spread_of_repeated_experiments() -> None:
    repeated = [classification(*two_gaussians(1.0, 400, seed), ["b", "s"]) for seed in range(200)]
    spread = np.std([m.accuracy for m in repeated])
    assert np.mean([m.accuracy_error for m in repeated]) == pytest.approx(spread, rel=0.2)


def test_perfect_classifier() -> None:
    label = np.arange(300) % 3
    measured = classification(label, np.eye(3)[label], ["g", "q", "t"])
    assert (measured.accuracy, measured.accuracy_error, measured.auc, measured.events) == (1.0, 0.0, 1.0, 300)
    assert np.array_equal(measured.confusion, np.eye(3))
    assert measured.rejection["g"] == {0.3: None, 0.5: None, 0.8: None}
    assert measured.rejection_error["g"] == {0.3: None, 0.5: None, 0.8: None}
    # Nothing of 200 background events passes: fewer than 3 are expected, at 95 % confidence.
    assert measured.rejection_limit["t"][0.5] == pytest.approx(200 / 2.9957, rel=1e-3)


def test_random_classifier() -> None:
    rng = np.random.default_rng(0)
    label = np.arange(40_000) % 4
    measured = classification(label, rng.dirichlet(np.ones(4), 40_000), list("abcd"))
    assert measured.accuracy == pytest.approx(0.25, abs=4 * measured.accuracy_error)
    assert measured.auc == pytest.approx(0.5, abs=0.01)
    assert measured.confusion == pytest.approx(np.full((4, 4), 0.25), abs=0.03)
    assert measured.rejection["a"][0.5] == pytest.approx(2.0, rel=0.05)


def test_constant_classifier_has_no_separation() -> None:
    label = np.arange(30) % 3
    measured = classification(label, np.full((30, 3), 1 / 3), ["g", "q", "t"])
    assert measured.auc == pytest.approx(0.5)
    # Every threshold that keeps some signal keeps everything.
    assert measured.rejection["q"] == {0.3: 1.0, 0.5: 1.0, 0.8: 1.0}


def test_rejection_equals_a_direct_count() -> None:
    label, probabilities = some_scores()
    measured = classification(label, probabilities, list("gqwt"))
    for column, name in enumerate("gqwt"):
        signal = np.sort(probabilities[label == column, column])[::-1]
        background = probabilities[label != column, column]
        for efficiency in (0.3, 0.5, 0.8):
            cut = signal[math.ceil(efficiency * len(signal) - 1e-9) - 1]
            passing = int((background >= cut).sum())
            assert measured.rejection[name][efficiency] == pytest.approx(len(background) / passing)
            relative = math.sqrt((1 - passing / len(background)) / passing)
            error = measured.rejection_error[name][efficiency]
            assert error == pytest.approx(measured.rejection[name][efficiency] * relative)
            assert measured.rejection_limit[name][efficiency] is None


def test_accuracy_and_confusion_equal_a_direct_count() -> None:
    label, probabilities = some_scores()
    measured = classification(label, probabilities, list("gqwt"))
    answer = probabilities.argmax(axis=1)
    assert measured.accuracy == pytest.approx((answer == label).mean())
    for row, column in np.ndindex(4, 4):
        share = (answer[label == row] == column).mean()
        assert measured.confusion[row, column] == pytest.approx(share)
    assert measured.confusion.sum(axis=1) == pytest.approx(np.ones(4))


def test_weight_two_is_the_same_as_a_duplicate() -> None:
    label, probabilities = some_scores(events=600)
    weight = 1 + (np.arange(600) % 3 == 0)
    weighted = classification(label, probabilities, list("gqwt"), weight)
    repeated = classification(np.repeat(label, weight), np.repeat(probabilities, weight, axis=0), list("gqwt"))
    assert weighted.accuracy == pytest.approx(repeated.accuracy)
    assert weighted.auc_per_class == pytest.approx(repeated.auc_per_class)
    assert weighted.confusion == pytest.approx(repeated.confusion)
    for name in "gqwt":
        assert weighted.rejection[name] == pytest.approx(repeated.rejection[name])
    assert (weighted.events, repeated.events) == (600, int(weight.sum()))


def test_a_common_weight_changes_nothing() -> None:
    label, probabilities = some_scores(events=400)
    plain = classification(label, probabilities, list("gqwt")).to_dict()
    scaled = classification(label, probabilities, list("gqwt"), np.full(400, 0.037)).to_dict()
    for key in ("accuracy", "accuracy_error", "auc"):
        assert plain[key] == pytest.approx(scaled[key])
    assert plain["rejection_error"]["g"] == pytest.approx(scaled["rejection_error"]["g"])


def test_negative_weights_of_next_to_leading_order_samples_are_used() -> None:
    signal, score = np.array([1, 1, 1, 0, 0, 0], bool), np.array([0.9, 0.8, 0.3, 0.7, 0.6, 0.2])
    weight = np.array([1.0, -0.5, 1.0, 1.0, -0.2, 1.0])
    pairs = [
        weight[i] * weight[j] * (score[i] > score[j]) for i in np.flatnonzero(signal) for j in np.flatnonzero(~signal)
    ]
    assert roc(signal, score, weight).auc == pytest.approx(sum(pairs) / (1.5 * 1.8))


def test_paired_difference_knows_that_the_events_are_the_same() -> None:
    label, probabilities = some_scores()
    other = probabilities.copy()
    other[:30] = np.roll(other[:30], 1, axis=1)
    a, b = (classification(label, p, list("gqwt")) for p in (probabilities, other))
    value, error = paired_accuracy_difference(label, probabilities, other)
    assert value == pytest.approx(a.accuracy - b.accuracy)
    assert 0 < error < 0.5 * math.hypot(a.accuracy_error, b.accuracy_error)
    change = (probabilities.argmax(1) == label).astype(float) - (other.argmax(1) == label)
    assert error == pytest.approx(change.std() / math.sqrt(len(label)))
    assert paired_accuracy_difference(label, other, probabilities).value == pytest.approx(-value)


def test_to_dict_is_json() -> None:
    label = np.arange(300) % 3
    values = json.loads(json.dumps(classification(label, np.eye(3)[label], ["g", "q", "t"]).to_dict(), allow_nan=False))
    assert values["rejection"]["g"] == {"0.3": None, "0.5": None, "0.8": None}
    assert values["class_names"] == ["g", "q", "t"]


GOOD = np.array([[0.7, 0.3], [0.4, 0.6], [0.1, 0.9]])


@pytest.mark.parametrize(
    ("label", "probabilities", "names", "weight", "message"),
    [
        ([0, 1, 2], GOOD, "ab", None, r"between 0 and 1\. Received: 2 in example 2"),
        ([0, 1, -1], GOOD, "ab", None, "Received: -1 in example 2"),
        ([0, 1], GOOD, "ab", None, r"shape .* = \(2, 2\)\. Received: \(3, 2\)"),
        ([0, 1, 1], GOOD, "abc", None, r"= \(3, 3\)\. Received: \(3, 2\)"),
        ([0, 0, 0], GOOD, "ab", None, "class 'b' has no examples"),
        ([0.0, 1.0, 1.0], GOOD, "ab", None, "must be integers"),
        ([[0], [1], [1]], GOOD, "ab", None, r"Received: \(3, 1\)"),
        ([], np.zeros((0, 2)), "ab", None, "at least one event"),
        ([0, 1, 1], [[0.7, 0.3], [np.nan, 0.6], [0.1, 0.9]], "ab", None, "1 of 3 examples, first in example 1"),
        ([0, 1, 1], 5 * GOOD, "ab", None, "softmax"),
        ([0, 1, 1], GOOD, "a", None, "two different class names"),
        ([0, 1, 1], GOOD, "aa", None, "two different class names"),
        ([0, 1, 1], GOOD, "ab", [1.0, 1.0], r"weights must have the shape \(3,\)"),
        ([0, 1, 1], GOOD, "ab", [1.0, np.nan, 1.0], "weights are NaN or infinite in 1"),
        ([0, 1, 1], GOOD, "ab", [3.0, -1.0, 0.5], "class 'b' must be positive. Received: -0.5"),
        ([0, 1, 1], GOOD, "ab", [0.0, 0.0, 0.0], "sum of the weights must be positive"),
    ],
)
def test_errors_name_what_is_wrong(label, probabilities, names, weight, message) -> None:
    with pytest.raises(DataError, match=message):
        classification(label, probabilities, list(names), weight)


def test_roc_refuses_one_sided_and_broken_scores() -> None:
    with pytest.raises(DataError, match="background is 0 in 0 examples"):
        roc([True, True], [0.1, 0.2])
    with pytest.raises(DataError, match="NaN or infinite for 1 of 2"):
        roc([True, False], [0.1, np.nan])
