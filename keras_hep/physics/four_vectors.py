"""Four-vectors: built from columns, boosted, compared, and exchanged with the package ``vector``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import awkward as ak
import numpy as np

from keras_hep._optional import require
from keras_hep.errors import DataError
from keras_hep.physics.kinematics import FIELDS, azimuth, pseudorapidity, wrap_phi

__all__ = [
    "boost",
    "boost_into_rest_frame",
    "boost_longitudinally",
    "boosted",
    "delta_phi",
    "delta_r",
    "four_vectors",
    "from_vector",
    "to_vector",
]


def four_vectors(
    *,
    px: Any = None,
    py: Any = None,
    pz: Any = None,
    pt: Any = None,
    eta: Any = None,
    phi: Any = None,
    energy: Any = None,
    mass: Any = None,
) -> ak.Array:
    """Build four-vectors from columns, from (px, py, pz) or from (pt, eta, phi).

    With neither `energy` nor `mass` the vectors are massless. All columns are numpy or awkward arrays of one shape, or
    broadcast to one another; angles are in radians, everything else is in GeV.

    Returns:
        Records (px, py, pz, E) in GeV, of the shape of the columns and in their precision.

    Raises:
        DataError: the columns are not one of these sets, energy and mass are both given, or a mass is negative.
    """
    columns = {"px": px, "py": py, "pz": pz, "pt": pt, "eta": eta, "phi": phi}
    given = {name for name, values in columns.items() if values is not None}
    if given not in ({"px", "py", "pz"}, {"pt", "eta", "phi"}):
        raise DataError(
            f"a four-vector is made of px, py, pz or of pt, eta, phi; received: {', '.join(sorted(given)) or 'neither'}"
        )
    if energy is not None and mass is not None:
        raise DataError("a four-vector has an energy or a mass; received both")
    if "pt" in given:
        px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    if energy is None:
        squared = px**2 + py**2 + pz**2
        if mass is not None:
            if ak.any(mass < 0, axis=None):
                raise DataError(f"a mass must not be negative; the least one received is {ak.min(mass, axis=None)} GeV")
            squared = squared + mass**2
        energy = np.sqrt(squared)
    return _records(px, py, pz, energy)


def boosted(vectors: Any, gamma: Any, u: Any) -> tuple[Any, Any, Any, Any]:
    """Boost with the four-velocity (gamma, u), u = gamma beta; the form that loses nothing as beta tends to 0 or 1.

    Args:
        vectors: anything with px, py, pz, E.
        gamma: the time component of the four-velocity, sqrt(1 + u^2).
        u: its three space components. All broadcast to the vectors.

    Returns:
        The columns px, py, pz, E in GeV.
    """
    along = u[0] * vectors.px + u[1] * vectors.py + u[2] * vectors.pz
    shift = vectors.E + along / (gamma + 1.0)
    return (
        vectors.px + u[0] * shift,
        vectors.py + u[1] * shift,
        vectors.pz + u[2] * shift,
        gamma * vectors.E + along,
    )


def boost(vectors: ak.Array, beta: Sequence[Any]) -> ak.Array:
    """Boost four-vectors with a velocity: a particle at rest moves with `beta` afterwards.

    Args:
        vectors: records (px, py, pz, E) in GeV.
        beta: the three components of the velocity in units of c; numbers, or arrays that broadcast to the vectors.

    Returns:
        Records (px, py, pz, E) in GeV.

    Raises:
        DataError: a velocity is not below that of light, or not a number.
    """
    squared = sum(component * component for component in beta)
    # Numbers have no axes for awkward; an awkward array is jagged for numpy.
    fastest = ak.max(squared, axis=None) if isinstance(squared, ak.Array) else np.max(squared)
    if not fastest < 1.0:
        raise DataError(f"a boost needs |beta| < 1; the largest |beta|^2 received is {fastest}")
    gamma = 1.0 / np.sqrt(1.0 - squared)
    return _records(*boosted(vectors, gamma, [gamma * component for component in beta]))


def boost_longitudinally(vectors: ak.Array, rapidity: Any) -> ak.Array:
    """Boost four-vectors along the beam: every rapidity grows by `rapidity`.

    Args:
        vectors: records (px, py, pz, E) in GeV.
        rapidity: a number, or an array that broadcasts to the vectors.

    Returns:
        Records (px, py, pz, E) in GeV.
    """
    return _records(*boosted(vectors, np.cosh(rapidity), (0.0, 0.0, np.sinh(rapidity))))


def boost_into_rest_frame(vectors: ak.Array, frame: ak.Array) -> ak.Array:
    """Boost four-vectors into the rest frame of other four-vectors.

    Args:
        vectors: records (px, py, pz, E) in GeV.
        frame: records (px, py, pz, E) in GeV that broadcast to the vectors; time-like.

    Returns:
        Records (px, py, pz, E) in GeV.

    Raises:
        DataError: a frame has no rest frame, because its mass is not positive.
    """
    squared = (frame.E + frame.pz) * (frame.E - frame.pz) - frame.px**2 - frame.py**2
    if not ak.all((squared > 0.0) & (frame.E > 0.0), axis=None):
        raise DataError("a rest frame needs a four-vector with a positive energy and mass; at least one has neither")
    mass = np.sqrt(squared)
    return _records(*boosted(vectors, frame.E / mass, [-frame.px / mass, -frame.py / mass, -frame.pz / mass]))


def delta_phi(first: Any, second: Any) -> Any:
    """Return the difference of the azimuths of two (arrays of) vectors in radians, in [-pi, pi)."""
    return wrap_phi(azimuth(first) - azimuth(second))


def delta_r(first: Any, second: Any) -> Any:
    """Return the distance of two (arrays of) vectors in pseudorapidity and azimuth."""
    return np.hypot(pseudorapidity(first) - pseudorapidity(second), delta_phi(first, second))


def to_vector(vectors: ak.Array) -> ak.Array:
    """Return the same records as four-momenta of the package ``vector``, with its methods.

    Args:
        vectors: records (px, py, pz, E) in GeV, of any shape; the values are shared, not copied.

    Raises:
        DataError: a field is missing.
        MissingToolError: vector is not installed.
    """
    if missing := [field for field in FIELDS if field not in vectors.fields]:
        raise DataError(f"four-vectors need the fields {', '.join(FIELDS)}; missing: {', '.join(missing)}")
    behavior = require("vector.backends.awkward", extra="vector").behavior
    return ak.Array(ak.with_name(vectors, "Momentum4D"), behavior=behavior)


def from_vector(vectors: Any) -> ak.Array:
    """Return four-momenta of the package ``vector`` (awkward or numpy, in any coordinates) as records of this one.

    Args:
        vectors: an array with the properties px, py, pz and E.

    Returns:
        Records (px, py, pz, E) in GeV, of the same shape.

    Raises:
        DataError: the array has no such properties.
    """
    if missing := [field for field in FIELDS if not hasattr(vectors, field)]:
        raise DataError(f"four-momenta of vector are needed; these have no {', '.join(missing)}")
    return _records(*(getattr(vectors, field) for field in FIELDS))


def _records(px: Any, py: Any, pz: Any, energy: Any) -> ak.Array:
    return ak.zip({"px": px, "py": py, "pz": pz, "E": energy}, with_name="Momentum4D")
