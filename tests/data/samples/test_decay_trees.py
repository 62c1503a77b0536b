"""The sample `decay-trees`."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.recipes import decay_trees
from keras_hep.data.samples.recipes.decay_trees import BATCH, CARD, CLASSES, SAMPLE, flights, make_shard
from keras_hep.data.samples.sample import ShardRequest

REJECTED, ACCEPTED = range(2)
ENTRIES = {REJECTED: 600, ACCEPTED: 100}
LIGHT = 299.792458  # mm/ns
UPSILON, B_NEUTRAL, B_CHARGED = 300553, 511, 521
GAMMA = 1 / np.sqrt(1 - CARD.skim.boost**2)
CHARGES = {
    11: -1,
    13: -1,
    15: -1,
    211: 1,
    321: 1,
    2212: 1,
    B_CHARGED: 1,
    411: 1,
    431: 1,
    213: 1,
    323: 1,
    413: 1,
    433: 1,
}
NEUTRAL = {12, 14, 16, 22, 111, 113, 130, 221, 223, 310, 311, 313, 331, 333, 421, 423, 441, 443, 2112, 3122, B_NEUTRAL}


def request(label: int, entries: int, seed: int = 3) -> ShardRequest:
    return ShardRequest(label, 1, entries, seed, len(CLASSES), SAMPLE.options)


@pytest.fixture(scope="module")
def events() -> ak.Array:
    return ak.concatenate([make_shard(request(label, entries), lambda: None) for label, entries in ENTRIES.items()])


class Columns:
    """All particles in flat columns, mothers as positions in them."""

    def __init__(self, events: ak.Array) -> None:
        counts = ak.to_numpy(ak.num(events.particle))
        self.starts = np.cumsum(counts) - counts
        self.event = np.repeat(np.arange(len(counts)), counts)
        names = events.particle.fields
        flat = {name: ak.to_numpy(ak.flatten(events.particle[name])) for name in names}
        self.identity, self.stable = flat["identity"], flat["stable"] == 1
        self.momentum = np.stack([flat[name] for name in ("px", "py", "pz", "energy")], axis=1).astype(np.float64)
        self.vertex = np.stack([flat[name] for name in ("x", "y", "z", "t")], axis=1).astype(np.float64)
        self.place = np.arange(counts.sum()) - self.starts[self.event]
        self.mother = np.where(flat["mother"] < 0, -1, flat["mother"] + self.starts[self.event])
        self.child = np.flatnonzero(self.mother >= 0)

    def sum_of_daughters(self, values: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(self.identity), *values.shape[1:]))
        np.add.at(sums, self.mother[self.child], values[self.child])
        return sums


@pytest.fixture(scope="module")
def particles(events: ak.Array) -> Columns:
    return Columns(events)


def test_a_shard_is_a_function_of_its_request() -> None:
    calls: list[int] = []
    one, again = (make_shard(request(ACCEPTED, 20), lambda: calls.append(1)) for _ in range(2))
    other = make_shard(request(ACCEPTED, 20, seed=4), lambda: None)
    assert len(calls) >= 2
    assert one.to_list() == again.to_list()
    assert not np.array_equal(ak.num(one.particle), ak.num(other.particle))


def test_branches_are_the_documented_ones(events: ak.Array) -> None:
    branches = {f"particle_{name}": events.particle[name] for name in events.particle.fields}
    branches |= {name: events[name] for name in events.fields if name != "particle"}
    assert set(branches) == set(SAMPLE.card["branches"])
    kinds = {name: ak.to_numpy(ak.flatten(values, axis=None)).dtype for name, values in branches.items()}
    assert kinds.pop("event") == np.int64
    assert kinds.pop("particle_stable") == np.int8
    whole = {"label", "n_candidates", "particle_identity", "particle_mother"}
    assert {kinds.pop(name) for name in whole} == {np.dtype(np.int32)}
    assert set(kinds.values()) == {np.dtype(np.float32)}
    assert all(np.isfinite(ak.to_numpy(ak.flatten(values, axis=None))).all() for values in branches.values())


def test_labels_are_decided_by_the_skim(events: ak.Array) -> None:
    assert np.bincount(events.label).tolist() == list(ENTRIES.values())
    assert len(np.unique(ak.to_numpy(events.event))) == len(events)
    assert np.array_equal(ak.to_numpy(events.n_candidates) > 0, ak.to_numpy(events.label) == ACCEPTED)
    # Numbers of events count all that were generated: the skim accepts about a twelfth.
    numbers = ak.to_numpy(events.event[events.label == ACCEPTED])
    assert 0.04 < len(numbers) / (numbers[-1] - numbers[0]) < 0.15


def test_trees_begin_with_the_upsilon_and_its_two_mesons(particles: Columns) -> None:
    root = particles.starts
    assert np.all(particles.identity[root] == UPSILON)
    assert np.array_equal(np.flatnonzero(particles.mother < 0), root)
    assert np.all(particles.mother < np.arange(len(particles.mother)))
    # The mother is in the same event.
    assert np.array_equal(particles.event[particles.mother[particles.child]], particles.event[particles.child])
    pair = particles.identity[root[:, None] + [1, 2]]
    assert set(np.unique(pair[:, 0]).tolist()) == {B_NEUTRAL, B_CHARGED}
    assert np.array_equal(pair[:, 0], -pair[:, 1])
    assert np.array_equal(np.flatnonzero(np.isin(particles.mother, root)).reshape(-1, 2), root[:, None] + [1, 2])


def test_stable_particles_are_those_without_daughters(particles: Columns) -> None:
    daughters = np.bincount(particles.mother[particles.child], minlength=len(particles.mother))
    assert np.array_equal(daughters == 0, particles.stable)
    kinds = set(np.unique(np.abs(particles.identity[particles.stable])).tolist())
    assert kinds <= {11, 12, 13, 14, 16, 22, 130, 211, 321, 2112, 2212}
    assert {11, 12, 13, 14, 22, 130, 211, 321, 2212} <= kinds


def test_decays_conserve_momentum_and_charge(particles: Columns) -> None:
    decayed = ~particles.stable
    sums = particles.sum_of_daughters(particles.momentum)
    assert np.abs(sums - particles.momentum)[decayed].max() < 1e-4
    known = np.isin(np.abs(particles.identity), [*CHARGES, *NEUTRAL, UPSILON])
    charge = np.array([np.sign(number) * CHARGES.get(abs(number), 0) for number in particles.identity.tolist()])
    unknown = particles.sum_of_daughters((~known).astype(float))
    chosen = decayed & known & (unknown == 0)
    assert chosen.sum() > 0.6 * decayed.sum()
    assert np.array_equal(particles.sum_of_daughters(charge)[chosen], charge[chosen])


def test_the_collision_is_that_of_the_card(particles: Columns) -> None:
    total = 2 * CARD.skim.beam_energy
    expected = np.array([0, 0, GAMMA * CARD.skim.boost * total, GAMMA * total])
    assert particles.momentum[particles.starts] == pytest.approx(
        np.tile(expected, (len(particles.starts), 1)), abs=1e-4
    )
    assert np.all(particles.vertex[particles.starts] == 0)
    mesons = particles.starts[:, None] + [1, 2]
    assert np.all(particles.vertex[mesons] == 0)
    squared = particles.momentum[mesons, 3] ** 2 - (particles.momentum[mesons, :3] ** 2).sum(axis=2)
    assert np.sqrt(squared) == pytest.approx(5.2795, abs=1e-3)


def test_pairs_have_the_angles_of_a_vector_and_the_share_of_the_card() -> None:
    rng = np.random.default_rng(1)
    made = [decay_trees._pairs(rng) for _ in range(20)]
    identity, momentum = (np.concatenate(column) for column in zip(*made, strict=True))
    count = len(identity) // 2
    assert np.mean(np.abs(identity) == B_CHARGED) == pytest.approx(0.514, abs=4 * 0.5 / count**0.5)
    along = GAMMA * (momentum[:, 2] - CARD.skim.boost * momentum[:, 3])
    energy = GAMMA * (momentum[:, 3] - CARD.skim.boost * momentum[:, 2])
    assert energy == pytest.approx(CARD.skim.beam_energy)
    cosine = along / np.sqrt(energy**2 - momentum[:, 4] ** 2)
    assert cosine[::2] == pytest.approx(-cosine[1::2])
    # Moments of (1 - c^2) 3/4.
    assert np.mean(cosine[::2]) == pytest.approx(0, abs=4 * (0.2 / count) ** 0.5)
    assert np.mean(cosine**2) == pytest.approx(1 / 5, abs=4 * (8 / 175 / count) ** 0.5)


def test_particles_fly_from_vertex_to_vertex(particles: Columns) -> None:
    mother = particles.mother[particles.child]
    flight = particles.vertex[particles.child] - particles.vertex[mother]
    momentum = particles.momentum[mother]
    distance = np.linalg.norm(flight[:, :3], axis=1)
    long = distance > 0.01
    assert long.sum() > 500
    size = np.linalg.norm(momentum[:, :3], axis=1)
    direction = (flight[:, :3] * momentum[:, :3]).sum(axis=1) / np.where(size > 0, size, 1)
    assert direction[long] == pytest.approx(distance[long], rel=1e-3)
    assert (flight[:, 3] * LIGHT)[long] == pytest.approx((distance * momentum[:, 3] / size)[long], rel=1e-3)


@pytest.mark.parametrize(("number", "lifetime"), [(B_NEUTRAL, 1.52), (B_CHARGED, 1.64), (421, 0.41)])
def test_proper_times_have_the_mean_lifetime(particles: Columns, number: int, lifetime: float) -> None:
    mother, first = np.unique(particles.mother[particles.child], return_index=True)
    chosen = np.abs(particles.identity[mother]) == number
    mother, daughter = mother[chosen], particles.child[first[chosen]]
    energy = particles.momentum[mother, 3]
    mass = np.sqrt(energy**2 - (particles.momentum[mother, :3] ** 2).sum(axis=1))
    proper = (particles.vertex[daughter, 3] - particles.vertex[mother, 3]) * mass / energy * 1e3
    assert len(proper) > 300
    assert proper.mean() == pytest.approx(lifetime, rel=4 / len(proper) ** 0.5)
    assert proper.std() == pytest.approx(lifetime, rel=8 / len(proper) ** 0.5)


def test_flights_add_up_along_a_chain() -> None:
    mother = np.array([0, 0, 1, 2, 1])
    momentum = np.array([[0.0] * 4, [3, 0, 4, 13], [0, 6, 0, 10], [0, 0, 0, 1], [0, 0, 1, 2]])
    found = flights(mother, momentum, np.array([1.0, 12, 8, 1, 1]), np.array([5.0, 2.4, 4.0, 7.0, 9.0]))
    first = np.array([0.6, 0, 0.8, 2.6 / LIGHT])
    second = np.array([0.6, 3, 0.8, 7.6 / LIGHT])
    assert found == pytest.approx(np.array([np.zeros(4), np.zeros(4), first, second, first]))


def test_accepted_events_are_hadronic_and_have_kaons(events: ak.Array) -> None:
    kind, stable = abs(events.particle.identity), events.particle.stable == 1
    neutrino = ak.sum((kind == 12) | (kind == 14) | (kind == 16), axis=1) > 0
    kaons = ak.sum(stable & (kind == 321), axis=1)
    accepted = events.label == ACCEPTED
    assert ak.mean(neutrino[accepted]) < ak.mean(neutrino[~accepted]) - 0.1
    assert ak.mean(kaons[accepted] > 0) > 0.9 > ak.mean(kaons[~accepted] > 0)


def test_only_what_may_be_measured_goes_to_the_skim() -> None:
    trees = next(decay_trees._generate(5, np.random.default_rng(5)))
    stable = decay_trees._measurable(trees)
    assert set(np.unique(np.abs(stable.identity)).tolist()) == {11, 13, 111, 211, 321, 2212}
    assert np.all(np.diff(stable.event) >= 0) and stable.event[-1] == BATCH - 1
    # Charged pions of a K_S are far from the beam, those of B and D are not.
    assert np.mean(stable.radius < CARD.skim.radius) > 0.9 and stable.radius.max() > 5 * CARD.skim.radius
    charged = trees.stable & np.isin(np.abs(trees.identity), [11, 13, 211, 321, 2212])
    assert len(stable.event) == charged.sum() + np.sum(np.abs(trees.identity) == 111)
