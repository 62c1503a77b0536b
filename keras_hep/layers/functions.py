"""Activation functions with parameters of their own, for layers that take a function: other tools have them, Keras 3 does not."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["Absolute", "Elu", "LeakyRelu", "Ramp", "Swish"]


class _Function:
    """A function of one number that goes through a configuration."""

    parameters: tuple[str, ...] = ()

    def get_config(self) -> dict[str, float]:
        """Return the parameters."""
        return {name: getattr(self, name) for name in self.parameters}

    @classmethod
    def from_config(cls, config: dict[str, float]) -> Any:
        """Return the function with these parameters."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash((type(self), *self.get_config().items()))


@keras.saving.register_keras_serializable(package="keras_hep")
class Absolute(_Function):
    """The absolute value."""

    def __call__(self, x: Any) -> Any:
        """Return ``|x|``."""
        return ops.absolute(x)


@keras.saving.register_keras_serializable(package="keras_hep")
class Elu(_Function):
    """Exponential linear unit: ``x``, or ``alpha * (exp(x) - 1)`` below 0."""

    parameters = ("alpha",)

    def __init__(self, alpha: float = 1.0):
        self.alpha = float(alpha)

    def __call__(self, x: Any) -> Any:
        """Return the function of x."""
        return ops.elu(x, alpha=self.alpha)


@keras.saving.register_keras_serializable(package="keras_hep")
class LeakyRelu(_Function):
    """``x``, or ``negative_slope * x`` below 0."""

    parameters = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.2):
        self.negative_slope = float(negative_slope)

    def __call__(self, x: Any) -> Any:
        """Return the function of x."""
        return ops.leaky_relu(x, negative_slope=self.negative_slope)


@keras.saving.register_keras_serializable(package="keras_hep")
class Ramp(_Function):
    """``slope * x + offset``, cut to [0, 1]; with 0.2 and 0.5 the hard sigmoid of Keras 1 and 2."""

    parameters = ("slope", "offset")

    def __init__(self, slope: float = 0.2, offset: float = 0.5):
        self.slope = float(slope)
        self.offset = float(offset)

    def __call__(self, x: Any) -> Any:
        """Return the function of x."""
        return ops.clip(x * self.slope + self.offset, 0.0, 1.0)


@keras.saving.register_keras_serializable(package="keras_hep")
class Swish(_Function):
    """``x * sigmoid(alpha * x)``; with 1 the silu."""

    parameters = ("alpha",)

    def __init__(self, alpha: float = 1.0):
        self.alpha = float(alpha)

    def __call__(self, x: Any) -> Any:
        """Return the function of x."""
        return x * ops.sigmoid(x * self.alpha)
