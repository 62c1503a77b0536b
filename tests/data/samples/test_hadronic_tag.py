"""The skim that puts a B meson together from a D meson and pions."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np
import pytest

from keras_hep.data.samples.b_candidates import D_MASSES, KAON_KIND, NEUTRAL_PION_KIND, PION_KIND
from keras_hep.data.samples.hadronic_tag import Measured, Skim, Stable, count_candidates, measure

CARD = Skim()
MASS = {PION_KIND: 0.13957, KAON_KIND: 0.49368, NEUTRAL_PION_KIND: 0.13498}
GAMMA = 1 / np.sqrt(1 - CARD.boost**2)

Daughters = list[tuple[int, int]]


def boosted(momentum: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Boost (px, py, pz, E) by a velocity."""
    gamma = 1 / np.sqrt(1 - velocity @ velocity)
    along = momentum[:, :3] @ velocity
    factor = gamma**2 / (gamma + 1) * along + gamma * momentum[:, 3]
    return np.column_stack([momentum[:, :3] + factor[:, None] * velocity, gamma * (momentum[:, 3] + along)])


def two_body(mass: float, first: float, second: float, rng: np.random.Generator) -> np.ndarray:
    """Momenta of an isotropic decay at rest."""
    size = np.sqrt((mass**2 - (first + second) ** 2) * (mass**2 - (first - second) ** 2)) / (2 * mass)
    direction = rng.normal(size=3)
    direction *= size / np.linalg.norm(direction)
    return np.array([[*direction, np.hypot(size, first)], [*-direction, np.hypot(size, second)]])


def decay(mass: float, masses: list[float], rng: np.random.Generator) -> np.ndarray:
    """Momenta of a decay at rest, a cascade of two-body decays."""
    if len(masses) == 2:
        return two_body(mass, *masses, rng)
    rest = sum(masses[1:]) + rng.uniform(0.1, 0.9) * (mass - sum(masses))
    one, others = two_body(mass, masses[0], rest, rng)
    return np.vstack([one, boosted(decay(rest, masses[1:], rng), others[:3] / others[3])])


def event(d: Daughters, pions: Daughters, rng: np.random.Generator) -> Measured:
    """One B meson in the laboratory that decays to a D meson of these daughters, kinds and charges, and pions."""
    total = sum(charge for _, charge in d)
    d_mass, b_mass = D_MASSES[abs(total)], 5.2795
    first = decay(b_mass, [d_mass, *(MASS[kind] for kind, _ in pions)], rng)
    of_d = boosted(decay(d_mass, [MASS[kind] for kind, _ in d], rng), first[0, :3] / first[0, 3])
    own = np.vstack([of_d, first[1:]])
    size = np.sqrt(CARD.beam_energy**2 - b_mass**2)
    direction = rng.normal(size=3)
    direction *= size / np.linalg.norm(direction)
    lab = boosted(boosted(own, direction / CARD.beam_energy), np.array([0, 0, CARD.boost]))
    kinds, charges = zip(*d, *pions, strict=True)
    return Measured(np.array([0, len(kinds)]), np.array(kinds), np.array(charges), lab)


K, PLUS, MINUS, ZERO = (KAON_KIND, -1), (PION_KIND, 1), (PION_KIND, -1), (NEUTRAL_PION_KIND, 0)


@pytest.mark.parametrize(
    ("d", "pions"),
    [
        ([K, PLUS], [MINUS]),
        ([K, PLUS], [MINUS, ZERO]),
        ([K, PLUS, ZERO], [MINUS, MINUS, PLUS]),
        ([K, PLUS, PLUS, MINUS], [MINUS]),
        ([K, PLUS, PLUS, MINUS, ZERO], [MINUS]),
        ([K, PLUS, PLUS], [MINUS]),
        ([K, PLUS, PLUS], [MINUS, MINUS, PLUS, ZERO]),
        ([K, PLUS, PLUS, ZERO], [MINUS]),
    ],
)
def test_decays_are_found(d: Daughters, pions: Daughters) -> None:
    for seed in range(10):
        made = event(d, pions, np.random.default_rng(seed))
        assert count_candidates(made, CARD)[0] >= 1
        opposite = made._replace(charge=-made.charge)
        assert count_candidates(opposite, CARD)[0] == count_candidates(made, CARD)[0]
        # What has lost a particle or has other charges is no candidate.
        lost = Measured(made.starts - [0, 1], *(column[1:] for column in made[1:]))
        assert count_candidates(lost, CARD)[0] == 0
        assert count_candidates(made._replace(charge=np.abs(made.charge)), CARD)[0] == 0


def test_too_many_pions_or_neutral_ones_are_no_candidate() -> None:
    rng = np.random.default_rng(1)
    assert count_candidates(event([K, PLUS], [MINUS, MINUS, PLUS, MINUS, PLUS], rng), CARD)[0] == 0
    assert count_candidates(event([K, PLUS], [MINUS, ZERO, ZERO], rng), CARD)[0] == 0
    three = event([K, PLUS], [MINUS, MINUS, PLUS], rng)
    assert count_candidates(three, CARD)[0] >= 1
    assert count_candidates(three, dataclasses.replace(CARD, pions=2))[0] == 0


@pytest.mark.parametrize("scale", [0.9, 0.96, 1.04, 1.1])
def test_masses_and_energy_must_be_right(scale: float) -> None:
    made = event([K, PLUS], [MINUS], np.random.default_rng(1))
    assert count_candidates(made._replace(momentum=scale * made.momentum), CARD)[0] == 0
    any_d = dataclasses.replace(CARD, charged_window=1.0)
    # 4 % of the energy of a B meson, 0.21 GeV, is more than allowed.
    assert count_candidates(made._replace(momentum=scale * made.momentum), any_d)[0] == 0
    any_energy = dataclasses.replace(any_d, energy_difference=1.0)
    assert count_candidates(made._replace(momentum=scale * made.momentum), any_energy)[0] == 1
    fast = made._replace(momentum=made.momentum + np.array([0.4, 0.0, 0.0, 0.0]))
    assert count_candidates(fast, any_energy)[0] == 0


def slow_count(measured: Measured, first: int, last: int) -> int:
    """Count candidates from all subsets of an event."""
    kind, charge = measured.kind[first:last], measured.charge[first:last]
    lab = measured.momentum[first:last]
    rest = boosted(lab, np.array([0, 0, -CARD.boost]))

    def mass(members: tuple[int, ...]) -> float:
        total = rest[list(members)].sum(axis=0)
        return float(np.sqrt(max(total[3] ** 2 - total[:3] @ total[:3], 0)))

    def neutrals(members: tuple[int, ...]) -> int:
        return sum(kind[one] == NEUTRAL_PION_KIND for one in members)

    found = 0
    pions = [one for one in range(last - first) if kind[one] != KAON_KIND]
    for kaon in np.flatnonzero(kind == KAON_KIND).tolist():
        for size in (1, 2, 3, 4):
            for others in combinations(pions, size):
                tracks = [one for one in others if kind[one] == PION_KIND]
                same = sum(charge[one] == charge[kaon] for one in tracks)
                if neutrals(others) > 1 or (len(tracks), same) not in {(1, 0), (2, 0), (3, 1)}:
                    continue
                total = int(charge[kaon] + charge[tracks].sum())
                window = CARD.neutral_window if neutrals(others) else CARD.charged_window
                if abs(mass((kaon, *others)) - D_MASSES[abs(total)]) >= window:
                    continue
                rest_of = [one for one in pions if one not in others]
                for number in (1, 2, 3, 4):
                    for more in combinations(rest_of, number):
                        b = rest[[kaon, *others, *more]].sum(axis=0)
                        squared = CARD.beam_energy**2 - b[:3] @ b[:3]
                        found += (
                            neutrals(more) <= 1
                            and abs(total + charge[list(more)].sum()) == (1 if total == 0 else 0)
                            and squared > CARD.beam_constrained**2
                            and abs(b[3] - CARD.beam_energy) < CARD.energy_difference
                        )
    return int(found)


def test_the_search_is_that_of_all_subsets() -> None:
    rng = np.random.default_rng(1)
    loose = dataclasses.replace(CARD)
    events = [event([K, PLUS, PLUS, MINUS, ZERO], [MINUS, ZERO], rng) for _ in range(8)]
    # Two events in one, so that there is more to combine.
    merged = [Measured(np.array([0, 14]), *(np.concatenate(pair) for pair in zip(a[1:], b[1:], strict=True)))
              for a, b in zip(events[::2], events[1::2], strict=True)]  # fmt: skip
    columns = [np.concatenate(column) for column in zip(*(one[1:] for one in merged), strict=True)]
    together = Measured(np.arange(5) * 14, *columns)
    counts = count_candidates(together, loose)
    assert counts.tolist() == [slow_count(together, 14 * one, 14 * one + 14) for one in range(4)]
    assert counts.sum() > 8


def test_particles_are_measured_with_efficiency_resolution_and_confusion() -> None:
    count = 20_000
    rng = np.random.default_rng(2)
    identity = rng.choice([211, -211, 321, -321, 111, 11, -13], count)
    momentum = np.tile([0.3, 0.4, 0.5], (count, 1))
    stable = Stable(np.sort(rng.integers(100, size=count)), identity, momentum, np.zeros(count))
    found = measure(stable, CARD, 100, rng)
    assert found.starts[-1] == len(found.kind) == len(found.charge) == len(found.momentum)
    number = np.abs(identity)
    pions, kaons, neutral = (np.count_nonzero(number == kind) for kind in (211, 321, 111))
    leptons = count - pions - kaons - neutral
    kaon = found.kind == KAON_KIND
    assert kaon.sum() == pytest.approx(0.97 * (0.95 * kaons + 0.02 * pions), rel=0.03)
    assert (found.kind == PION_KIND).sum() == pytest.approx(
        0.97 * (0.05 * kaons + 0.98 * pions + 0.10 * leptons), rel=0.03
    )
    assert (found.kind == NEUTRAL_PION_KIND).sum() == pytest.approx(0.65 * neutral, rel=0.05)
    assert np.array_equal(found.charge == 0, found.kind == NEUTRAL_PION_KIND)
    size = np.linalg.norm(found.momentum[:, :3], axis=1)
    masses = np.sqrt(found.momentum[:, 3] ** 2 - size**2)
    assert masses[kaon] == pytest.approx(MASS[KAON_KIND])
    assert size[kaon].std() / np.sqrt(0.5) == pytest.approx(0.004, rel=0.05)
    assert size[found.charge == 0].std() / np.sqrt(0.5) == pytest.approx(0.02, rel=0.1)


def test_charges_and_limits() -> None:
    always = dataclasses.replace(
        CARD, track_efficiency=1.0, neutral_pion_efficiency=1.0, lepton_veto=0.0, pion_as_kaon=0.0
    )
    identity = np.array([211, -211, 11, -11, 13, 2212, -321, 111])
    momentum = np.tile([0.3, 0.4, 0.5], (8, 1))
    stable = Stable(np.zeros(8, dtype=np.int64), identity, momentum, np.zeros(8))
    assert measure(stable, always, 1, np.random.default_rng(1)).charge.tolist() == [1, -1, -1, 1, -1, 1, -1, 0]
    for limited in (
        stable._replace(momentum=np.tile([0.05, 0.05, 0.1], (8, 1))),
        stable._replace(radius=np.full(8, 6.0)),
        stable._replace(momentum=np.tile([0.2, 0.0, 1.0], (8, 1))),
        stable._replace(momentum=np.tile([0.2, 0.0, -0.5], (8, 1))),
    ):
        seen = measure(limited, always, 1, np.random.default_rng(1))
        assert not np.any(seen.charge)
    assert len(measure(stable._replace(radius=np.full(8, 6.0)), always, 1, np.random.default_rng(1)).kind) == 1
