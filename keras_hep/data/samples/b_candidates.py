"""Combinations of a kaon and pions that may be a B meson decaying to a D meson and pions."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["KAON_KIND", "NEUTRAL_PION_KIND", "PION_KIND", "search"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
FourVector = tuple[float, float, float, float]

D_MASSES = (1.86484, 1.86966)
"""Masses of D0 and D+ in GeV."""

NEUTRAL_PION_KIND, PION_KIND, KAON_KIND = 0, 1, 2
NOTHING = (0.0, 0.0, 0.0, 0.0)


@numba.njit(cache=True, nogil=True)
def search(
    starts: Integers,
    kind: Integers,
    charge: Integers,
    momentum: Floats,
    windows: Floats,
    limits: Floats,
    pions: int,
    found: Integers,
) -> None:
    """Count the B candidates of all events.

    Args:
        starts: where each event begins in the columns, and their length at the end, (events + 1,).
        kind: 0 neutral pion, 1 pion, 2 kaon.
        charge: 0, 1 or -1.
        momentum: px, py, pz, E in GeV in the rest frame of the collision, (particles, 4).
        windows: largest difference in GeV to the D mass without and with a neutral pion.
        limits: energy of a beam, least beam-constrained mass, largest difference of the energy to that of a beam, in GeV.
        pions: at most so many pions beside the D meson, up to four.
        found: takes the numbers, (events,).
    """
    used = np.zeros(len(kind), dtype=np.bool_)
    for event in range(len(found)):
        first, last = starts[event], starts[event + 1]
        for kaon in range(first, last):
            if kind[kaon] != KAON_KIND:
                continue
            used[kaon] = True
            for a in range(first, last):
                if kind[a] != PION_KIND or charge[a] == charge[kaon]:
                    continue
                used[a] = True
                two = _add(_add(NOTHING, momentum[kaon]), momentum[a])
                found[event] += _with_d(two, 0, first, last, kind, charge, momentum, windows, limits, pions, used)
                for b in range(a + 1, last):
                    if kind[b] != PION_KIND or charge[b] == charge[kaon]:
                        continue
                    used[b] = True
                    three, total = _add(two, momentum[b]), charge[a]
                    found[event] += _with_d(
                        three, total, first, last, kind, charge, momentum, windows, limits, pions, used
                    )
                    for c in range(first, last):
                        if kind[c] != PION_KIND or charge[c] != charge[kaon]:
                            continue
                        used[c] = True
                        four = _add(three, momentum[c])
                        found[event] += _with_d(
                            four, 0, first, last, kind, charge, momentum, windows, limits, pions, used
                        )
                        used[c] = False
                    used[b] = False
                used[a] = False
            used[kaon] = False


@numba.njit(cache=True, nogil=True)
def _with_d(
    tracks: FourVector,
    d_charge: int,
    first: int,
    last: int,
    kind: Integers,
    charge: Integers,
    momentum: Floats,
    windows: Floats,
    limits: Floats,
    pions: int,
    used: npt.NDArray[np.bool_],
) -> int:
    """Count the B candidates of D candidates: of tracks that are marked as used, and of them with a neutral pion."""
    nominal = D_MASSES[0] if d_charge == 0 else D_MASSES[1]
    found = 0
    if abs(_mass(tracks) - nominal) < windows[0]:
        found += _with_pions(tracks, d_charge, first, last, kind, charge, momentum, limits, pions, used)
    for neutral in range(first, last):
        if kind[neutral] != NEUTRAL_PION_KIND:
            continue
        d = _add(tracks, momentum[neutral])
        if abs(_mass(d) - nominal) < windows[1]:
            used[neutral] = True
            found += _with_pions(d, d_charge, first, last, kind, charge, momentum, limits, pions, used)
            used[neutral] = False
    return found


@numba.njit(cache=True, nogil=True)
def _add(total: FourVector, momentum: Floats) -> FourVector:
    """Return a sum of px, py, pz, E and one more."""
    return total[0] + momentum[0], total[1] + momentum[1], total[2] + momentum[2], total[3] + momentum[3]


@numba.njit(cache=True, nogil=True)
def _mass(momentum: FourVector) -> float:
    """Return the mass of px, py, pz, E."""
    squared = momentum[3] ** 2 - momentum[0] ** 2 - momentum[1] ** 2 - momentum[2] ** 2
    return float(np.sqrt(max(squared, 0.0)))


@numba.njit(cache=True, nogil=True)
def _with_pions(
    d: FourVector,
    d_charge: int,
    first: int,
    last: int,
    kind: Integers,
    charge: Integers,
    momentum: Floats,
    limits: Floats,
    pions: int,
    used: npt.NDArray[np.bool_],
) -> int:
    """Count the B candidates of a D candidate, whose particles are marked as used."""
    found = 0
    for a in range(first, last):
        if used[a] or kind[a] == KAON_KIND:
            continue
        one = _add(d, momentum[a])
        charge_a, neutral_a = d_charge + charge[a], kind[a] == NEUTRAL_PION_KIND
        found += _is_b(one, d_charge, charge_a, limits)
        if pions < 2:
            continue
        for b in range(a + 1, last):
            neutral_b = kind[b] == NEUTRAL_PION_KIND
            if used[b] or kind[b] == KAON_KIND or (neutral_a and neutral_b):
                continue
            two = _add(one, momentum[b])
            charge_b = charge_a + charge[b]
            found += _is_b(two, d_charge, charge_b, limits)
            if pions < 3:
                continue
            for c in range(b + 1, last):
                neutral_c = kind[c] == NEUTRAL_PION_KIND
                if used[c] or kind[c] == KAON_KIND or (neutral_c and (neutral_a or neutral_b)):
                    continue
                three = _add(two, momentum[c])
                charge_c = charge_b + charge[c]
                found += _is_b(three, d_charge, charge_c, limits)
                if pions < 4:
                    continue
                for e in range(c + 1, last):
                    several = kind[e] == NEUTRAL_PION_KIND and (neutral_a or neutral_b or neutral_c)
                    if used[e] or kind[e] == KAON_KIND or several:
                        continue
                    found += _is_b(_add(three, momentum[e]), d_charge, charge_c + charge[e], limits)
    return found


@numba.njit(cache=True, nogil=True)
def _is_b(b: FourVector, d_charge: int, charge: int, limits: Floats) -> int:
    """Return 1 if a combination is a B candidate by its charge, mass and energy, else 0."""
    if abs(charge) != (1 if d_charge == 0 else 0):
        return 0
    squared = limits[0] ** 2 - b[0] ** 2 - b[1] ** 2 - b[2] ** 2
    return int(squared > limits[1] ** 2 and abs(b[3] - limits[0]) < limits[2])
