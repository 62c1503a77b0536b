"""A layer that learns how much of its input it changes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["Highway"]


@keras.saving.register_keras_serializable(package="keras_hep")
class Highway(keras.layers.Layer):
    """Mixes its input x with a dense layer h of it: t(x) * h(x) + (1 - t(x)) * x (Highway Networks, arXiv:1505.00387).

    Args:
        activation: function of h.
        gate_activation: function of the gate t, between 0 and 1.
        gate_bias: initial bias of the gate; below zero, the layer begins close to the identity.
        kernel_initializer: initial kernels.
        bias_initializer: initial bias of h.

    Input shape:
        (batch, ..., features).

    Output shape:
        The same.

    Example:
        >>> Highway(activation="relu")(ops.ones((2, 5))).shape
        TensorShape([2, 5])
    """

    def __init__(
        self,
        activation: Any = "relu",
        gate_activation: Any = "sigmoid",
        gate_bias: float = -2.0,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.gate_activation = keras.activations.get(gate_activation)
        self.initial_gate_bias = float(gate_bias)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights."""
        size = input_shape[-1]
        square = {"shape": (size, size), "initializer": self.kernel_initializer}
        start = keras.initializers.Constant(self.initial_gate_bias)
        self.kernel = self.add_weight(**square, name="kernel")
        self.bias = self.add_weight(shape=(size,), initializer=self.bias_initializer, name="bias")
        self.gate_kernel = self.add_weight(**square, name="gate_kernel")
        self.gate_bias = self.add_weight(shape=(size,), initializer=start, name="gate_bias")
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the mixture."""
        changed = self.activation(ops.matmul(inputs, self.kernel) + self.bias)
        gate = self.gate_activation(ops.matmul(inputs, self.gate_kernel) + self.gate_bias)
        return gate * changed + (1.0 - gate) * inputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "gate_activation": keras.activations.serialize(self.gate_activation),
            "gate_bias": self.initial_gate_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
