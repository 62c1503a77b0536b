"""Layers of lwtnn that are several layers of Keras."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["Highway", "Maxout"]


class Maxout:
    """The largest of several dense layers.

    Attributes:
        parts: the layers that hold the weights.
    """

    def __init__(self, parts: list[Any], name: str):
        self.parts = parts
        self._join = keras.layers.Maximum(name=f"{name}_maximum")

    def __call__(self, x: Any) -> Any:
        """Return the largest."""
        return self._join([part(x) for part in self.parts]) if len(self.parts) > 1 else self.parts[0](x)


class Highway:
    """``x + gate(x) * (change(x) - x)`` with two dense layers, the second of them with a sigmoid.

    Attributes:
        parts: the layers that hold the weights: change and gate.
    """

    def __init__(self, change: Any, gate: Any, name: str):
        self.parts = [change, gate]
        self._difference = keras.layers.Subtract(name=f"{name}_difference")
        self._gated = keras.layers.Multiply(name=f"{name}_gated")
        self._sum = keras.layers.Add(name=f"{name}_sum")

    def __call__(self, x: Any) -> Any:
        """Return the mixture of x and its change."""
        change, gate = (part(x) for part in self.parts)
        return self._sum([x, self._gated([gate, self._difference([change, x])])])
