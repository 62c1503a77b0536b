import functools

import awkward as ak
import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_hep.errors import ModelError
from keras_hep.layers import PileupOverlay
from keras_hep.physics import transverse_momentum
from keras_hep.physics.systematics import PileupDraws, overlay_drawn_pileup
from tests.layers.constituent_tensors import (
    COLUMNS,
    assert_same_constituents,
    bits,
    check_augmentation,
    constituents,
    to_records,
)

BANK = constituents(jets=20, length=6, seed=7, eta=3.0, spread=1.0)


def drawn(layer, jets, seed):
    """Return what a layer with this seed draws first, as the function takes it."""
    generator = keras.random.SeedGenerator(seed)
    uniform = np.asarray(keras.random.uniform((jets, 1), dtype="float32", seed=generator))[:, 0]
    number = stats.poisson.ppf(uniform.astype(np.float64), layer.mu).astype(int)
    most = int(stats.poisson.ppf(1 - 1e-7, layer.mu))
    source = np.asarray(keras.random.randint((jets, most), 0, len(BANK[0]), seed=generator))
    angle = np.asarray(keras.random.uniform((jets, most, 1), -np.pi, np.pi, dtype="float32", seed=generator))[..., 0]
    taken = np.arange(most) < number[:, None]
    return PileupDraws(np.nonzero(taken)[0], source[taken].astype(np.int64), angle[taken].astype(np.float64))


@pytest.mark.parametrize("radius", [None, 1.0])
@pytest.mark.parametrize("subtract", [False, True])
def test_it_equals_the_function_on_the_same_draws(radius, subtract):
    inputs = constituents(seed=2)
    length = inputs[1].shape[1]
    layer = PileupOverlay(1.5, BANK, radius, 0 if subtract else None, 1.2, seed=4, **COLUMNS)
    events, draws = to_records(*inputs), drawn(layer, 40, 4)
    overlaid = overlay_drawn_pileup(events, to_records(*BANK), draws, radius, subtract, 1.2)
    # Of equal pT, such as that of one collision drawn twice, the first comes first; rotations make rounding differences.
    order = ak.argsort(-np.round(transverse_momentum(overlaid), 4), axis=1, stable=True)
    values, mask = layer(inputs, training=True)
    assert_same_constituents(values, mask, overlaid[order][:, :length])
    grown = ak.num(overlaid) > ak.num(events)
    assert 5 < ak.sum(grown) < 40, "some jets get something, others do not"
    assert ak.any(ak.num(overlaid) > length), "some do not fit"


def test_jets_to_which_nothing_is_added_stay_as_they_are():
    """Also where they are not ordered by pT, or have gaps."""
    values, mask = constituents(full=True)
    values, mask = values[:, ::-1].copy(), mask.copy()
    mask[:, 3] = 0.0
    new_values, new_mask = (
        np.asarray(x) for x in PileupOverlay(0.3, BANK, seed=1, always=True, **COLUMNS)([values, mask])
    )
    same = [bits(new_values[i], new_mask[i]) == bits(values[i], mask[i]) for i in range(40)]
    assert 20 < sum(same) < 40
    pt = np.where(new_mask == 1, new_values[..., COLUMNS["pt"]], -1)[~np.array(same)]
    assert (np.diff(pt, axis=1) <= 0).all()
    assert (np.diff(new_mask[~np.array(same)], axis=1) <= 0).all()


def test_numbers_follow_a_poisson_distribution():
    """A bank of collisions with one constituent each, and jets with room for all: the number is that of collisions."""
    values, mask = np.zeros((4000, 30, 6), np.float32), np.zeros((4000, 30), np.float32)
    one = np.array([[[1.0, 0.5, 3.0, 4.0, 0.3, 0.0]]], np.float32), np.ones((1, 1), np.float32)
    new_values, new_mask = PileupOverlay(4.0, one, seed=3, always=True, **COLUMNS)([values, mask])
    numbers = np.asarray(new_mask).sum(axis=1).astype(int)
    expected = stats.poisson.pmf(np.arange(11), 4.0)
    expected[10] = 1 - expected[:10].sum()
    assert stats.chisquare(np.bincount(np.minimum(numbers, 10), minlength=11), 4000 * expected).pvalue > 0.01
    phi = np.asarray(new_values)[np.asarray(new_mask) == 1][:, COLUMNS["phi"]]
    assert stats.kstest(phi.astype(np.float64), "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 0.01


def test_the_catchment_area_crosses_the_end_of_the_azimuth():
    """Jets at phi = 3.1 and collisions of one constituent at their eta: the share that is near is 2 R / 2 pi."""
    values = np.tile(np.array([0.0, 3.1, 50.0, 50.0, 0.0, 0.0], np.float32), (2000, 20, 1))
    mask = np.tile((np.arange(20) == 0).astype(np.float32), (2000, 1))
    one = np.array([[[0.0, 1.0, 2.0, 2.0, 0.0, 0.0]]], np.float32), np.ones((1, 1), np.float32)
    new_values, new_mask = PileupOverlay(5.0, one, 0.8, seed=3, always=True, **COLUMNS)([values, mask])
    number = np.asarray(new_mask).sum() - 2000
    expected = 2000 * 5.0 * 0.8 / np.pi
    assert number == pytest.approx(expected, abs=4 * np.sqrt(expected))
    phi = np.asarray(new_values)[np.asarray(new_mask) == 1][:, COLUMNS["phi"]]
    assert (np.cos(phi - 3.1) > np.cos(0.8 + 1e-5)).all()


def test_xla_compiles_it():
    inputs = constituents()
    layer = PileupOverlay(1.5, BANK, radius=1.0, seed=4, **COLUMNS)
    compiled = tf.function(functools.partial(layer, training=True), jit_compile=True)
    values, mask = (np.asarray(x) for x in compiled([tf.constant(x) for x in inputs]))
    assert np.isfinite(values[mask == 1]).all()
    assert (mask.sum(axis=1) >= inputs[1].sum(axis=1)).all()
    assert mask.sum() > inputs[1].sum()


def test_the_bank_is_a_weight_and_not_configuration():
    layer = PileupOverlay(1.5, BANK, seed=4, **COLUMNS)
    inputs = constituents()
    layer(inputs)
    assert layer.trainable_weights == []
    real = BANK[1] == 1
    np.testing.assert_array_equal(layer.get_weights()[0][real], BANK[0][real])
    np.testing.assert_array_equal(layer.get_weights()[1], BANK[1])
    again = PileupOverlay.from_config(layer.get_config())
    again.build([x.shape for x in inputs])
    never_loaded, mask = (np.asarray(x) for x in again(inputs, training=True))
    assert np.isnan(never_loaded[mask == 1]).all()
    again = PileupOverlay.from_config(layer.get_config())
    again.build([x.shape for x in inputs])
    again.set_weights(layer.get_weights())
    assert bits(*again(inputs, training=True)) == bits(*layer(inputs, training=True))


def test_it_keeps_the_contract_of_a_layer():
    check_augmentation(functools.partial(PileupOverlay, 2.0, BANK, 1.0, seed=3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1.0, BANK), "Received: mu=-1.0"),
        ((1.0,), "needs minimum_bias. Received: None"),
        ((1.0, BANK, 0.0), "radius must be positive and finite, or None. Received: radius=0.0"),
        ((1.0, (BANK[0], BANK[1][:, 1:])), r"Received: \(20, 6, 6\) and \(20, 5\)"),
        ((1.0, (np.full((2, 3, 6), np.nan), np.ones((2, 3)))), "finite where its mask is 1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ModelError, match=message):
        PileupOverlay(*arguments)


@pytest.mark.parametrize(("features", "charge"), [(7, None), (6, 6)])
def test_the_bank_has_the_features_of_the_input(features, charge):
    with pytest.raises(ModelError, match=f"charge is number {charge}. Received: {features} features"):
        PileupOverlay(1.0, BANK, charge=charge, **COLUMNS)([keras.Input((9, features)), keras.Input((9,))])
