"""Kinematics of four-vectors held as awkward records (px, py, pz, E in GeV)."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np

from keras_hep.errors import DataError

__all__ = [
    "azimuth",
    "check_four_vectors",
    "invariant_mass",
    "pseudorapidity",
    "rapidity",
    "transverse_momentum",
    "wrap_phi",
]

FIELDS = ("px", "py", "pz", "E")


def check_four_vectors(vectors: ak.Array) -> ak.Array:
    """Return jagged four-vectors as packed float64 records of px, py, pz, E alone.

    Args:
        vectors: array (jets, constituents) of records with fields px, py, pz, E in GeV; the second axis may be jagged.

    Raises:
        DataError: a field is missing, the array is not two-dimensional, or a value is NaN or infinite.
    """
    missing = [field for field in FIELDS if field not in vectors.fields]
    if missing:
        raise DataError(
            f"constituents need the fields {', '.join(FIELDS)}; missing: {', '.join(missing)}; "
            f"received: {', '.join(vectors.fields) or 'no fields'}"
        )
    if vectors.ndim != 2:
        raise DataError(f"constituents must have two axes, (jets, constituents); received {vectors.ndim}")
    jagged = ak.from_regular(vectors, axis=1)
    counts = ak.to_numpy(ak.num(jagged, axis=1))
    flat = ak.flatten(jagged, axis=1)
    columns = {field: np.ascontiguousarray(ak.to_numpy(flat[field]), dtype=np.float64) for field in FIELDS}
    for field, values in columns.items():
        if not np.isfinite(values).all():
            jet = int(np.repeat(np.arange(len(counts)), counts)[np.flatnonzero(~np.isfinite(values))[0]])
            raise DataError(f"constituents must be finite; jet {jet} has a NaN or infinite {field}")
    return ak.unflatten(ak.zip(columns, with_name="Momentum4D"), counts)


def transverse_momentum(vectors: Any) -> Any:
    """Return pT in GeV."""
    return np.hypot(vectors.px, vectors.py)


def azimuth(vectors: Any) -> Any:
    """Return the azimuth in radians, in [-pi, pi]."""
    return np.arctan2(vectors.py, vectors.px)


def pseudorapidity(vectors: Any) -> Any:
    """Return the pseudorapidity; a vector without transverse momentum gets a large finite value."""
    return np.arcsinh(vectors.pz / np.maximum(transverse_momentum(vectors), 1e-100))


def rapidity(vectors: Any) -> Any:
    """Return the rapidity, written so that rounding cannot make it NaN for massless or slightly space-like vectors.

    A vector without transverse momentum and mass gets the rapidity 0: it has no weight in any observable.
    """
    squared_pt = vectors.px**2 + vectors.py**2
    squared_mass = (vectors.E + vectors.pz) * (vectors.E - vectors.pz) - squared_pt
    squared_transverse_mass = squared_pt + np.maximum(squared_mass, 0.0)
    usable = squared_transverse_mass > 0.0
    numerator = np.where(usable, squared_transverse_mass, 1.0)
    denominator = np.where(usable, (vectors.E + abs(vectors.pz)) ** 2, 1.0)
    return -np.sign(vectors.pz) * 0.5 * np.log(numerator / denominator)


def invariant_mass(vectors: Any) -> Any:
    """Return the invariant mass in GeV, 0 for space-like vectors."""
    squared = (vectors.E + vectors.pz) * (vectors.E - vectors.pz) - vectors.px**2 - vectors.py**2
    return np.sqrt(np.maximum(squared, 0.0))


def wrap_phi(phi: Any) -> Any:
    """Return an angle or a difference of angles in radians, wrapped into [-pi, pi)."""
    return (phi + np.pi) % (2.0 * np.pi) - np.pi
