"""Constituents as flat columns, and back into records of the same type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.kinematics import FIELDS

__all__ = ["Constituents", "Momenta", "of_each_constituent", "of_each_event", "pack", "unpack"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
PerConstituent = float | Callable[[Floats, Floats], npt.ArrayLike]


class Momenta(NamedTuple):
    """Columns of four-vectors in GeV, in double precision."""

    px: Floats
    py: Floats
    pz: Floats
    E: Floats


class Constituents(NamedTuple):
    """The constituents of many events one after the other.

    Attributes:
        records: as received, with all their fields, shape (constituents,).
        counts: number of constituents of each event.
        regular: whether the array of events was rectangular.
        momenta: their four-vectors, columns of shape (constituents,).
    """

    records: ak.Array
    counts: Integers
    regular: bool
    momenta: Momenta

    @property
    def event(self) -> Integers:
        """The number of the event of each constituent."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def starts(self) -> Integers:
        """The number of the first constituent of each event."""
        return np.cumsum(self.counts) - self.counts


def unpack(constituents: ak.Array) -> Constituents:
    """Take records apart.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (events, jagged); further fields stay as they are.

    Raises:
        DataError: a field is missing, no floating-point number, NaN or infinite; or there are not two axes.
    """
    missing = [field for field in FIELDS if field not in constituents.fields]
    if missing:
        raise DataError(
            f"constituents need the fields {', '.join(FIELDS)}; missing: {', '.join(missing)}; "
            f"received: {', '.join(constituents.fields) or 'no fields'}"
        )
    if constituents.ndim != 2:
        raise DataError(f"constituents must have two axes, (events, constituents); received {constituents.ndim}")
    regular = isinstance(ak.type(constituents).content, ak.types.RegularType)
    jagged = ak.to_packed(ak.from_regular(constituents, axis=1))
    counts = ak.to_numpy(ak.num(jagged, axis=1)).astype(np.int64)
    records = ak.flatten(jagged, axis=1)
    columns = []
    for field in FIELDS:
        values = ak.to_numpy(records[field])
        if np.ma.isMaskedArray(values) or values.dtype.kind != "f":
            raise DataError(
                f"{field} must hold floating-point numbers, none missing; received {ak.type(records[field])}"
            )
        if not np.isfinite(values).all():
            event = int(np.repeat(np.arange(len(counts)), counts)[np.flatnonzero(~np.isfinite(values))[0]])
            raise DataError(f"constituents must be finite; event {event} has a NaN or infinite {field}")
        columns.append(values.astype(np.float64))
    return Constituents(records, counts, regular, Momenta(*columns))


def pack(constituents: Constituents, momenta: Iterable[Floats]) -> ak.Array:
    """Put records together again with other momenta, which are rounded once to the precision that was received."""
    records = constituents.records
    columns = {field: records[field] for field in records.fields}
    for field, values in zip(FIELDS, momenta, strict=True):
        columns[field] = values.astype(ak.to_numpy(columns[field]).dtype)
    again = ak.zip(
        columns,
        depth_limit=1,
        with_name=ak.parameters(records).get("__record__"),
        behavior=records.behavior,
        attrs=records.attrs,
    )
    jagged = ak.unflatten(again, constituents.counts)
    return ak.to_regular(jagged, axis=1) if constituents.regular else jagged


def of_each_event(values: npt.ArrayLike, events: int, name: str) -> Floats:
    """Return one finite number an event.

    Raises:
        DataError: there are other numbers of them, or one is not finite.
    """
    array = np.asarray(values, np.float64)
    if array.shape not in ((), (events,)):
        raise DataError(f"{name} must be one number, or one for each of {events} events; received shape {array.shape}")
    if not np.isfinite(array).all():
        raise DataError(f"{name} must be finite; received {array[~np.isfinite(array)][0]}")
    return np.broadcast_to(array, (events,))


def of_each_constituent(values: PerConstituent, pt: Floats, eta: Floats, name: str, high: float = np.inf) -> Floats:
    """Return one number a constituent, from a number or a function of (pt, eta).

    Raises:
        DataError: a value is NaN, infinite or outside [0, high].
    """
    array = np.asarray(values(pt, eta) if callable(values) else values, np.float64)
    if array.shape not in ((), pt.shape):
        raise DataError(f"{name} must give one number a constituent, {pt.shape}; received shape {array.shape}")
    wrong = ~(np.isfinite(array) & (array >= 0.0) & (array <= high))
    if wrong.any():
        raise DataError(f"{name} must be in [0, {high}] and finite; received {array[wrong][0]}")
    return np.broadcast_to(array, pt.shape)
