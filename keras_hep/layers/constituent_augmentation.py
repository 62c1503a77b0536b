"""What all layers that vary constituents share: their inputs, when they act, and what they leave alone."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from keras_hep.errors import ModelError

__all__ = ["ConstituentAugmentation", "not_negative", "replaced", "wrapped"]


class ConstituentAugmentation(keras.layers.Layer):
    """Base class of the layers that vary raw constituents at random, as data augmentation or as systematic uncertainty.

    Such a layer stands before `Preprocessing`. It takes and returns the pair (values, mask), so that several can follow one
    another. Raw values are never rounded to half precision: values and mask keep their types under any policy. Columns
    that follow from the varied ones, such as a ratio to the jet's pT, are not computed again.

    A subclass implements `vary`. Every entry of the result comes from `vary` where it is real afterwards, and bit for bit from
    the input elsewhere.

    Args:
        pt: number of the feature that is the transverse momentum in GeV.
        eta: the same for the pseudorapidity.
        phi: the same for the azimuth in radians.
        energy: the same for the energy in GeV; None where there is none. Constituents are then massless.
        always: act outside training too, as for a systematic variation of a trained network.
        seed: whole number that decides all draws; None takes one from the global seed.

    Call arguments:
        inputs: the pair (values, mask).
        training: whether the layer is in training; otherwise it returns its inputs, unless `always` is set.

    Input shape:
        values (batch, constituents, features); mask (batch, constituents), 1 for real and 0 for padded entries.

    Output shape:
        The same as the input.

    Raises:
        ModelError: features are named twice or do not exist, or the inputs are no such pair.
    """

    def __init__(
        self,
        pt: int = 0,
        eta: int = 1,
        phi: int = 2,
        energy: int | None = None,
        always: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)
        named = [pt, eta, phi] if energy is None else [pt, eta, phi, energy]
        if len(set(named)) < len(named) or min(named) < 0:
            raise ModelError(
                f"pt, eta, phi and energy must be different features, counted from 0. Received: {', '.join(map(str, named))}"
            )
        self.pt, self.eta, self.phi, self.energy = pt, eta, phi, energy
        self.always = bool(always)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Check that values and mask belong together, and that the features exist."""
        if len(input_shape) != 2 or len(input_shape[0]) != 3 or len(input_shape[1]) != 2:
            raise ModelError(
                f"{type(self).__name__} needs [values (batch, constituents, features), mask (batch, constituents)]. "
                f"Received: {input_shape}"
            )
        features = input_shape[0][2]
        if features is None or max(self.pt, self.eta, self.phi, self.energy or 0) >= features:
            raise ModelError(
                f"{type(self).__name__} takes pt, eta, phi, energy from the features {self.pt}, {self.eta}, {self.phi}, "
                f"{self.energy}. Received: {features} features"
            )
        self.built = True

    def vary(self, values: Any, real: Any) -> tuple[Any, Any]:
        """Return varied values, and which entries are real afterwards.

        Args:
            values: (batch, constituents, features), zero in padded entries.
            real: (batch, constituents), boolean.
        """
        raise NotImplementedError

    def call(self, inputs: Any, training: bool | None = None) -> tuple[Any, Any]:
        """Return values and mask, varied in training."""
        values, mask = inputs
        if not (training or self.always):
            return values, mask
        real = mask > 0.5
        # Zeros, so that what stands in padded entries reaches neither a sum nor a gradient.
        varied, remaining = self.vary(ops.where(ops.expand_dims(real, -1), values, ops.zeros_like(values)), real)
        new_mask = ops.where(remaining == real, mask, ops.cast(remaining, mask.dtype))
        return ops.where(ops.expand_dims(remaining, -1), varied, values), new_mask

    def momenta(self, values: Any) -> tuple[Any, Any, Any]:
        """Return px, py, pz in GeV, each of shape (batch, constituents)."""
        pt, phi = values[..., self.pt], values[..., self.phi]
        return pt * ops.cos(phi), pt * ops.sin(phi), pt * ops.sinh(values[..., self.eta])

    def scaled(self, values: Any, factor: Any) -> Any:
        """Return the values with pt, and energy where there is one, multiplied by a factor (batch, constituents)."""
        columns = {self.pt: values[..., self.pt] * factor}
        if self.energy is not None:
            columns[self.energy] = values[..., self.energy] * factor
        return replaced(values, columns)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[tuple[int | None, ...], ...]:
        """Return the input's shapes."""
        return tuple(input_shape[0]), tuple(input_shape[1])

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> tuple[Any, Any]:
        """Return the input's shapes and types: a policy of half precision does not apply to raw values."""
        values, mask = (keras.KerasTensor(tensor.shape, tensor.dtype) for tensor in inputs)
        return values, mask

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        own = {
            "pt": self.pt,
            "eta": self.eta,
            "phi": self.phi,
            "energy": self.energy,
            "always": self.always,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}


def replaced(values: Any, columns: dict[int, Any]) -> Any:
    """Return values (..., features) with some features replaced."""
    return ops.stack([columns.get(i, values[..., i]) for i in range(values.shape[-1])], axis=-1)


def wrapped(phi: Any) -> Any:
    """Return azimuths in [-pi, pi]."""
    return phi - 2.0 * math.pi * ops.round(phi / (2.0 * math.pi))


def not_negative(**arguments: float) -> tuple[float, ...]:
    """Return the arguments as numbers.

    Raises:
        ModelError: one is negative or not finite.
    """
    for name, value in arguments.items():
        if not 0.0 <= value < math.inf:
            raise ModelError(f"{name} must not be negative and must be finite. Received: {name}={value}")
    return tuple(float(value) for value in arguments.values())
