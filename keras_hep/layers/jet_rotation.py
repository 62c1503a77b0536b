"""Random rotations of jets."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from keras_hep.errors import ModelError
from keras_hep.layers.constituent_augmentation import ConstituentAugmentation, not_negative, replaced, wrapped

__all__ = ["JetRotation"]

AXES = ("jet", "beam")


@keras.saving.register_keras_serializable(package="keras_hep")
class JetRotation(ConstituentAugmentation):
    """Rotates each jet by one angle, drawn uniformly from [-max_angle, max_angle], about its momentum or about the beam.

    The rotation about the momentum is one of space, which keeps the jet's four-momentum and all invariant masses: eta and phi
    may be those of the detector, or relative to the jet, which then counts as flying at eta = 0. The functions
    `keras_hep.physics.systematics.rotate_about_jet` and `rotate_about_beam` say what this is for. Azimuths are wrapped into
    [-pi, pi]. With max_angle 0 nothing changes, bit for bit.

    Args:
        max_angle: in radians, not negative.
        about: ``"jet"`` or ``"beam"``.
        kwargs: which features are pt, eta, phi, energy; `always`, `seed`: see `ConstituentAugmentation`.

    Raises:
        ModelError: an argument is not as said.
    """

    def __init__(self, max_angle: float = math.pi, about: str = "jet", **kwargs: Any):
        super().__init__(**kwargs)
        (self.max_angle,) = not_negative(max_angle=max_angle)
        if about not in AXES:
            raise ModelError(f"about must be one of {', '.join(map(repr, AXES))}. Received: about={about!r}")
        self.about = about

    def vary(self, values: Any, real: Any) -> tuple[Any, Any]:
        """Return rotated values; the same entries are real."""
        shape = (ops.shape(values)[0], 1)
        angle = keras.random.uniform(shape, -1.0, 1.0, dtype=values.dtype, seed=self.seed_generator) * self.max_angle
        if self.about == "beam":
            turned = replaced(values, {self.phi: wrapped(values[..., self.phi] + angle)})
        else:
            turned = self._about_momentum(values, angle)
        # Neither a rounding of the formulas nor a wrapped azimuth when there is nothing to rotate.
        return ops.where(ops.expand_dims(angle, -1) == 0.0, values, turned), real

    def _about_momentum(self, values: Any, angle: Any) -> Any:
        """Rotate about the sum of the constituents, by Rodrigues' formula."""
        px, py, pz = self.momenta(values)
        sums = [ops.sum(p, axis=1, keepdims=True) for p in (px, py, pz)]
        squared = sums[0] ** 2 + sums[1] ** 2 + sums[2] ** 2
        has_axis = squared > 0.0
        norm = ops.sqrt(ops.where(has_axis, squared, 1.0))
        x, y, z = (p / norm for p in sums)
        cos, sin = ops.cos(angle), ops.sin(angle)
        along = (x * px + y * py + z * pz) * (1.0 - cos)
        new_px = px * cos + (y * pz - z * py) * sin + x * along
        new_py = py * cos + (z * px - x * pz) * sin + y * along
        new_pz = pz * cos + (x * py - y * px) * sin + z * along
        squared_pt = new_px**2 + new_py**2
        directed = ops.logical_and(has_axis, squared_pt > 0.0)
        pt = ops.sqrt(ops.where(directed, squared_pt, 1.0))
        columns = {
            self.pt: pt,
            self.eta: ops.arcsinh(new_pz / pt),
            self.phi: ops.arctan2(new_py, ops.where(directed, new_px, 1.0)),
        }
        return replaced(values, {i: ops.where(directed, column, values[..., i]) for i, column in columns.items()})

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**super().get_config(), "max_angle": self.max_angle, "about": self.about}
