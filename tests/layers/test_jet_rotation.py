import functools

import numpy as np
import pytest

from keras_hep.errors import ModelError
from keras_hep.layers import JetRotation
from keras_hep.physics.systematics import rotate_about_beam, rotate_about_jet
from tests.layers.constituent_tensors import (
    COLUMNS,
    assert_same_constituents,
    check_augmentation,
    constituents,
    draws,
    to_records,
)


def angles(maximum):
    return maximum * draws("uniform", (40, 1), 3, -1.0, 1.0)[:, 0].astype(np.float64)


@pytest.mark.parametrize(("about", "function"), [("beam", rotate_about_beam), ("jet", rotate_about_jet)])
def test_it_equals_the_function_on_the_same_draws(about, function):
    inputs = constituents()
    layer = JetRotation(3.0, about, seed=3, **COLUMNS)
    expected = function(to_records(*inputs), angles(3.0))
    # Rotating about a forward jet, pT is a small difference of momenta that grow with cosh(eta) < 7.
    rtol = 2e-6 if about == "beam" else 2e-5
    assert_same_constituents(*layer(inputs, training=True), expected, rtol=rtol)


@pytest.mark.parametrize("about", ["beam", "jet"])
def test_azimuths_are_wrapped_and_angles_cover_their_range(about):
    values, mask = constituents(2000, 1, full=True)
    values[..., COLUMNS["phi"]] = 3.0
    varied = np.asarray(JetRotation(about=about, seed=1, always=True, **COLUMNS)([values, mask])[0])
    phi = varied[..., COLUMNS["phi"]]
    assert (np.abs(phi) <= np.float32(np.pi) * (1 + 1e-6)).all()
    if about == "beam":
        assert np.abs(np.mean(np.exp(1j * phi))) < 4 / np.sqrt(2000)
    else:
        np.testing.assert_allclose(varied, values, rtol=1e-4, atol=1e-5)  # one constituent is its own axis


def test_jets_in_relative_coordinates_stay_centred():
    values, mask = constituents(200, 9, eta=0.0, spread=0.2, full=True)
    values[..., COLUMNS["phi"]] = np.random.default_rng(1).normal(0, 0.2, (200, 9))
    records = to_records(values, mask)
    varied, _ = JetRotation(seed=1, always=True, **COLUMNS)([values, mask])
    after = to_records(varied, mask)
    for field in ("px", "py", "pz"):
        before = np.sum(records[field].to_numpy(), axis=1)
        np.testing.assert_allclose(np.sum(after[field].to_numpy(), axis=1), before, rtol=1e-4, atol=1e-3)


def test_it_keeps_the_contract_of_a_layer():
    check_augmentation(functools.partial(JetRotation, seed=3))
    check_augmentation(functools.partial(JetRotation, 0.5, "beam"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((-1.0,), "Received: max_angle=-1.0"), ((1.0, "axis"), "one of 'jet', 'beam'. Received: about='axis'")],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ModelError, match=message):
        JetRotation(*arguments)
