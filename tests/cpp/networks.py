"""Networks for the tests of export and runtime: random weights of ordinary size, every kind of preprocessing."""

import keras
import numpy as np
from keras import layers

from keras_hep.data import FeatureSpec
from keras_hep.layers import Highway, Maxout
from keras_hep.models import build

CLASSES = {"a": "x == 0", "b": "x == 1", "c": "x == 2"}


def every_kind_of_feature(prefix):
    """Return fitted features with all transforms, clips, and defaults."""
    return [
        {"name": f"{prefix}_plain", "unit": "GeV", "offset": -30.0, "scale": 0.05, "default": 25.0},
        {"name": f"{prefix}_clip", "clip": [-1.0, 2.0], "offset": 0.1, "scale": 1.5},
        {"name": f"{prefix}_log", "clip": [0.01, 1e5], "transform": "log", "offset": -3.0, "scale": 0.7},
        {
            "name": f"{prefix}_log1p",
            "clip": [-0.5, 1e3],
            "transform": "log1p",
            "offset": 0.2,
            "scale": 1.3,
            "default": -9.0,
        },
        {"name": f"{prefix}_asinh", "transform": "asinh", "offset": 0.2, "scale": 2.0, "default": 0.0},
        {"name": f"{prefix}_sqrt", "clip": [0.0, 50.0], "transform": "sqrt", "offset": -2.0, "scale": 0.4},
    ]


def rich_spec(length=7):
    """Return a specification with the vector ``jet`` and the sequence ``parts``."""
    inputs = [
        {"name": "jet", "features": every_kind_of_feature("jet")},
        {"name": "parts", "length": length, "features": every_kind_of_feature("part")},
    ]
    return FeatureSpec.from_dict({"inputs": inputs, "classes": CLASSES})


def plain_spec(name, length=None):
    """Return a specification with the variables pt (with a default) and eta (without), and offset and scale alone."""
    features = [
        {"name": "pt", "unit": "GeV", "default": 30.0, "offset": -40.0, "scale": 0.05},
        {"name": "eta", "offset": 0.1, "scale": 0.8},
    ]
    entry = {"name": name, "features": features, **({"length": length} if length else {})}
    return FeatureSpec.from_dict({"inputs": [entry], "classes": CLASSES})


def randomised(model, seed=1):
    """Give every weight a random value that keeps the numbers in the network of order one; return the model."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if "variance" in weight.path:
            weight.assign(random.uniform(0.2, 3.0, weight.shape))
        elif "seed" not in weight.path:
            weight.assign(random.normal(0, 1 / np.sqrt((*weight.shape, 1)[0]), weight.shape))
    return model


def tagger(name, spec, **arguments):
    """Return a model of the zoo with random weights."""
    return randomised(build(name, spec, **arguments))


def sequences():
    """Return a model of recurrent layers, which take in a normalisation, of attention and of softmax along each axis."""
    given = keras.Input((6, 4), name="x")
    recurrent = [
        layers.LSTM(5, return_sequences=True),
        layers.LSTM(3, activation="softsign", return_sequences=True),
        layers.GRU(17, return_sequences=True),
        layers.GRU(5, reset_after=False, return_sequences=True),
        layers.Bidirectional(layers.SimpleRNN(3, return_sequences=True)),
    ]
    parts = [layer(layers.BatchNormalization()(given)) for layer in recurrent]
    parts.append(layers.MultiHeadAttention(2, 3)(given, given, use_causal_mask=True))
    parts.append(layers.GroupQueryAttention(3, 2, 1)(given, given))
    parts.append(layers.AdditiveAttention()([given, given]))
    parts.append(Highway("tanh")(Maxout(5, pieces=2)(given)))
    parts.append(layers.LayerNormalization()(given))
    parts += [layers.Softmax(axis=axis)(given) for axis in (1, 2)]
    joined = layers.Concatenate()([*parts, layers.Dot(2, normalize=True)([given, given])])
    return randomised(keras.Model(given, [layers.Dense(3)(joined), *parts]))
