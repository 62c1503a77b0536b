"""Reconstruction of boosted top quarks as in HEPTopTagger 2, arXiv:1503.05921 (first version arXiv:1006.2833)."""

from __future__ import annotations

import math
from typing import NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics._jets import FlatJets, check_net_momentum, flat_jets, over_jets
from keras_hep.physics._pseudojets import COLUMNS, ENERGY, PT2, PX
from keras_hep.physics._recombination import E_SCHEME, cluster_rows, constituents_of, jet_rows
from keras_hep.physics._top_candidate import (
    CANDIDATE,
    W_HARD,
    W_SOFT,
    B,
    ClusteredJet,
    best_triple,
    harder_first,
    pair_mass,
    reconstruct,
    row_mass,
    split,
    sum_rows,
)
from keras_hep.physics.pruning import prune_rows

__all__ = ["TopCandidates", "TopTaggerSettings", "hep_top_tagger"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

MASS, F_REC, W_MASS, PRUNED_MASS, UNFILTERED_MASS, RADIUS, EXPECTED_RADIUS = range(7)


class TopTaggerSettings(NamedTuple):
    """What the tagger asks for; masses and momenta in GeV, radii in rapidity and azimuth.

    Attributes:
        mass_drop: an object is split into both of its parents where the heavier one has less than this of its mass.
        max_subjet_mass: objects below are not split.
        filter_radius: the largest radius of the subjets of a candidate; otherwise half the smallest distance of parts.
        filter_subjets: how many of those subjets, the hardest, make the candidate.
        top_mass: the mass of the top quark.
        w_mass: the mass of the W boson.
        min_mass: the least mass of a candidate.
        max_mass: the largest mass of a candidate.
        w_window: how far m_ij / m_123 of one pair may be from w_mass / top_mass, as a fraction.
        min_m23: the least m_23 / m_123 where the pair is one with the hardest subjet.
        min_angle: the least arctan(m_13 / m_12) where the pair is the one without the hardest subjet (rad).
        max_angle: the largest.
        min_pt: the least pT of a candidate for a tag.
        prune_z_cut: z_cut of the pruned mass.
        prune_r_cut_factor: r_cut_factor of the pruned mass.
        max_radius: the largest radius.
        min_radius: the smallest radius.
        radius_step: the step between radii.
        mass_loss: the radius is too small where the candidate has lost more than this of its mass at max_radius.
        expected_radius_pt: R_calc in GeV: the radius expected is this over the pT of the filtered jet.
        expected_filter_radius: the radius of the subjets of the filtered jet.
        expected_filter_subjets: how many of them are kept, the hardest.
    """

    mass_drop: float = 0.8
    max_subjet_mass: float = 30.0
    filter_radius: float = 0.3
    filter_subjets: int = 5
    top_mass: float = 172.9
    w_mass: float = 80.379
    min_mass: float = 150.0
    max_mass: float = 200.0
    w_window: float = 0.15
    min_m23: float = 0.35
    min_angle: float = 0.2
    max_angle: float = 1.3
    min_pt: float = 200.0
    prune_z_cut: float = 0.1
    prune_r_cut_factor: float = 0.5
    max_radius: float = 1.5
    min_radius: float = 0.5
    radius_step: float = 0.1
    mass_loss: float = 0.2
    expected_radius_pt: float = 327.0
    expected_filter_radius: float = 0.2
    expected_filter_subjets: int = 10


class TopCandidates(NamedTuple):
    """The top candidate of each jet; masses and momenta in GeV, arrays of shape (jets,) if not said otherwise.

    Attributes:
        found: whether there is a candidate. Without one, masses and momenta are 0 and f_rec is 1.
        tagged: whether there is one with the least pT.
        mass: of the filtered candidate, m_rec.
        pt: its transverse momentum.
        f_rec: the least of abs((m_ij / m_123) / (m_W / m_t) - 1) over the pairs of its three subjets.
        w_mass: of the pair nearest to the mass of the W boson.
        pruned_mass: of the three parts before filtering, pruned.
        unfiltered_mass: of the three parts before filtering.
        momentum: px, py, pz, E of the filtered candidate, shape (jets, 4).
        subjets: px, py, pz, E of the b subjet and of the harder and softer subjet of the W, shape (jets, 3, 4).
        radius: R_opt, the smallest radius that still holds the candidate, the largest one where there is none;
            infinite where it was not asked for.
        expected_radius: R_calc, the radius expected from the pT of the filtered jet.
    """

    found: Booleans
    tagged: Booleans
    mass: Floats
    pt: Floats
    f_rec: Floats
    w_mass: Floats
    pruned_mass: Floats
    unfiltered_mass: Floats
    momentum: Floats
    subjets: Floats
    radius: Floats
    expected_radius: Floats

    @property
    def radius_difference(self) -> Floats:
        """R_opt - R_calc, small for a top quark; shape (jets,)."""
        return self.radius - self.expected_radius


def hep_top_tagger(
    constituents: ak.Array,
    settings: TopTaggerSettings | None = None,
    optimal_radius: bool = True,
    threads: int | None = None,
) -> TopCandidates:
    """Look for a top quark in each jet.

    The jet is clustered with Cambridge/Aachen and declustered into parts below a mass. Of each three parts the
    constituents are filtered and made three subjets; the three parts with the mass nearest to the top quark's, among
    those within the mass window and with masses of pairs as from a W boson, are the candidate. With `optimal_radius`
    that is done for subjets of the jet of ever smaller radius, and the candidate is the one at the smallest radius at
    which its mass has not dropped.

    Constituents without transverse momentum, such as padding, have no direction and are left out first.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        settings: what the tagger asks for; None for its own.
        optimal_radius: look for R_opt; otherwise the jet is taken as a whole.
        threads: number of threads; None for one on each core.

    Returns:
        One candidate for each jet.

    Raises:
        DataError: the constituents are not finite four-vectors, those of a jet have no transverse momentum in sum, or
            the settings contradict each other.
    """
    settings = TopTaggerSettings() if settings is None else settings
    _check(settings)
    # Whole numbers for fractions would be another type, for which all loops are compiled again.
    settings = TopTaggerSettings._make(
        type(usual)(value) for usual, value in zip(TopTaggerSettings(), settings, strict=True)
    )
    radii = _radii(settings) if optimal_radius else np.array([math.inf])
    jets = flat_jets(constituents)
    check_net_momentum(jets)
    count = len(jets.offsets) - 1
    numbers, vectors = np.zeros((count, 7)), np.zeros((count, 4, 4))
    numbers[:, F_REC] = 1.0
    numbers[:, RADIUS] = radii[0]
    over_jets(_tag, jets, threads, settings, radii, numbers, vectors)
    pt = np.hypot(vectors[:, CANDIDATE, 0], vectors[:, CANDIDATE, 1])
    mass, f_rec, w_mass, pruned_mass, unfiltered_mass, radius, expected_radius = numbers.T.copy()
    return TopCandidates(
        found=mass > 0.0,
        tagged=(mass > 0.0) & (pt > settings.min_pt),
        mass=mass,
        pt=pt,
        f_rec=f_rec,
        w_mass=w_mass,
        pruned_mass=pruned_mass,
        unfiltered_mass=unfiltered_mass,
        momentum=vectors[:, CANDIDATE].copy(),
        subjets=vectors[:, B:].copy(),
        radius=radius,
        expected_radius=expected_radius,
    )


def _check(settings: TopTaggerSettings) -> None:
    """Refuse settings that the tagger cannot work with."""
    largest, smallest, step = settings.max_radius, settings.min_radius, settings.radius_step
    if not (0.0 < smallest <= largest < math.inf and step > 0.0):
        raise DataError(
            f"the radii must go in positive steps from max_radius to a positive min_radius that is not larger; "
            f"received {largest} to {smallest} by {step}"
        )
    if settings.filter_subjets < 3:
        raise DataError(f"filter_subjets must be at least 3; received {settings.filter_subjets}")
    if not min(settings.top_mass, settings.w_mass, settings.min_mass) > 0.0:
        raise DataError(
            f"the masses must be positive; received top_mass {settings.top_mass}, w_mass {settings.w_mass}, "
            f"min_mass {settings.min_mass}"
        )


def _radii(settings: TopTaggerSettings) -> Floats:
    """Return the radii, the largest first, each to the last digit of its decimal fraction."""
    span = settings.max_radius - settings.min_radius
    steps = np.arange(int(span / settings.radius_step + 1e-9) + 1)
    return np.round(settings.max_radius - settings.radius_step * steps, 10)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _tag(
    first: int, last: int, jets: FlatJets, settings: TopTaggerSettings, radii: Floats, numbers: Floats, vectors: Floats
) -> None:
    """Tag the jets `first` to `last`; `numbers` and `vectors` get what `TopCandidates` is made of."""
    result = np.empty((4, COLUMNS))
    for number in range(first, last):
        count = jets.offsets[number + 1] - jets.offsets[number]
        if count == 0:
            continue
        rows, links, distance = jet_rows(jets, number), np.empty((2 * count, 3), np.int64), np.empty(2 * count)
        cluster_rows(rows, links, distance, 0.0, math.inf, E_SCHEME, 0.0, 0.0)
        highest, mass = distance.copy(), np.empty(2 * count)
        for row in range(2 * count):
            highest[row] = max(distance[row], highest[max(row - 1, 0)])
            mass[row] = row_mass(rows, row)
        jet = ClusteredJet(rows, links, distance, highest, mass, np.empty(count + 1, np.int64))
        room, chosen = np.empty(count, np.int64), np.empty(count, np.int64)
        numbers[number, EXPECTED_RADIUS] = _expected_radius(jet, settings, chosen, result)
        nodes, smaller, size = np.empty(count, np.int64), np.empty(count, np.int64), 1
        nodes[0] = 2 * count - 2
        # The masses of nodes that were looked at for a larger radius, negative for those that were not.
        known, known_triple = -np.ones(2 * count), np.empty((2 * count, 3), np.int64)
        largest, chosen_node = 0.0, 0
        for radius in radii:
            parts = 0
            for i in range(size):
                parts += split(jet, distance, radius * radius, nodes[i], smaller[parts:])
            nodes, smaller, size = smaller, nodes, parts
            hardest, hardest_mass, hardest_node = 0.0, 0.0, 0
            for i in range(size):
                node = nodes[i]
                if known[node] < 0.0:
                    known[node] = best_triple(jet, node, settings, room, chosen, result, known_triple[node])
                if known[node] > 0.0:
                    reconstruct(jet, known_triple[node], settings, chosen, result)
                    if result[CANDIDATE, PT2] > hardest:
                        hardest, hardest_mass, hardest_node = result[CANDIDATE, PT2], known[node], node
            if radius == radii[0]:
                largest = hardest_mass
            if hardest_mass == 0.0 or hardest_mass < (1.0 - settings.mass_loss) * largest:
                break
            chosen_node = hardest_node
            numbers[number, RADIUS] = radius
        if largest > 0.0:
            _describe(jet, known_triple[chosen_node], settings, chosen, result, numbers[number], vectors[number])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _expected_radius(jet: ClusteredJet, settings: TopTaggerSettings, chosen: Integers, result: Floats) -> float:
    """Return R_calc of a whole jet."""
    radius2 = settings.expected_filter_radius**2
    count = split(jet, jet.highest, radius2, len(jet.rows) - 2, chosen)
    harder_first(jet.rows, chosen[:count])
    sum_rows(jet.rows, chosen[: min(count, settings.expected_filter_subjets)], result, CANDIDATE)
    return float(settings.expected_radius_pt / math.sqrt(result[CANDIDATE, PT2]))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _describe(
    jet: ClusteredJet,
    triple: Integers,
    settings: TopTaggerSettings,
    chosen: Integers,
    result: Floats,
    numbers: Floats,
    vectors: Floats,
) -> None:
    """Write what there is to say about the candidate made of three parts."""
    numbers[MASS] = reconstruct(jet, triple, settings, chosen, result)
    for place in range(len(vectors)):
        for column in range(PX, ENERGY + 1):
            vectors[place, column] = result[place, column]
    b_hard, b_soft = pair_mass(result, B, W_HARD), pair_mass(result, B, W_SOFT)
    numbers[W_MASS] = pair_mass(result, W_HARD, W_SOFT)
    whole, expected = row_mass(result, CANDIDATE), settings.w_mass / settings.top_mass
    for pair in (b_hard, b_soft, numbers[W_MASS]):
        numbers[F_REC] = min(numbers[F_REC], abs(pair / whole / expected - 1.0))
    count = 0
    for part in triple:
        count += constituents_of(jet.links, part, jet.stack, chosen[count:])
    rows, links = np.empty((2 * count, COLUMNS)), np.empty((2 * count, 3), np.int64)
    for i in range(count):
        for column in range(COLUMNS):
            rows[i, column] = jet.rows[chosen[i], column]
    numbers[PRUNED_MASS] = prune_rows(rows, links, settings.prune_z_cut, settings.prune_r_cut_factor)
    sum_rows(jet.rows, triple, result, CANDIDATE)
    numbers[UNFILTERED_MASS] = row_mass(result, CANDIDATE)
