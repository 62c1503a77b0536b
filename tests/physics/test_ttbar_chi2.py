"""The chi2 assignment against a search written out plainly, and against top pairs built with exact masses."""

import itertools

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import (
    TtbarHypothesis,
    assign_ttbar,
    boost,
    four_vectors,
    invariant_mass,
    measured_hypothesis,
    missing_momentum,
    neutrino_pz,
)

FIELDS = ("px", "py", "pz", "E")
HYPOTHESIS = TtbarHypothesis(w_mass=80.0, top_mass=173.0, w_width=9.0, hadronic_top_width=14.0, leptonic_top_width=21.0)


def directions(rng, number):
    vectors = rng.normal(size=(3, number))
    return vectors / np.linalg.norm(vectors, axis=0)


def decay(parent, masses, rng):
    """Decay particles isotropically into two of the given masses."""
    mass, (first, second) = invariant_mass(parent), masses
    momentum = np.sqrt((mass**2 - (first + second) ** 2) * (mass**2 - (first - second) ** 2)) / (2 * mass)
    axis = directions(rng, len(parent)) * ak.to_numpy(momentum)
    beta = [ak.to_numpy(parent[field] / parent.E) for field in FIELDS[:3]]
    return [
        boost(four_vectors(px=sign * axis[0], py=sign * axis[1], pz=sign * axis[2], mass=np.full(len(parent), m)), beta)
        for sign, m in ((1, first), (-1, second))
    ]


def top_pairs(number, extra=0, seed=5):
    """Return jets (shuffled), leptons, neutrinos, and the true q1, q2, b_had, b_lep of top pairs with exact masses."""
    rng = np.random.default_rng(seed)

    def top():
        px, py, pz = rng.normal(0, 80, number), rng.normal(0, 80, number), rng.normal(0, 200, number)
        return four_vectors(px=px, py=py, pz=pz, mass=np.full(number, HYPOTHESIS.top_mass))

    w_had, b_had = decay(top(), (HYPOTHESIS.w_mass, 5.0), rng)
    w_lep, b_lep = decay(top(), (HYPOTHESIS.w_mass, 5.0), rng)
    q1, q2 = decay(w_had, (0.0, 0.0), rng)
    lepton, neutrino = decay(w_lep, (0.0, 0.0), rng)
    others = [
        four_vectors(px=rng.normal(0, 40, number), py=rng.normal(0, 40, number), pz=rng.normal(0, 90, number))
        for _ in range(extra)
    ]
    jets = np.stack(
        [np.stack([ak.to_numpy(jet[f]) for f in FIELDS], axis=-1) for jet in (q1, q2, b_had, b_lep, *others)], 1
    )
    place = np.argsort(rng.random(jets.shape[:2]), axis=1)  # place[event, i]: which particle is jet i
    shuffled = np.take_along_axis(jets, place[..., None], axis=1)
    truth = np.argsort(place, axis=1)[:, :4]
    records = ak.zip(
        {f: ak.from_regular(ak.Array(shuffled[..., i])) for i, f in enumerate(FIELDS)}, with_name="Momentum4D"
    )
    return records, lepton, neutrino, truth


def random_events(number=12, seed=6):
    """Events of 2 to 9 jets without any meaning, tags at random."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(2, 10, number)

    def random(*shape):
        return {name: rng.normal(0, 60, *shape) for name in ("px", "py", "pz")} | {"mass": rng.uniform(0, 15, *shape)}

    jets = four_vectors(**{name: ak.unflatten(values, counts) for name, values in random(counts.sum()).items()})
    missing = {name: rng.normal(0, 40, number) for name in ("px", "py")}
    return jets, four_vectors(**random(number)), ak.zip(missing), ak.unflatten(rng.random(counts.sum()) < 0.3, counts)


def plain_mass(*vectors):
    px, py, pz, energy = (sum(v[i] for v in vectors) for i in range(4))
    return np.sqrt(max(energy**2 - px**2 - py**2 - pz**2, 0.0))


def plain_assignment(jets, tags, lepton, missing, solutions, max_jets):
    """One event, by going through all permutations; None without one."""
    vectors = [tuple(jet[f] for f in FIELDS) for jet in jets]
    order = sorted(range(len(vectors)), key=lambda i: -np.hypot(*vectors[i][:2]))[:max_jets]
    lepton = tuple(lepton[f] for f in FIELDS)
    wanted = min(2, sum(bool(tags[i]) for i in order))
    best = None
    for q1, q2, b_had, b_lep in itertools.permutations(order, 4):
        if order.index(q1) > order.index(q2) or int(tags[b_had]) + int(tags[b_lep]) != wanted:
            continue
        for pz in solutions:
            neutrino = (missing.px, missing.py, pz, np.sqrt(missing.px**2 + missing.py**2 + pz**2))
            chi2 = (
                ((plain_mass(vectors[q1], vectors[q2]) - 80.0) / 9.0) ** 2
                + ((plain_mass(vectors[q1], vectors[q2], vectors[b_had]) - 173.0) / 14.0) ** 2
                + ((plain_mass(vectors[b_lep], lepton, neutrino) - 173.0) / 21.0) ** 2
            )
            if best is None or chi2 < best[0]:
                best = chi2, (q1, q2, b_had, b_lep), pz
    return best


@pytest.mark.parametrize(("tagged", "max_jets"), [(False, 5), (False, 7), (True, 6)])
def test_it_equals_the_search_written_out(tagged, max_jets):
    jets, lepton, missing, tags = random_events()
    found = assign_ttbar(jets, lepton, missing, tags if tagged else None, HYPOTHESIS, max_jets)
    solutions = neutrino_pz(lepton, missing, HYPOTHESIS.w_mass).pz
    assigned = 0
    for event in range(len(jets)):
        flags = tags[event] if tagged else [False] * len(jets[event])
        best = plain_assignment(jets[event], flags, lepton[event], missing[event], solutions[event], max_jets)
        indices = tuple(int(part[event]) for part in found[:4])
        if best is None:
            assert (indices, found.chi2[event]) == ((-1, -1, -1, -1), np.inf)
            assert np.isnan(found.neutrino_pz[event])
        else:
            assert found.chi2[event] == pytest.approx(best[0], rel=1e-9)
            assert (indices, found.neutrino_pz[event]) == (best[1], pytest.approx(best[2]))
            assigned += 1
    assert 5 <= assigned < len(jets)


def test_exact_top_pairs_have_chi2_zero_and_their_true_jets():
    jets, lepton, neutrino, truth = top_pairs(400)
    found = assign_ttbar(jets, lepton, neutrino, hypothesis=HYPOTHESIS)
    assert found.chi2.max() < 1e-12
    # q1 and q2 in descending order of pT.
    pt = np.hypot(ak.to_numpy(jets.px), ak.to_numpy(jets.py))
    light = np.take_along_axis(truth[:, :2], np.argsort(-np.take_along_axis(pt, truth[:, :2], 1), axis=1), axis=1)
    np.testing.assert_array_equal(np.stack(found[:4], axis=1), np.concatenate([light, truth[:, 2:]], axis=1))
    np.testing.assert_allclose(found.neutrino_pz, neutrino.pz, rtol=1e-4, atol=1e-3)


def test_further_jets_do_not_hide_exact_top_pairs():
    jets, lepton, neutrino, truth = top_pairs(150, extra=3)
    found = assign_ttbar(jets, lepton, neutrino, hypothesis=HYPOTHESIS)
    assert found.chi2.max() < 1e-12
    np.testing.assert_array_equal(np.stack(found[2:4], axis=1), truth[:, 2:])
    np.testing.assert_array_equal(np.sort(np.stack(found[:2], axis=1)), np.sort(truth[:, :2]))


def test_tags_choose_among_assignments():
    """With smeared jets the tagged assignment has the larger chi2 and is right more often."""
    jets, lepton, neutrino, truth = top_pairs(400, extra=1)
    rng = np.random.default_rng(1)
    factor = ak.unflatten(rng.normal(1, 0.1, 5 * 400), 5)
    smeared = ak.zip({f: jets[f] * factor for f in FIELDS}, with_name="Momentum4D")
    tags = np.zeros((400, 5), bool)
    np.put_along_axis(tags, truth[:, 2:], True, axis=1)
    free, tagged = (assign_ttbar(smeared, lepton, neutrino, t, HYPOTHESIS) for t in (None, ak.Array(tags)))
    assert (tagged.chi2 >= free.chi2).all()
    right = [np.mean((a.b_had == truth[:, 2]) & (a.b_lep == truth[:, 3])) for a in (free, tagged)]
    assert right[1] > right[0] + 0.1
    b_jets = np.sort(np.stack([tagged.b_had, tagged.b_lep], axis=1))
    np.testing.assert_array_equal(b_jets, np.sort(truth[:, 2:]))


def test_more_than_two_tags_leave_the_choice():
    jets, lepton, neutrino, _ = top_pairs(60)
    everywhere = ak.ones_like(jets.px) > 0
    free, tagged = (assign_ttbar(jets, lepton, neutrino, t, HYPOTHESIS) for t in (None, everywhere))
    for one, other in zip(free, tagged, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_neutrino_makes_the_mass_of_the_w():
    _, lepton, neutrino, _ = top_pairs(500)
    found = neutrino_pz(lepton, neutrino, HYPOTHESIS.w_mass)
    # Rounding can make a double root, with the neutrino at the end of its ellipse, complex.
    assert found.real.mean() > 0.99
    assert (np.abs(found.pz[:, 0]) <= np.abs(found.pz[:, 1])).all()
    distance = np.abs(found.pz - ak.to_numpy(neutrino.pz)[:, None]).min(axis=1)
    assert (distance < 1e-3 + 1e-4 * np.abs(ak.to_numpy(neutrino.pz))).all()
    for i in range(2):
        energy = np.sqrt(neutrino.px**2 + neutrino.py**2 + found.pz[:, i] ** 2)
        w_boson = four_vectors(
            px=lepton.px + neutrino.px,
            py=lepton.py + neutrino.py,
            pz=lepton.pz + found.pz[:, i],
            energy=lepton.E + energy,
        )
        np.testing.assert_allclose(invariant_mass(w_boson)[found.real], HYPOTHESIS.w_mass, rtol=1e-7)


def test_a_massive_lepton_is_one():
    """A W at rest into a tau and a neutrino: the tau's mass counts."""
    parent = four_vectors(px=np.zeros(20), py=np.zeros(20), pz=np.linspace(-90, 90, 20), mass=np.full(20, 80.4))
    tau, neutrino = decay(parent, (1.777, 0.0), np.random.default_rng(0))
    found = neutrino_pz(tau, neutrino)
    assert np.abs(found.pz - ak.to_numpy(neutrino.pz)[:, None]).min(axis=1).max() < 1e-4


def test_solutions_are_the_real_parts_of_the_roots():
    """(E_l E_n)^2 = (a + p_l p_n)^2, written out as polynomial in p_n and solved by numpy; real and complex cases."""
    rng = np.random.default_rng(11)
    lepton = four_vectors(**{name: rng.normal(0, 50, 200) for name in ("px", "py", "pz")}, mass=rng.uniform(0, 2, 200))
    missing = ak.zip({name: rng.normal(0, 60, 200) for name in ("px", "py")})
    found = neutrino_pz(lepton, missing, 80.4)
    assert 0.1 < found.real.mean() < 0.9
    for i in range(200):
        px, py, pz, energy = (lepton[field][i] for field in FIELDS)
        mass = np.sqrt(max(energy**2 - px**2 - py**2 - pz**2, 0.0))
        a = (80.4**2 - mass**2) / 2 + px * missing.px[i] + py * missing.py[i]
        squared_pt = missing.px[i] ** 2 + missing.py[i] ** 2
        roots = np.roots([energy**2 - pz**2, -2 * a * pz, energy**2 * squared_pt - a**2])
        assert (np.abs(roots.imag) < 1e-9).all() == found.real[i]
        np.testing.assert_allclose(np.sort(found.pz[i]), np.sort(roots.real), rtol=1e-6, atol=1e-6)


def test_missing_momentum_of_an_event_goes_in():
    jets, lepton, neutrino, _ = top_pairs(50)
    objects = ak.concatenate([jets, lepton[:, None]], axis=1)
    missing = missing_momentum(objects)
    # The top pair does not balance in the transverse plane: the recoil is what the neutrino is not.
    recoil = [missing.px - ak.to_numpy(neutrino.px), missing.py - ak.to_numpy(neutrino.py)]
    balanced = missing._replace(px=missing.px - recoil[0], py=missing.py - recoil[1])
    assert assign_ttbar(jets, lepton, balanced, hypothesis=HYPOTHESIS).chi2.max() < 1e-9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_jets": 3}, "max_jets must be at least 4, the number of quarks; received 3"),
        ({"b_tagged": ak.Array([[True]] * 12)}, "one entry for each jet"),
        ({"missing": ak.Array({"px": [1.0], "py": [1.0]})}, "numbers of events differ"),
        (
            {"missing": ak.Array({"px": [np.nan] * 12, "py": [1.0] * 12})},
            "missing px must be one finite number an event",
        ),
    ],
)
def test_wrong_inputs_are_refused(change, message):
    jets, lepton, missing, _ = random_events()
    with pytest.raises(DataError, match=message):
        assign_ttbar(**{"jets": jets, "lepton": lepton, "missing": missing} | change)


def test_a_width_must_be_positive():
    with pytest.raises(DataError, match="w_width must be positive and finite; received 0"):
        TtbarHypothesis(w_width=0.0)


def test_masses_of_uncalibrated_jets_stand_in_for_those_of_the_particles():
    """All hadronic energies scaled down: the defaults miss the true jets, the masses at their new places find them."""
    jets, lepton, neutrino, truth = top_pairs(200, extra=1)
    less = ak.zip({field: 0.9 * jets[field] for field in FIELDS}, with_name="Momentum4D")
    places = {"hadronic_w_mass": 0.9 * HYPOTHESIS.w_mass, "hadronic_top_mass": 0.9 * HYPOTHESIS.top_mass}
    right = []
    for moved in ({}, places):
        narrow = TtbarHypothesis(80.0, 173.0, w_width=1.0, hadronic_top_width=1.0, leptonic_top_width=50.0, **moved)
        found = assign_ttbar(less, lepton, neutrino, hypothesis=narrow)
        right.append(np.mean(found.b_had == truth[:, 2]))
    assert right[1] > 0.9 > right[0] + 0.1


def test_measured_masses_and_widths_are_those_of_the_jets():
    rng = np.random.default_rng(7)
    toys = {"hadronic_w": (77.0, 9.0), "hadronic_top": (163.0, 16.0), "leptonic_top": (167.0, 24.0)}
    masses = {name: rng.normal(*shape, 4000) for name, shape in toys.items()}
    # A hundredth far away, which would double a standard deviation, hardly moves them.
    masses = {name: np.concatenate([values, np.full(40, 400.0)]) for name, values in masses.items()}
    found = measured_hypothesis(**masses, w_mass=80.0)
    assert (found.w_mass, found.top_mass) == (80.0, 172.5)
    assert found.positions() == pytest.approx([77.0, 163.0, 167.0], abs=1.5)
    widths = (found.w_width, found.hadronic_top_width, found.leptonic_top_width)
    assert widths == pytest.approx([9.0, 16.0, 24.0], rel=0.06)


@pytest.mark.parametrize("wrong", [[80.0] * 19, [80.0] * 30 + [np.nan], np.ones((30, 2))])
def test_too_few_or_senseless_masses_are_refused(wrong):
    with pytest.raises(DataError, match="hadronic_w must be at least 20 finite masses"):
        measured_hypothesis(wrong, [170.0] * 30, [170.0] * 30)


def test_masses_without_a_width_are_refused():
    with pytest.raises(DataError, match="w_width must be positive"):
        measured_hypothesis([80.0] * 30, [170.0] * 30, [170.0] * 30)
