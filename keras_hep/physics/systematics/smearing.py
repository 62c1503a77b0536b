"""Energy resolution: every constituent measured a little too high or too low, independent of the others."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import numpy as np

from keras_hep.errors import DataError
from keras_hep.physics.kinematics import pseudorapidity, transverse_momentum
from keras_hep.physics.systematics._constituents import Floats, PerConstituent, of_each_constituent, pack, unpack

__all__ = ["CalorimeterResolution", "smear"]


@dataclass(frozen=True)
class CalorimeterResolution:
    """The relative energy resolution of a calorimeter, sqrt(stochastic^2 / E + (noise / E)^2 + constant^2), E in GeV.

    Attributes:
        stochastic: fluctuations of the shower, in sqrt(GeV).
        noise: electronic noise, in GeV.
        constant: non-uniformity.
    """

    stochastic: float = 0.0
    noise: float = 0.0
    constant: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is negative."""
        for name, value in vars(self).items():
            if not 0.0 <= value < np.inf:
                raise DataError(f"{name} must not be negative and must be finite; received {value}")

    def __call__(self, pt: Floats, eta: Floats) -> Floats:
        """Return the resolution of massless constituents; infinite energies and those of zero have only the constant."""
        energy = pt * np.cosh(eta)
        inverse = np.divide(1.0, energy, out=np.zeros_like(energy), where=energy > 0.0)
        return np.sqrt(self.stochastic**2 * inverse + (self.noise * inverse) ** 2 + self.constant**2)


def smear(constituents: ak.Array, resolution: PerConstituent, rng: np.random.Generator) -> ak.Array:
    """Multiply each four-vector by an independent random factor exp(resolution * z), z a standard normal number.

    This is a detector with a poorer resolution than the simulated one. To first order the factor is Gaussian about 1 with the
    relative width `resolution`; the exponential keeps energies positive however poor it is. The whole four-vector is
    multiplied: the direction and the velocity stay, massless constituents stay massless, other masses scale along.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (events, jagged).
        resolution: relative width, not negative; a number or a function of (pt in GeV, eta), such as
            `CalorimeterResolution`. 0 changes no bit.
        rng: source of all randomness, one number a constituent in their order.

    Returns:
        Records of the same type, with all further fields.

    Raises:
        DataError: the constituents are not finite four-vectors, or a resolution is negative or not finite.
    """
    vectors = unpack(constituents)
    width = of_each_constituent(
        resolution, transverse_momentum(vectors.momenta), pseudorapidity(vectors.momenta), "resolution"
    )
    factor = np.exp(width * rng.standard_normal(len(width)))
    return pack(vectors, (factor * column for column in vectors.momenta))
