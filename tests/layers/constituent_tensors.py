"""Padded constituents, the same as records, and the contract of a layer of two outputs."""

import awkward as ak
import keras
import numpy as np
from keras import ops

from keras_hep.physics import azimuth, four_vectors, pseudorapidity, transverse_momentum
from tests.contracts.layer import check_layer

__all__ = ["COLUMNS", "assert_same_constituents", "bits", "check_augmentation", "constituents", "draws", "to_records"]

# Where the features are that the layers look at; feature 0 is the charge, feature 5 something else.
COLUMNS = {"pt": 2, "eta": 4, "phi": 1, "energy": 3}


def constituents(jets=40, length=9, seed=1, eta=1.5, spread=0.4, full=False):
    """Return values (jets, length, 6) in descending order of pT, and mask; NaN stands in padded entries.

    The first jet is empty, the second one full. Constituents lie about a jet's axis, some of them beyond phi = pi.
    """
    rng = np.random.default_rng(seed)
    shape = jets, length
    number = np.full(jets, length) if full else rng.integers(0, length + 1, jets)
    if not full:
        number[:2] = 0, length
    pt = -np.sort(-(rng.exponential(20, shape) + 0.5), axis=1)
    eta_columns = rng.uniform(-eta, eta, (jets, 1)) + rng.normal(0, spread, shape)
    phi = (rng.uniform(-np.pi, np.pi, (jets, 1)) + rng.normal(0, spread, shape) + np.pi) % (2 * np.pi) - np.pi
    energy = np.hypot(pt * np.cosh(eta_columns), 0.5)
    charge = rng.integers(-1, 2, shape)
    values = np.stack([charge, phi, pt, energy, eta_columns, rng.normal(size=shape)], axis=-1).astype(np.float32)
    values[3:6, :, COLUMNS["eta"]] *= -0.0  # zeros of both signs
    mask = (np.arange(length) < number[:, None]).astype(np.float32)
    values[mask == 0] = np.nan
    return values, mask


def to_records(values, mask, massless=False):
    """Return the real constituents as records px, py, pz, E and charge in double precision."""
    real = np.asarray(mask) > 0.5
    flat = np.asarray(values)[real].astype(np.float64)
    energy = None if massless else flat[:, COLUMNS["energy"]]
    vectors = four_vectors(
        pt=flat[:, COLUMNS["pt"]], eta=flat[:, COLUMNS["eta"]], phi=flat[:, COLUMNS["phi"]], energy=energy
    )
    return ak.unflatten(ak.with_field(vectors, flat[:, 0], "charge"), real.sum(axis=1))


def assert_same_constituents(values, mask, records, energy=True, rtol=2e-6):
    """Check that padded values hold the constituents of records, to the precision of float32."""
    real = np.asarray(mask) > 0.5
    assert real.sum(axis=1).tolist() == ak.num(records).tolist()
    ours, theirs = np.asarray(values)[real].astype(np.float64), ak.flatten(records)
    np.testing.assert_allclose(ours[:, COLUMNS["pt"]], transverse_momentum(theirs), rtol=rtol)
    np.testing.assert_allclose(ours[:, COLUMNS["eta"]], pseudorapidity(theirs), rtol=rtol, atol=rtol)
    turn = np.exp(1j * (ours[:, COLUMNS["phi"]] - ak.to_numpy(azimuth(theirs))))
    np.testing.assert_allclose(np.angle(turn), 0.0, atol=2 * rtol)
    np.testing.assert_array_equal(ours[:, 0], theirs.charge)
    if energy:
        np.testing.assert_allclose(ours[:, COLUMNS["energy"]], theirs.E, rtol=rtol)


def draws(kind, shape, seed, *arguments):
    """Return the first draws of a layer with this seed."""
    generator = keras.random.SeedGenerator(seed)
    return np.asarray(getattr(keras.random, kind)(shape, *arguments, dtype="float32", seed=generator))


def bits(*tensors):
    """Return types, shapes and bits."""
    arrays = [np.asarray(tensor) for tensor in tensors]
    return [(array.dtype, array.shape, array.tobytes()) for array in arrays]


@keras.saving.register_keras_serializable(package="keras_hep")
class Joined(keras.layers.Layer):
    """A layer with the outputs values and mask as one with one output, as the contract wants it."""

    def __init__(self, layer, **arguments):
        super().__init__(autocast=False, **arguments)
        self.layer = layer if isinstance(layer, keras.layers.Layer) else keras.saving.deserialize_keras_object(layer)

    def build(self, input_shape):
        self.layer.build(input_shape)
        self.built = True

    def call(self, inputs, training=None):
        values, mask = self.layer(inputs, training=training)
        return ops.concatenate([values, ops.expand_dims(mask, -1)], axis=-1)

    def compute_output_shape(self, input_shape):
        values, mask = self.layer.compute_output_shape(input_shape)
        assert values[:2] == mask
        return (*mask, values[2] + 1)

    def compute_output_spec(self, inputs, training=None):
        return keras.KerasTensor(self.compute_output_shape([x.shape for x in inputs]), inputs[0].dtype)

    def get_config(self):
        layer = keras.saving.serialize_keras_object(self.layer)
        layer.pop("build_config", None)  # building is the joined layer's
        return {**super().get_config(), "layer": layer}


def check_augmentation(make_layer):
    """Check the contract of a layer, and that the layer inside goes through its configuration and is registered."""
    values, mask = constituents()
    values = np.nan_to_num(values)
    make = lambda **arguments: Joined(make_layer(**COLUMNS), **arguments)  # noqa: E731
    # Raw values keep their type under every policy.
    check_layer(make, [values, mask], (*mask.shape, values.shape[2] + 1), half_precision=False)
    layer = make_layer(**COLUMNS)
    config = keras.saving.serialize_keras_object(layer)
    assert config["registered_name"] == f"keras_hep>{type(layer).__name__}"
    assert keras.saving.deserialize_keras_object(config).get_config() == layer.get_config()
