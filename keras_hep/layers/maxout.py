"""The largest of several linear maps."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["Maxout"]


@keras.saving.register_keras_serializable(package="keras_hep")
class Maxout(keras.layers.Layer):
    """Takes, for each unit, the largest of several linear maps of the last axis (Maxout Networks, arXiv:1302.4389).

    Args:
        units: number of outputs.
        pieces: number of linear maps, of which the largest counts.
        use_bias: whether the maps have a bias.
        kernel_initializer: initial kernel.
        bias_initializer: initial bias.

    Input shape:
        (batch, ..., features).

    Output shape:
        (batch, ..., units).

    Example:
        >>> Maxout(4, pieces=3)(ops.ones((2, 5))).shape
        TensorShape([2, 4])
    """

    def __init__(
        self,
        units: int,
        pieces: int = 2,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        for name, value in (("units", units), ("pieces", pieces)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a positive whole number. Received: {name}={value}")
        self.units = units
        self.pieces = pieces
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights: the units of a piece stand together."""
        size = self.pieces * self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], size), initializer=self.kernel_initializer, name="kernel")
        self.bias = (
            self.add_weight(shape=(size,), initializer=self.bias_initializer, name="bias") if self.use_bias else None
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the largest piece of each unit."""
        values = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            values = values + self.bias
        return ops.max(ops.stack(ops.split(values, self.pieces, axis=-1)), axis=0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (batch, ..., units)."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {
            **super().get_config(),
            "units": self.units,
            "pieces": self.pieces,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
