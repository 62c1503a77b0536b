"""The networks that are timed, with fixed seeds: weights, events, and dense layers for programs that know nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep.data import FeatureSpec
from keras_hep.layers import MaskedSum, Preprocessing

__all__ = ["EVENTS", "TITLES", "Timed", "build", "residual"]

Floats = NDArray[np.float32]

EVENTS = 1000
TITLES = {
    "a": "MLP 16-64-32-32-5",
    "b": "DL1-like, 41-72-57-60-48-36-24-12-6-3, batch norm",
    "c": "LSTM, 15 x 6, 25 units",
    "d": "Deep Sets, 40 x 8, phi 100-100-128, F 100-100-3",
    "e": "CNN, 40 x 40, 4 conv 8 (4x4), 2 pools, dense 3 x 64",
}


@dataclass
class Timed:
    """A network that is timed.

    Attributes:
        key: its letter.
        model: the Keras model; the softmax is its last layer.
        events: raw values of `EVENTS` events, of the only input.
        inputs: tensors of the Keras model for these events.
    """

    key: str
    model: keras.Model
    events: Floats
    inputs: dict[str, Floats]

    @property
    def expected(self) -> Floats:
        """What Keras makes of the events."""
        return self._predicted(self.model)

    def spread(self) -> Timed:
        """Let the last dense layer give logits that differ from event to event, so that a comparison says something."""
        layer = self.model.layers[-2]
        logits = self._predicted(keras.Model(self.model.inputs, layer.output))
        mean, width = logits.mean(axis=0), logits.std(axis=0)
        kernel, bias = (np.asarray(values) for values in (layer.kernel, layer.bias))
        layer.kernel.assign(kernel / width)
        layer.bias.assign((bias - mean) / width)
        return self

    def _predicted(self, model: keras.Model) -> Floats:
        tensors = [self.inputs[tensor.name] for tensor in model.inputs]
        values = tensors if len(tensors) > 1 else tensors[0]
        return np.asarray(model.predict(values, batch_size=100, verbose=0))

    @property
    def preprocessing(self) -> tuple[Floats, Floats]:
        """Factor and offset of each feature."""
        found = [layer for layer in self.model.layers if isinstance(layer, Preprocessing)]
        if not found:
            size = self.events.shape[-1]
            return np.ones(size, np.float32), np.zeros(size, np.float32)
        features = found[0].spec.inputs[0].features
        scale = np.array([feature.scale for feature in features], np.float32)
        return scale, scale * np.array([feature.offset for feature in features], np.float32)

    def dense_layers(self) -> tuple[int, int, list[tuple[Floats, Floats, bool]]]:
        """Return the dense layers with preprocessing, batch normalisations and the scale of the sum folded in.

        Returns:
            The rows of an event, the number of layers before the sum over rows, and the weights, bias and whether a relu
            follows, layer by layer.
        """
        factor, offset = self.preprocessing
        layers: list[tuple[Floats, Floats, bool]] = []
        each, scale = None, 1.0
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dense):
                weights, bias = (np.asarray(values) for values in (layer.kernel, layer.bias))
                if not layers:
                    weights, bias = factor[:, None] * weights, bias + offset @ weights
                if len(layers) == each:
                    weights = weights * scale
                layers.append((weights, bias, layer.activation is keras.activations.relu))
            elif isinstance(layer, keras.layers.BatchNormalization):
                gain = np.asarray(layer.gamma) / np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)
                weights, bias, _ = layers[-1]
                bias = (bias - np.asarray(layer.moving_mean)) * gain + np.asarray(layer.beta)
                layers[-1] = (weights * gain, bias, True)
            elif isinstance(layer, MaskedSum):
                each, scale = len(layers), layer.scale
        rows = self.events.shape[1] if each is not None else 1
        return rows, len(layers) if each is None else each, layers

    def write_dense_layers(self, path: Path) -> None:
        """Write them as the programs read them (programs/weights.hpp)."""
        rows, each, layers = self.dense_layers()
        parts = [np.array([rows, each, len(layers)])]
        for weights, bias, relu in layers:
            parts += [np.array([*weights.shape, relu]), weights.ravel(), bias]
        np.concatenate(parts).astype(np.float32).tofile(path)


def build(key: str) -> Timed:
    """Return the network with this letter."""
    keras.utils.set_random_seed(ord(key))
    return _BUILDERS[key]().spread()


def residual(blocks: int) -> Timed:
    """Return a chain of residual blocks of width 32."""
    keras.utils.set_random_seed(blocks)
    x = inputs = keras.Input((32,), name="jet")
    for _ in range(blocks):
        y = keras.layers.Dense(32, activation="relu")(x)
        x = keras.layers.Add()([x, keras.layers.Dense(32)(y)])
    return _with_vector(f"{blocks}", _ended(inputs, x, 5), 32)


def _spec(name: str, size: int, length: int | None = None) -> FeatureSpec:
    random = np.random.default_rng(size)
    features = [
        {"name": f"x{n}", "offset": float(random.normal()), "scale": float(random.uniform(0.5, 1.5))}
        for n in range(size)
    ]
    return FeatureSpec.from_dict({"inputs": [{"name": name, "features": features, "length": length}]})


def _vector(size: int) -> tuple[Any, Any]:
    inputs = keras.Input((size,), name="jet")
    return inputs, Preprocessing(_spec("jet", size), "jet")(inputs)


def _ended(inputs: Any, x: Any, classes: int) -> keras.Model:
    model = keras.Model(inputs, keras.layers.Softmax(name="probabilities")(keras.layers.Dense(classes)(x)))
    random = np.random.default_rng(1)
    for weight in model.weights:
        if "variance" in weight.path:
            weight.assign(random.uniform(0.5, 2.0, weight.shape))
        elif any(name in weight.path for name in ("bias", "beta", "mean")):
            weight.assign(random.normal(0, 0.1, weight.shape))
    return model


def _with_vector(key: str, model: keras.Model, size: int) -> Timed:
    events = np.random.default_rng(2).normal(size=(EVENTS, size)).astype(np.float32)
    return Timed(key, model, events, {"jet": events})


def _mlp() -> Timed:
    inputs, x = _vector(16)
    for units in (64, 32, 32):
        x = keras.layers.Dense(units, activation="relu")(x)
    return _with_vector("a", _ended(inputs, x, 5), 16)


def _dl1() -> Timed:
    inputs, x = _vector(41)
    for units in (72, 57, 60, 48, 36, 24, 12, 6):
        x = keras.layers.BatchNormalization()(keras.layers.Dense(units)(x))
        x = keras.layers.ReLU()(x)
    return _with_vector("b", _ended(inputs, x, 3), 41)


def _lstm() -> Timed:
    inputs = keras.Input((15, 6), name="tracks")
    x = Preprocessing(_spec("tracks", 6, 15), "tracks")(inputs)
    model = _ended(inputs, keras.layers.LSTM(25)(x), 3)
    events = np.random.default_rng(2).normal(size=(EVENTS, 15, 6)).astype(np.float32)
    return Timed("c", model, events, {"tracks": events})


def _deep_sets() -> Timed:
    inputs, mask = keras.Input((40, 8), name="parts"), keras.Input((40,), name="parts_mask")
    x = Preprocessing(_spec("parts", 8, 40), "parts")(inputs)
    for units in (100, 100, 128):
        x = keras.layers.Dense(units, activation="relu")(x)
    x = MaskedSum(scale=1 / 40)([x, mask])
    for units in (100, 100):
        x = keras.layers.Dense(units, activation="relu")(x)
    events = np.random.default_rng(2).normal(size=(EVENTS, 40, 8)).astype(np.float32)
    tensors = {"parts": events, "parts_mask": np.ones((EVENTS, 40), np.float32)}
    return Timed("d", _ended([inputs, mask], x, 3), events, tensors)


def _cnn() -> Timed:
    x = inputs = keras.Input((40, 40, 1), name="image")
    for _ in range(2):
        for _ in range(2):
            x = keras.layers.Conv2D(8, 4, activation="relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    for _ in range(3):
        x = keras.layers.Dense(64, activation="relu")(x)
    random = np.random.default_rng(2)
    events = (random.exponential(size=(EVENTS, 40, 40, 1)) * (random.random((EVENTS, 40, 40, 1)) < 0.1)).astype(
        np.float32
    )
    return Timed("e", _ended(inputs, x, 2), events, {"image": events})


_BUILDERS: dict[str, Callable[[], Timed]] = {"a": _mlp, "b": _dl1, "c": _lstm, "d": _deep_sets, "e": _cnn}
