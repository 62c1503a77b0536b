"""Resampling: shares of classes and spectra come out as asked, and each loss is counted."""

import numpy as np
import pytest

from keras_hep.data import Dataset, FeatureSpec
from keras_hep.errors import DataError, FeatureError
from tests.conftest import write_tree

EDGES = [0.0, 1.0, 2.0, 4.0]
SIZE = 20_000


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Signal is rare and hard, background common and soft; some values are outside of the bins."""
    rng = np.random.default_rng(1)
    signal = rng.random(SIZE) < 0.1
    pt = np.where(signal, 3 * rng.random(SIZE) + 1, rng.exponential(1.0, SIZE)).astype(np.float32)
    columns = {"signal": signal.astype(np.int32), "pt": pt, "number": np.arange(SIZE, dtype=np.int32)}
    columns |= {"w": np.where(rng.random(SIZE) < 0.1, -0.5, 1.5).astype(np.float32)}
    return write_tree(tmp_path_factory.mktemp("sampling") / "x.root", columns)


def dataset(file, part=None, weight=None, **sampling):
    spec = FeatureSpec.from_dict(
        {
            "identity": "number",
            "inputs": [{"name": "x", "features": [{"name": "pt"}, {"name": "number"}]}],
            "classes": {"background": "signal == 0", "signal": "signal == 1"},
            "weight": weight,
        }
    )
    return Dataset(file, spec, batch_size=1000, chunk=3000, sampling=sampling, part=part)


def drawn(data):
    batches = [batch[np.arange(len(batch))] for batch in data]
    join = lambda values: np.concatenate(list(values))  # noqa: E731
    return join(b.label for b in batches), join(b.inputs["x"][:, 0] for b in batches), join(b.weight for b in batches)


def spectra(label, pt, weight):
    return np.array([np.histogram(pt[label == c], EDGES, weights=weight[label == c])[0] for c in (0, 1)])


def within(number, expected, sigma=4):
    return abs(number - expected) < sigma * np.sqrt(max(expected, 1))


def test_balanced_classes(file):
    label, _, _ = drawn(dataset(file, classes="balanced", max_repeat=20))
    assert within((label == 1).sum(), SIZE / 2)
    assert within(len(label), SIZE)


def test_shares_of_classes(file):
    label, _, _ = drawn(dataset(file, classes={"signal": 1.0, "background": 3.0}, max_repeat=20))
    assert within((label == 1).sum(), SIZE / 4)


def test_a_flat_spectrum_in_the_bins_that_a_class_fills(file):
    label, pt, weight = drawn(dataset(file, variables={"pt": EDGES}, target="flat", max_repeat=1000))
    background, signal = spectra(label, pt, weight)
    assert np.ptp(background) < 5 * np.sqrt(background.mean())
    assert signal[0] == 0
    assert abs(signal[1] - signal[2]) < 5 * np.sqrt(signal[1])


def test_the_spectrum_of_a_class(file):
    label, pt, weight = drawn(
        dataset(file, variables={"pt": EDGES}, target="signal", classes="balanced", max_repeat=1000)
    )
    background, signal = spectra(label, pt, weight)
    assert background[0] == 0
    np.testing.assert_allclose(background / background.sum(), signal / signal.sum(), atol=0.02)


def test_weights_do_the_same_without_repeating(file):
    options = {"variables": {"pt": EDGES}, "target": "signal", "classes": "balanced", "max_repeat": 1000}
    label, pt, weight = drawn(dataset(file, method="weight", **options))
    background, signal = spectra(label, pt, weight)
    np.testing.assert_allclose(background, signal, rtol=1e-4)
    numbers = np.concatenate([batch.index.copy() for batch in dataset(file, method="weight", **options)])
    assert len(np.unique(numbers)) == len(numbers) == len(label)


def test_negative_weights_count_in_the_spectrum(file):
    options = {"variables": {"pt": EDGES}, "target": "flat", "classes": "balanced", "max_repeat": 1000}
    label, pt, weight = drawn(dataset(file, weight="w", method="weight", **options))
    background, signal = spectra(label, pt, weight)
    np.testing.assert_allclose(background, background.mean(), rtol=1e-4)
    np.testing.assert_allclose(signal[1:], background.sum() / 2, rtol=1e-4)
    assert (weight < 0).any()


def test_every_epoch_is_drawn_anew_and_the_seed_repeats_it(file):
    data = dataset(file, classes="balanced")
    first, second = drawn(data)[1], drawn(data)[1]
    assert len(np.intersect1d(first, second)) < len(np.unique(first))
    np.testing.assert_array_equal(drawn(dataset(file, classes="balanced"))[1], first)


def test_it_goes_on_inside_an_epoch(file):
    data = dataset(file, classes="balanced")
    whole = [batch.inputs["x"].copy() for batch in data.batches(3)]
    state = data.state(9, epoch=3)
    rest = [batch.inputs["x"].copy() for batch in dataset(file, classes="balanced").batches(3, state)]
    np.testing.assert_array_equal(np.concatenate(whole[9:]), np.concatenate(rest))


def test_what_is_left_out_and_repeated_is_counted(file):
    data = dataset(file, variables={"pt": EDGES}, target="flat")
    label, _, _ = drawn(data)
    report = data.report
    outside = report["outside of the bins of the sampling"]
    assert (
        outside == report["read"] - len(label) - report["left out by the sampling"] + report["repeated by the sampling"]
    )
    assert outside > 0


def test_rare_bins_are_capped_and_said_so(file, caplog):
    data = dataset(file, classes="balanced", max_repeat=2)
    label, _, _ = drawn(data)
    signal = SIZE * 0.1
    assert within((label == 1).sum(), 2 * signal, 10)
    assert "in bins capped by max_repeat" in caplog.text


def test_validation_is_sampled_like_training_and_test_is_left_alone(file):
    options = {"classes": "balanced", "max_repeat": 20}
    shares = [(drawn(dataset(file, part=part, **options))[0] == 1).mean() for part in ("train", "validation", "test")]
    np.testing.assert_allclose(shares, [0.5, 0.5, 0.1], atol=0.03)


@pytest.mark.parametrize("weight", ["0", "-1", "0 * w"])
def test_weights_that_sum_to_nothing_are_refused(file, weight):
    with pytest.raises(DataError, match="weights of all examples sum to zero or less"):
        next(iter(dataset(file, weight=weight, classes="balanced")))


def test_no_example_inside_of_the_bins(file):
    with pytest.raises(DataError, match="no example lies inside of the bins"):
        next(iter(dataset(file, variables={"pt": [100.0, 200.0]}, target="flat")))


def test_wrong_settings_are_named(file):
    with pytest.raises(FeatureError, match="at least two rising numbers"):
        dataset(file, variables={"pt": [1.0, 1.0]})
    with pytest.raises(FeatureError, match="of which none is given"):
        dataset(file, target="flat")
    with pytest.raises(FeatureError, match="shares of the classes are all zero"):
        dataset(file, classes={"signal": 0.0})
    with pytest.raises(DataError, match="the sampling names the class 'sigal': did you mean 'signal'"):
        next(iter(dataset(file, classes={"sigal": 1.0})))
    with pytest.raises(DataError, match="no branch 'ptt'"):
        dataset(file, variables={"ptt": EDGES})
