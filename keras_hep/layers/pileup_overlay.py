"""Overlay of pile-up from a bank of minimum-bias collisions."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops
from scipy import stats

from keras_hep.errors import ModelError
from keras_hep.layers.constituent_augmentation import ConstituentAugmentation, not_negative, replaced, wrapped

__all__ = ["PileupOverlay"]

# More overlaid collisions than the mean allows at this probability are not drawn: single precision could not tell.
TAIL = 1e-7


@keras.saving.register_keras_serializable(package="keras_hep")
class PileupOverlay(ConstituentAugmentation):
    """Lays a Poisson number of minimum-bias collisions over each jet or event.

    For each jet the number, the collisions (with replacement) and an angle for each of them, by which it is rotated about the
    beam, are drawn. The function `keras_hep.physics.systematics.overlay_pileup` says what this is for.

    A jet to which something is added is sorted by pT, and the hardest constituents that its padded length holds remain;
    any other jet does not change, bit for bit, so neither does one at mu = 0. The bank is a weight that is not trained: it is
    saved with a model, not with the configuration. A layer made of a configuration alone gives NaN until weights are loaded.

    Time and memory grow with batch x (mu + 5 sqrt(mu)) x collision length x features: cut the collisions of the bank to
    what can reach a jet, and prefer the function for large mu.

    Args:
        mu: mean number of overlaid collisions, not negative.
        minimum_bias: the bank, values (collisions, constituents, features) and mask (collisions, constituents): what one and
            the same feature specification makes of minimum-bias events. None in a configuration, which has `bank_shape`.
        radius: only what lies so near, in eta and phi, to the jet's momentum is added; a jet without momentum then gets
            nothing. None adds everything.
        charge: number of the feature that is the charge, whose pile-up is left out in the tracker (an ideal charged-hadron
            subtraction); None for no subtraction.
        tracker_eta: the tracker's absolute pseudorapidity.
        bank_shape: numbers of collisions, constituents and features of the bank; known from `minimum_bias`.
        kwargs: which features are pt, eta, phi, energy; `always`, `seed`: see `ConstituentAugmentation`.

    Raises:
        ModelError: an argument is not as said, or the bank has other features than the input.
    """

    def __init__(
        self,
        mu: float,
        minimum_bias: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        radius: float | None = None,
        charge: int | None = None,
        tracker_eta: float = 2.5,
        bank_shape: tuple[int, int, int] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.mu, self.tracker_eta = not_negative(mu=mu, tracker_eta=tracker_eta)
        if radius is not None and not 0.0 < radius < math.inf:
            raise ModelError(f"radius must be positive and finite, or None. Received: radius={radius}")
        self.radius, self.charge = radius, charge
        self._loaded: tuple[npt.NDArray[np.float32], ...] | None = None
        if minimum_bias is not None:
            values, mask = (np.asarray(part, np.float32) for part in minimum_bias)
            if values.ndim != 3 or mask.shape != values.shape[:2] or 0 in values.shape:
                raise ModelError(
                    "minimum_bias must be values (collisions, constituents, features) and mask (collisions, constituents). "
                    f"Received: {values.shape} and {mask.shape}"
                )
            if not np.isfinite(values[mask > 0.5]).all():
                raise ModelError("minimum_bias must be finite where its mask is 1. Received: NaN or infinite values")
            values = np.where(mask[..., None] > 0.5, values, np.float32(0.0))
            self._loaded, bank_shape = (values, mask), values.shape
        if bank_shape is None:
            raise ModelError("a pile-up overlay needs minimum_bias. Received: None")
        self.bank_shape = tuple(int(size) for size in bank_shape)
        # A number is the count of the probabilities P(N <= k) that a uniform draw exceeds.
        numbers = np.arange(int(stats.poisson.ppf(1.0 - TAIL, self.mu)))
        self._cumulative = stats.poisson.cdf(numbers, self.mu).astype(np.float32)

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Check the features, and make the weights of the bank."""
        super().build(input_shape)
        features = input_shape[0][2]
        if features != self.bank_shape[2] or (self.charge is not None and not 0 <= self.charge < features):
            raise ModelError(
                f"the bank has {self.bank_shape[2]} features, and the charge is number {self.charge}. "
                f"Received: {features} features"
            )
        self.bank, self.bank_mask = (
            self.add_weight(
                shape=shape, initializer=initial, dtype="float32", trainable=False, autocast=False, name=name
            )
            for name, shape, initial in (
                ("minimum_bias", self.bank_shape, self._initial(0)),
                ("minimum_bias_mask", self.bank_shape[:2], self._initial(1)),
            )
        )

    def _initial(self, part: int) -> Any:
        """Return the initializer of a weight: the given bank, or NaN, which `vary` finds, until weights are loaded."""
        loaded = self._loaded
        if loaded is None:
            return keras.initializers.Constant(math.nan)
        return lambda shape, dtype: ops.convert_to_tensor(loaded[part], dtype=dtype)

    def vary(self, values: Any, real: Any) -> tuple[Any, Any]:
        """Return values with pile-up, ordered by pT where there is any; more entries are real."""
        jets, most = ops.shape(values)[0], len(self._cumulative)
        draws = keras.random.uniform((jets, 1), dtype="float32", seed=self.seed_generator)
        collisions = self.bank_shape[0]
        source = keras.random.randint((jets, most), 0, collisions, seed=self.seed_generator)
        angle = keras.random.uniform((jets, most, 1), -math.pi, math.pi, dtype="float32", seed=self.seed_generator)
        drawn = ops.expand_dims(draws >= self._cumulative, -1)
        added = ops.take(self.bank, source, axis=0)
        is_added = ops.logical_and(drawn, ops.take(self.bank_mask, source, axis=0) > 0.5)
        added = replaced(added, {self.phi: wrapped(added[..., self.phi] + angle)})
        size = most * self.bank_shape[1]
        added = ops.cast(ops.reshape(added, (jets, size, self.bank_shape[2])), values.dtype)
        is_added = ops.logical_and(ops.reshape(is_added, (jets, size)), self._is_near_and_kept(values, added))
        merged, is_real = self._hardest(
            ops.concatenate([values, added], axis=1), ops.concatenate([real, is_added], axis=1), values.shape[1]
        )
        changed = ops.any(is_added, axis=1, keepdims=True)
        values = ops.where(ops.isnan(self.bank_mask[0, 0]), math.nan, values)
        return ops.where(ops.expand_dims(changed, -1), merged, values), ops.where(changed, is_real, real)

    def _is_near_and_kept(self, values: Any, added: Any) -> Any:
        """Return which added constituents lie near the jet and are not subtracted, (batch, added)."""
        eta = added[..., self.eta]
        kept = ops.ones_like(eta, dtype="bool")
        if self.charge is not None:
            kept = ops.logical_or(added[..., self.charge] == 0.0, ops.abs(eta) >= self.tracker_eta)
        if self.radius is not None:
            px, py, pz = (ops.sum(p, axis=1, keepdims=True) for p in self.momenta(values))
            pt = ops.sqrt(px**2 + py**2)
            d_eta = eta - ops.arcsinh(pz / ops.where(pt > 0.0, pt, 1.0))
            d_phi = wrapped(added[..., self.phi] - ops.arctan2(py, px))
            near = ops.logical_and(d_eta**2 + d_phi**2 < self.radius**2, pt > 0.0)
            kept = ops.logical_and(kept, near)
        return kept

    def _hardest(self, values: Any, real: Any, length: int) -> tuple[Any, Any]:
        """Return the real entries of the largest pT in descending order, and which entries are real."""
        key = ops.where(real, values[..., self.pt], -1.0)
        order = ops.top_k(key, length)[1]
        chosen = ops.take_along_axis(values, ops.expand_dims(order, -1), axis=1)
        return chosen, ops.take_along_axis(real, order, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration; the bank is a weight."""
        own = {
            "mu": self.mu,
            "radius": self.radius,
            "charge": self.charge,
            "tracker_eta": self.tracker_eta,
            "bank_shape": list(self.bank_shape),
        }
        return {**super().get_config(), **own}
