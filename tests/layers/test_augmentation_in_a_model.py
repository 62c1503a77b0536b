"""All layers that vary constituents one after the other, in graphs and in a model."""

import keras
import numpy as np
import tensorflow as tf

from keras_hep.layers import ConstituentAugmentation, MaskedSum
from tests.layers.augmentations import LAYERS, nominal, varied
from tests.layers.constituent_tensors import bits, constituents


def test_nominal_parameters_change_nothing_in_a_graph():
    layers = [nominal(name) for name in LAYERS]

    @tf.function
    def chain(values, mask):
        for layer in layers:
            values, mask = layer([values, mask], training=True)
        return values, mask

    inputs = constituents()
    assert bits(*chain(*inputs)) == bits(*inputs)


def test_a_model_trains_with_all_of_them_and_is_saved(tmp_path):
    values, mask = constituents(64)
    values = np.nan_to_num(values)
    inputs = x = [keras.Input(values.shape[1:]), keras.Input(mask.shape[1:])]
    for name in LAYERS:
        x = list(varied(name)(x))
    model = keras.Model(inputs, keras.layers.Dense(1)(MaskedSum(0.01)(x)))
    model.compile("adam", "mse")
    before = model.predict([values, mask], verbose=0)
    np.testing.assert_array_equal(model.predict([values, mask], verbose=0), before)
    history = model.fit([values, mask], np.ones(64), epochs=1, batch_size=32, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.models.load_model(path, safe_mode=True)
    assert bits(loaded.predict([values, mask], verbose=0)) == bits(model.predict([values, mask], verbose=0))
    # Draws start again from the seed, as those of all layers of Keras.
    again = [layer for layer in loaded.layers if isinstance(layer, ConstituentAugmentation)]
    assert len(again) == len(LAYERS)
    for name, layer in zip(LAYERS, again, strict=True):
        expected = varied(name)([values, mask], training=True)
        assert bits(*layer([values, mask], training=True)) == bits(*expected)
