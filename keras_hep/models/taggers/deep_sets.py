"""Deep Sets on jet constituents."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from keras_hep.data.features import FeatureSpec
from keras_hep.layers.masked_sum import MaskedSum
from keras_hep.layers.preprocessing import Preprocessing
from keras_hep.models.registry import keras_input, positive_sizes, register

__all__ = ["deep_sets"]


@register("deep_sets", task="classification", inputs=("constituents",), paper="1703.06114")
def deep_sets(
    spec: FeatureSpec,
    phi: Sequence[int] = (100, 100, 128),
    f: Sequence[int] = (100, 100),
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Model:
    """Permutation-invariant classifier F(sum_i phi(x_i)) (Deep Sets, arXiv:1703.06114; on jets, arXiv:1810.05165).

    The sum is divided by the padded length, which changes nothing in what the network can express, and keeps the numbers
    of order one.

    Args:
        spec: fitted specification with one sequence input and the classes.
        phi: sizes of the layers that see one constituent.
        f: sizes of the layers after the sum.
        activation: Keras activation of all hidden layers.
        dropout: fraction dropped after each layer of `f`.

    Returns:
        Model from {input: (batch, length, features), input_mask: (batch, length)} to probabilities (batch, classes).
    """
    positive_sizes("phi", phi)
    positive_sizes("f", f)
    entry = spec.inputs[0]
    values, mask = keras_input(entry)
    x = Preprocessing(spec, entry.name, name="preprocessing")(values)
    for number, size in enumerate(phi, start=1):
        x = layers.Dense(size, name=f"phi_{number}")(x)
        x = layers.Activation(activation, name=f"phi_activation_{number}")(x)
    x = MaskedSum(scale=1.0 / entry.shape[0], name="sum")([x, mask])
    for number, size in enumerate(f, start=1):
        x = layers.Dense(size, name=f"f_{number}")(x)
        x = layers.Activation(activation, name=f"f_activation_{number}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"f_dropout_{number}")(x)
    x = layers.Dense(len(spec.classes), name="logits")(x)
    inputs = {entry.name: values, entry.mask_name: mask}
    return keras.Model(inputs, layers.Softmax(name="probabilities")(x), name="deep_sets")
