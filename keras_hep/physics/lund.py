"""The Lund plane of a jet, arXiv:1807.04758, its images, and the whole tree of Lund planes, arXiv:2012.08526."""

from __future__ import annotations

import math

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics._pseudojets import AZIMUTH, ENERGY, PX, PY, PZ, RAPIDITY
from keras_hep.physics.clustering import cluster
from keras_hep.physics.declustering import harder_first

__all__ = ["lund_images", "lund_plane", "lund_tree"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Below what any detector resolves; keeps the logarithms of exactly collinear pairs finite.
SMALLEST = 1e-12

VALUES = ("delta", "kt", "z", "psi", "mass")
LINKS = ("depth", "parent", "harder", "softer")
DEPTH, PARENT, HARDER, SOFTER = range(len(LINKS))


def lund_plane(constituents: ak.Array, threads: int | None = None) -> ak.Array:
    """Decluster jets along their harder branch and return the coordinates of each emission.

    The jet is clustered with Cambridge/Aachen, and the clustering is undone from the last recombination on. Of the two
    branches a and b with pT_a > pT_b, in rapidity y and azimuth phi:

    - ``delta``: the distance of a and b; ``kt``: pT_b delta in GeV; ``z``: pT_b / (pT_a + pT_b);
    - ``psi``: the angle around the branch, atan2(y_b - y_a, phi_b - phi_a), in radians;
    - ``mass``: of the pair in GeV, 0 if space-like;
    - ``ln_inverse_delta``: ln(1 / delta), and ``ln_kt``: ln(kt / GeV), with at least 1e-12 for delta and kt.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        threads: number of threads of the clustering; None for one on each core.

    Returns:
        Records with the fields above, shape (jets, jagged), from the widest angle of the clustering inwards. A jet with
        fewer than two constituents has none.

    Raises:
        DataError: the constituents are not finite four-vectors.
    """
    return _decluster(constituents, threads, primary_alone=True)[[*VALUES, "ln_inverse_delta", "ln_kt"]]


def lund_tree(constituents: ak.Array, threads: int | None = None) -> ak.Array:
    """Decluster jets along all branches: the primary Lund plane, and the planes of all emissions.

    A jet of n constituents has n - 1 declusterings. They come plane by plane: first the primary one, then that of each
    of its emissions, then those of the emissions of these.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        threads: number of threads of the clustering; None for one on each core.

    Returns:
        Records with the fields of `lund_plane`, shape (jets, jagged), and numbers of declusterings within the jet:
        ``parent``, of whose branches one is declustered here (-1 for the first), ``harder`` and ``softer``, which
        decluster the harder and softer branch (-1 if it is a constituent), and ``depth``, the number of softer branches
        taken on the way (0 for the primary plane).

    Raises:
        DataError: the constituents are not finite four-vectors.
    """
    return _decluster(constituents, threads, primary_alone=False)


def lund_images(
    declusterings: ak.Array,
    pixels: int = 50,
    ln_inverse_delta: tuple[float, float] = (0.0, 7.0),
    ln_kt: tuple[float, float] = (-3.0, 7.0),
) -> npt.NDArray[np.float32]:
    """Count the emissions of each jet in the cells of its Lund plane.

    Args:
        declusterings: from `lund_plane` or `lund_tree`.
        pixels: along each side.
        ln_inverse_delta: range of the columns.
        ln_kt: range of the rows, with kt in GeV. The lower edge belongs to a cell, the upper one does not; emissions
            outside of the ranges are not counted.

    Returns:
        Shape (jets, pixels, pixels, 1): rows along ln kt, columns along ln 1/delta. The average over jets divided by the
        area of a cell is the density of emissions.

    Raises:
        DataError: a range is empty or there is no pixel.
    """
    ranges = {"ln_inverse_delta": ln_inverse_delta, "ln_kt": ln_kt}
    for name, (low, high) in ranges.items():
        if not low < high or pixels < 1:
            raise DataError(
                f"a Lund image needs pixels and a range that rises; received {pixels} and {name} ({low}, {high})"
            )
    counts = ak.to_numpy(ak.num(declusterings, axis=1))
    cell = np.repeat(np.arange(len(counts)), counts)
    inside = np.ones(len(cell), dtype=bool)
    for name in ("ln_kt", "ln_inverse_delta"):
        low, high = ranges[name]
        values = ak.to_numpy(ak.flatten(declusterings[name], axis=1))
        index = np.floor((values - low) / (high - low) * pixels).astype(np.int64)
        inside &= (index >= 0) & (index < pixels)
        cell = cell * pixels + index
    images = np.bincount(cell[inside], minlength=len(counts) * pixels**2).astype(np.float32)
    return images.reshape(len(counts), pixels, pixels, 1)


def _decluster(constituents: ak.Array, threads: int | None, primary_alone: bool) -> ak.Array:
    history = cluster(constituents, "ca", threads=threads)
    most = np.maximum(np.diff(history.offsets) // 2 - 1, 0)
    ends = np.cumsum(most)
    links = np.full((int(ends[-1]) if len(ends) else 0, len(LINKS)), -1, dtype=np.int64)
    values = np.empty((len(links), len(VALUES)))
    rows = np.column_stack([history.momentum, history.rapidity, history.azimuth])
    found = np.zeros_like(most)
    _walk(history.offsets, history.parents, rows, ends - most, primary_alone, links, values, found)
    written = np.arange(len(links)) - np.repeat(ends - most, most) < np.repeat(found, most)
    fields = {name: values[written, column] for column, name in enumerate(VALUES)}
    fields["ln_inverse_delta"] = -np.log(np.maximum(fields["delta"], SMALLEST))
    fields["ln_kt"] = np.log(np.maximum(fields["kt"], SMALLEST))
    fields |= {name: links[written, column] for column, name in enumerate(LINKS)}
    return ak.unflatten(ak.zip(fields), found)


@numba.njit(cache=True, nogil=True)
def _walk(
    offsets: Integers,
    parents: Integers,
    rows: Floats,
    firsts: Integers,
    primary_alone: bool,
    links: Integers,
    values: Floats,
    found: Integers,
) -> None:
    """Follow the harder branches to the end, then each softer one that was met, in the order of meeting them."""
    longest = 0
    for jet in range(len(offsets) - 1):
        longest = max(longest, offsets[jet + 1] - offsets[jet])
    softer_rows = np.empty(longest, dtype=np.int64)
    for jet in range(len(offsets) - 1):
        start, count = offsets[jet], (offsets[jet + 1] - offsets[jet]) // 2
        its_links, its_values = links[firsts[jet] :], values[firsts[jet] :]
        row, depth, parent, side = 2 * count - 2, 0, -1, HARDER
        number = plane = 0
        while True:
            while row >= count:
                harder, softer = harder_first(parents, rows, start, row)
                _coordinates(rows[start + harder], rows[start + softer], its_values[number])
                its_links[number, DEPTH], its_links[number, PARENT] = depth, parent
                if parent >= 0:
                    its_links[parent, side] = number
                softer_rows[number] = softer
                row, parent, side = harder, number, HARDER
                number += 1
            if primary_alone or plane == number:
                break
            row, depth, parent, side = softer_rows[plane], its_links[plane, DEPTH] + 1, plane, SOFTER
            plane += 1
        found[jet] = number


@numba.njit(cache=True, nogil=True)
def _coordinates(harder: Floats, softer: Floats, values: Floats) -> None:
    """Write delta, kt, z, psi and mass of two branches."""
    climb, turn = softer[RAPIDITY] - harder[RAPIDITY], softer[AZIMUTH] - harder[AZIMUTH]
    if turn > math.pi:
        turn -= 2.0 * math.pi
    elif turn < -math.pi:
        turn += 2.0 * math.pi
    hard_pt, soft_pt = math.hypot(harder[PX], harder[PY]), math.hypot(softer[PX], softer[PY])
    px, py, pz = harder[PX] + softer[PX], harder[PY] + softer[PY], harder[PZ] + softer[PZ]
    energy = harder[ENERGY] + softer[ENERGY]
    values[0] = math.hypot(climb, turn)
    values[1] = soft_pt * values[0]
    values[2] = soft_pt / (hard_pt + soft_pt)
    values[3] = math.atan2(climb, turn)
    values[4] = math.sqrt(max(0.0, (energy + pz) * (energy - pz) - px**2 - py**2))
