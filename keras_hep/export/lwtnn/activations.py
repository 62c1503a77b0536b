"""The activations of lwtnn as functions of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from keras_hep.export.lwtnn.located import Located
from keras_hep.layers.functions import Absolute, Elu, LeakyRelu, Ramp, Swish

__all__ = ["function_of"]

# lwtnn cuts its sigmoid off beyond +-30, where the difference is below 1e-13.
_PLAIN: dict[str, Callable[..., Any]] = {
    "abs": Absolute(),
    "elu": keras.activations.elu,  # without a parameter, as old converters write it: alpha is 1
    "hard_sigmoid": Ramp(0.2, 0.5),
    "linear": keras.activations.linear,
    "rectified": keras.activations.relu,
    "sigmoid": keras.activations.sigmoid,
    "softmax": keras.activations.softmax,
    "tanh": keras.activations.tanh,
}
_WITH_PARAMETER: dict[str, type] = {"elu": Elu, "leakyrelu": LeakyRelu, "swish": Swish}


def function_of(place: Located) -> Callable[..., Any]:
    """Return the function that an ``activation`` of the file names; it is a string, or an object with ``alpha``."""
    named = place.at("function") if isinstance(place.value, dict) else place
    name = named.text().removesuffix("_legacy")
    if isinstance(place.value, dict) and name in _WITH_PARAMETER:
        alpha = place.at("alpha").number()
        chosen: Callable[..., Any] = _WITH_PARAMETER[name](alpha)
        return keras.activations.silu if (name, alpha) == ("swish", 1.0) else chosen
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _WITH_PARAMETER:
        raise named.error(f"the activation '{name}' needs its parameter, {{'function': '{name}', 'alpha': NUMBER}}")
    raise named.error(f"unknown activation '{name}'; known: {', '.join(sorted(_PLAIN.keys() | _WITH_PARAMETER))}")
