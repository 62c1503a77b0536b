"""Which jet is which in top pairs: the chi2 assignment of the lepton-and-jets channel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.kinematics import FIELDS, check_four_vectors

__all__ = ["NeutrinoSolutions", "TtbarAssignment", "TtbarHypothesis", "assign_ttbar", "neutrino_pz"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

W_MASS = 80.4
TOP_MASS = 172.5


@dataclass(frozen=True)
class TtbarHypothesis:
    """Masses, and the widths of their reconstruction, in GeV.

    The widths are those of the reconstructed masses of rightly assigned jets, not of the particles. They belong to a detector
    and a jet energy calibration: measure them on matched jets of one's own sample with `measured_hypothesis`; the defaults
    are of a size that is usual for jets at the LHC.

    Attributes:
        w_mass: mass of the W boson.
        top_mass: mass of the top quark.
        w_width: width of the mass of the two jets of the W.
        hadronic_top_width: width of the mass of three jets.
        leptonic_top_width: width of the mass of jet, lepton and neutrino.
        hadronic_w_mass: where the mass of the two jets lies, if not at `w_mass`: jets without a calibration have lost energy.
            The neutrino is made with `w_mass`.
        hadronic_top_mass: where the mass of the three jets lies, if not at `top_mass`.
        leptonic_top_mass: where the mass of jet, lepton and neutrino lies, if not at `top_mass`.
    """

    w_mass: float = W_MASS
    top_mass: float = TOP_MASS
    w_width: float = 10.0
    hadronic_top_width: float = 15.0
    leptonic_top_width: float = 20.0
    hadronic_w_mass: float | None = None
    hadronic_top_mass: float | None = None
    leptonic_top_mass: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is not positive."""
        for name, value in vars(self).items():
            if value is not None and not 0.0 < value < np.inf:
                raise DataError(f"{name} must be positive and finite; received {value}")

    def positions(self) -> tuple[float, float, float]:
        """Return where the masses of hadronic W, hadronic top and leptonic top lie, in GeV."""
        return (
            self.hadronic_w_mass or self.w_mass,
            self.hadronic_top_mass or self.top_mass,
            self.leptonic_top_mass or self.top_mass,
        )


class NeutrinoSolutions(NamedTuple):
    """The longitudinal momentum of the neutrino of W -> lepton neutrino.

    Attributes:
        pz: both solutions in GeV, shape (events, 2), the smaller in magnitude first.
        real: whether the solutions are real, shape (events,).
    """

    pz: Floats
    real: npt.NDArray[np.bool_]


class TtbarAssignment(NamedTuple):
    """The best assignment of each event, every entry of shape (events,).

    Attributes:
        q1: number of the first jet of the W in the event's list of jets, the harder one; -1 where there is no assignment.
        q2: number of the second jet of the W.
        b_had: number of the b jet of the top with the hadronic W.
        b_lep: number of the b jet of the top with the lepton.
        neutrino_pz: in GeV, the solution that was chosen; NaN where there is no assignment.
        chi2: infinite where there is no assignment.
    """

    q1: Integers
    q2: Integers
    b_had: Integers
    b_lep: Integers
    neutrino_pz: Floats
    chi2: Floats


def neutrino_pz(lepton: Any, missing: Any, w_mass: float = W_MASS) -> NeutrinoSolutions:
    """Solve the mass constraint of the W for the longitudinal momentum of the neutrino.

    The constraint is a quadratic equation. Where the transverse mass exceeds the W mass, because of resolution or the width of
    the W, the solutions are complex: both are then their common real part, and the mass comes out above `w_mass`.

    Args:
        lepton: records (px, py, pz, E) in GeV, shape (events,).
        missing: the transverse momentum of the neutrino, anything with px and py in GeV, shape (events,).
        w_mass: in GeV.

    Raises:
        DataError: a lepton has no transverse momentum, or a value is not finite.
    """
    px, py, pz, energy = (_column(getattr(lepton, field), f"{field} of a lepton") for field in FIELDS)
    nx, ny = (_column(getattr(missing, field), f"missing {field}") for field in ("px", "py"))
    squared_pt = px**2 + py**2
    if not (squared_pt > 0.0).all():
        raise DataError("the constraint of the W mass needs leptons with a transverse momentum; one has none")
    squared_mass = np.maximum((energy + pz) * (energy - pz) - squared_pt, 0.0)
    half = 0.5 * (w_mass**2 - squared_mass) + px * nx + py * ny
    transverse = squared_pt + squared_mass
    discriminant = half**2 - transverse * (nx**2 + ny**2)
    real = discriminant >= 0.0
    root = energy * np.sqrt(np.where(real, discriminant, 0.0))
    both = np.stack([half * pz - root, half * pz + root], axis=-1) / transverse[:, None]
    order = np.argsort(np.abs(both), axis=-1, kind="stable")
    return NeutrinoSolutions(np.take_along_axis(both, order, axis=-1), real)


def assign_ttbar(
    jets: ak.Array,
    lepton: Any,
    missing: Any,
    b_tagged: ak.Array | None = None,
    hypothesis: TtbarHypothesis | None = None,
    max_jets: int = 8,
) -> TtbarAssignment:
    """Find, in top pairs with one lepton, the jets that fit best two W bosons and two top quarks.

    chi2 = ((m_jj - m_W) / s_W)^2 + ((m_jjb - m_t) / s_had)^2 + ((m_blv - m_t) / s_lep)^2

    with the masses of the hypothesis, is minimised over all assignments of four different jets (the two of the W exchange
    places without effect: 840 assignments for eight jets) and over both solutions of `neutrino_pz`. The W mass of the lepton and the neutrino is no term:
    the neutrino was made to fit it.

    Args:
        jets: records (px, py, pz, E) in GeV, shape (events, jagged). Only the hardest `max_jets` are looked at. Events with
            fewer than four jets get no assignment.
        lepton: records (px, py, pz, E) in GeV, shape (events,).
        missing: the missing transverse momentum, anything with px and py in GeV, shape (events,).
        b_tagged: whether each jet is tagged as a b jet, shape (events, jagged). If given, as many tagged jets as
            possible, at most two, must stand in the places of the b jets.
        hypothesis: masses and widths.
        max_jets: from 4 on.

    Raises:
        DataError: vectors are missing, not finite or of different numbers of events; a tag is missing; max_jets is below 4.
    """
    vectors = check_four_vectors(jets)
    hypothesis = hypothesis or TtbarHypothesis()
    if max_jets < 4:
        raise DataError(f"max_jets must be at least 4, the number of quarks; received {max_jets}")
    solutions = neutrino_pz(lepton, missing, hypothesis.w_mass)
    events = len(vectors)
    if not events == len(lepton.px) == len(missing.px):
        raise DataError(
            f"numbers of events differ: {events} of jets, {len(lepton.px)} of leptons, {len(missing.px)} of missing"
        )
    counts = ak.to_numpy(ak.num(vectors, axis=1)).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    flat = ak.flatten(vectors, axis=1)
    momenta = np.stack([ak.to_numpy(flat[field]) for field in FIELDS], axis=-1)
    tags = np.zeros(len(momenta), np.bool_) if b_tagged is None else _tags(b_tagged, counts)
    hardest = np.lexsort((-np.hypot(momenta[:, 0], momenta[:, 1]), np.repeat(np.arange(events), counts)))
    leptonic_w = _leptonic_w(lepton, missing, solutions)
    masses = np.array(hypothesis.positions())
    widths = np.array([hypothesis.w_width, hypothesis.hadronic_top_width, hypothesis.leptonic_top_width])
    best, solution, chi2 = _search(momenta, tags, hardest, starts, leptonic_w, masses, widths, max_jets)
    found = best[:, 0] >= 0
    chosen = np.take_along_axis(solutions.pz, solution[:, None], axis=-1)[:, 0]
    q1, q2, b_had, b_lep = best.T
    return TtbarAssignment(q1, q2, b_had, b_lep, np.where(found, chosen, np.nan), chi2)


def _column(values: Any, name: str) -> Floats:
    column = np.asarray(ak.to_numpy(values) if isinstance(values, ak.Array) else values, np.float64)
    if column.ndim != 1 or not np.isfinite(column).all():
        raise DataError(f"the {name} must be one finite number an event; received shape {column.shape}")
    return column


def _tags(b_tagged: ak.Array, counts: Integers) -> npt.NDArray[np.bool_]:
    jagged = ak.from_regular(ak.Array(b_tagged), axis=1)
    if not np.array_equal(ak.to_numpy(ak.num(jagged, axis=1)), counts):
        raise DataError("b_tagged must have one entry for each jet; the numbers differ")
    tags: npt.NDArray[np.bool_] = ak.to_numpy(ak.flatten(jagged, axis=1)).astype(np.bool_)
    return tags


def _leptonic_w(lepton: Any, missing: Any, solutions: NeutrinoSolutions) -> Floats:
    """Return the sum of lepton and massless neutrino for both solutions, (events, 2, 4)."""
    px, py, pz, energy = (_column(getattr(lepton, field), field)[:, None] for field in FIELDS)
    nx, ny = (_column(getattr(missing, field), field)[:, None] for field in ("px", "py"))
    neutrino_energy = np.sqrt(nx**2 + ny**2 + solutions.pz**2)
    columns = np.broadcast_arrays(px + nx, py + ny, pz + solutions.pz, energy + neutrino_energy)
    return np.stack(columns, axis=-1)


@numba.njit(cache=True, nogil=True)
def _mass(vector: Floats) -> float:
    squared = (vector[3] + vector[2]) * (vector[3] - vector[2]) - vector[0] ** 2 - vector[1] ** 2
    return math.sqrt(max(squared, 0.0))


@numba.njit(cache=True, nogil=True)
def _search(
    momenta: Floats,
    tags: npt.NDArray[np.bool_],
    hardest: Integers,
    starts: Integers,
    leptonic_w: Floats,
    masses: Floats,
    widths: Floats,
    max_jets: int,
) -> tuple[Integers, Integers, Floats]:
    """Return jets (events, 4) as q1, q2, b_had, b_lep, the neutrino's solution (events,) and chi2 (events,)."""
    events = len(starts) - 1
    best = np.full((events, 4), -1, np.int64)
    solution = np.zeros(events, np.int64)
    chi2 = np.full(events, np.inf)
    for event in range(events):
        number = min(starts[event + 1] - starts[event], max_jets)
        if number < 4:
            continue
        jets = hardest[starts[event] : starts[event] + number]
        leptonic = np.empty(number)
        which = np.empty(number, np.int64)
        tagged = 0
        for i in range(number):
            tagged += tags[jets[i]]
            pulls = np.empty(2)
            for s in range(2):
                pulls[s] = abs(_mass(momenta[jets[i]] + leptonic_w[event, s]) - masses[2]) / widths[2]
            which[i] = 1 if pulls[1] < pulls[0] else 0
            leptonic[i] = pulls[which[i]] ** 2
        wanted = min(tagged, 2)
        for q1 in range(number - 1):
            for q2 in range(q1 + 1, number):
                w_boson = momenta[jets[q1]] + momenta[jets[q2]]
                w_term = ((_mass(w_boson) - masses[0]) / widths[0]) ** 2
                if w_term >= chi2[event]:
                    continue
                for b_had in range(number):
                    if b_had in (q1, q2):
                        continue
                    term = w_term + ((_mass(w_boson + momenta[jets[b_had]]) - masses[1]) / widths[1]) ** 2
                    for b_lep in range(number):
                        if b_lep in (q1, q2, b_had):
                            continue
                        total = term + leptonic[b_lep]
                        if total < chi2[event] and tags[jets[b_had]] + tags[jets[b_lep]] == wanted:
                            chi2[event] = total
                            solution[event] = which[b_lep]
                            for place, jet in enumerate((q1, q2, b_had, b_lep)):
                                best[event, place] = jets[jet] - starts[event]
    return best, solution, chi2
