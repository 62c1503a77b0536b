"""Dense jet tagger on high-level observables."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from keras_hep.data.features import FeatureSpec
from keras_hep.layers.preprocessing import Preprocessing
from keras_hep.models.registry import keras_input, positive_sizes, register

__all__ = ["dense_tagger"]


@register("dense_tagger", task="classification", inputs=("features",), paper="1804.06913")
def dense_tagger(
    spec: FeatureSpec,
    units: Sequence[int] = (64, 32, 32),
    activation: str = "relu",
    dropout: float = 0.0,
    l1: float = 0.0,
) -> keras.Model:
    """Fully connected classifier; with the defaults and 16 observables the 16-64-32-32-5 network of arXiv:1804.06913.

    Args:
        spec: fitted specification with one vector input and the classes.
        units: sizes of the hidden layers.
        activation: Keras activation of the hidden layers.
        dropout: fraction dropped after each hidden layer.
        l1: L1 penalty on the weights, which makes small weights that cost little firmware.

    Returns:
        Model from {input: (batch, features)} raw values to probabilities (batch, classes).
    """
    positive_sizes("units", units)
    entry = spec.inputs[0]
    values, _ = keras_input(entry)
    x = Preprocessing(spec, entry.name, name="preprocessing")(values)
    penalty = keras.regularizers.L1(l1) if l1 else None
    for number, size in enumerate(units, start=1):
        x = layers.Dense(size, kernel_regularizer=penalty, name=f"dense_{number}")(x)
        x = layers.Activation(activation, name=f"activation_{number}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout_{number}")(x)
    x = layers.Dense(len(spec.classes), kernel_regularizer=penalty, name="logits")(x)
    return keras.Model({entry.name: values}, layers.Softmax(name="probabilities")(x), name="dense_tagger")
