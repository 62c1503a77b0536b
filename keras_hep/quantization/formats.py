"""The fixed-point formats that QKeras quantisers stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_hep.errors import UnsupportedLayerError

__all__ = ["FixedPoint", "fixed_point"]


@dataclass(frozen=True)
class FixedPoint:
    """A fixed-point number with rounding to nearest (half to even) and saturation.

    Attributes:
        signed: two's complement or unsigned.
        bits: all bits.
        integer: bits before the binary point, the sign included, so that the step is 2**(integer - bits).
        symmetric: the most negative value is left out.
    """

    signed: bool
    bits: int
    integer: int
    symmetric: bool = False

    @property
    def step(self) -> float:
        """Difference between neighbouring values."""
        return float(2.0 ** (self.integer - self.bits))

    @property
    def minimum(self) -> float:
        """Smallest value."""
        return float(-(2 ** (self.bits - 1)) + self.symmetric) * self.step if self.signed else 0.0

    @property
    def maximum(self) -> float:
        """Largest value."""
        return float(2 ** (self.bits - self.signed) - 1) * self.step


def fixed_point(quantizer: Any, layer: str) -> FixedPoint:
    """Return the format of a QKeras quantiser.

    Args:
        quantizer: `quantized_bits` or `quantized_relu`.
        layer: name of its layer, for the error.

    Raises:
        UnsupportedLayerError: firmware could not compute this quantiser exactly.
    """
    kind = type(quantizer).__name__
    if float(getattr(quantizer, "qnoise_factor", 1.0)) != 1.0:
        raise UnsupportedLayerError(f"the layer '{layer}' quantises in part only; set qnoise_factor to 1")
    if kind == "quantized_bits":
        alpha = quantizer.alpha
        if isinstance(alpha, str) or (alpha is not None and np.any(np.asarray(alpha) != 1.0)):
            raise UnsupportedLayerError(
                f"the layer '{layer}' has a quantized_bits with alpha={alpha!r}; firmware equals the model only with alpha=1"
            )
        signed = bool(quantizer.keep_negative)
        if quantizer.bits <= signed:
            raise UnsupportedLayerError(f"the layer '{layer}' has a binary quantized_bits; use two bits or more")
        return FixedPoint(
            signed, int(quantizer.bits), int(quantizer.integer) + signed, bool(quantizer.symmetric) and signed
        )
    if kind == "quantized_relu":
        bounded = quantizer.relu_upper_bound and not quantizer.is_quantized_clip
        if quantizer.negative_slope or quantizer.use_sigmoid or bounded:
            raise UnsupportedLayerError(
                f"the layer '{layer}' has a quantized_relu with a slope, a sigmoid or an upper bound; use the plain one"
            )
        return FixedPoint(False, int(quantizer.bits), int(quantizer.integer))
    raise UnsupportedLayerError(
        f"the layer '{layer}' has the quantiser {kind}; firmware knows quantized_bits and quantized_relu"
    )
