"""The top tagger against HEPTopTagger 2, on decays put together by hand, and its symmetries."""

import math

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import TopTaggerSettings, hep_top_tagger, prune
from tests.physics.substructure_jets import (
    REFERENCE,
    boosted,
    jets,
    massless,
    random_jets,
    reference_jets,
    rotated,
    shuffled,
)

TOP, W = 172.9, 80.379


def expected(table, name):
    return np.array([math.nan if value is None else value for value in REFERENCE[table][name]])


@pytest.mark.parametrize(("table", "optimal"), [("htt", False), ("htt_optimalR", True)])
def test_values_of_heptoptagger(table, optimal):
    candidates = hep_top_tagger(reference_jets(), optimal_radius=optimal)
    reference = REFERENCE[table]
    assert candidates.found.tolist() == [bool(value) for value in reference["is_maybe_top"]]
    assert candidates.tagged.tolist() == [bool(value) for value in reference["is_tagged"]]
    found = candidates.found
    assert found.sum() == 11
    for name in ("mass", "pt", "f_rec"):
        assert getattr(candidates, name)[found] == pytest.approx(expected(table, name)[found], rel=1e-8)
    if optimal:
        assert candidates.radius.tolist() == reference["Ropt"]
        assert candidates.expected_radius == pytest.approx(np.array(reference["Ropt_calc"]), rel=1e-8)
    else:
        for name in ("pruned_mass", "unfiltered_mass"):
            assert getattr(candidates, name)[found] == pytest.approx(expected(table, name)[found], rel=1e-8)
        assert candidates.w_mass[found] == pytest.approx(expected(table, "m_W")[found], rel=1e-8)
        assert np.isinf(candidates.radius).all()


def boost_along_x(vectors, rapidity):
    px, py, pz, energy = vectors.T
    cosh, sinh = math.cosh(rapidity), math.sinh(rapidity)
    return np.stack([px * cosh + energy * sinh, py, pz, energy * cosh + px * sinh], axis=1)


def top_decay(w_mass=W, top_mass=TOP, pt=400.0, turn=1.1, quark_turn=1.9):
    """b, and the quarks of the W, of a top quark along x."""

    def two_body(mass, angle, recoil_mass=0.0):
        momentum = (mass**2 - recoil_mass**2) / (2 * mass)
        direction = np.array([math.cos(angle), math.sin(angle) * 0.8, math.sin(angle) * 0.6])
        return momentum, direction

    momentum, direction = two_body(top_mass, turn, w_mass)
    b = np.array([*(-momentum * direction), momentum])
    quark_momentum, quark_direction = two_body(w_mass, quark_turn)
    quarks = np.array([[*(sign * quark_momentum * quark_direction), quark_momentum] for sign in (1, -1)])
    # The W moves along `direction`: turn that to the x axis, boost, and turn it back.
    axis = np.cross([1.0, 0.0, 0.0], direction)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation = np.eye(3) + cross + cross @ cross / (1 + direction[0])
    quarks = boost_along_x(quarks, math.asinh(momentum / w_mass))
    quarks[:, :3] = quarks[:, :3] @ rotation.T
    return boost_along_x(np.stack([b, *quarks]), math.asinh(pt / top_mass))


def angle(one, other):
    y = [0.5 * math.log((v[3] + v[2]) / (v[3] - v[2])) for v in (one, other)]
    phi = [math.atan2(v[1], v[0]) for v in (one, other)]
    return math.hypot(y[0] - y[1], math.remainder(phi[0] - phi[1], 2 * math.pi))


def test_a_decay_is_put_together_again():
    decay = top_decay()
    candidates = hep_top_tagger(jets([tuple(v) for v in decay]))
    assert candidates.found.tolist() == candidates.tagged.tolist() == [True]
    assert candidates.mass[0] == pytest.approx(TOP)
    assert candidates.pt[0] == pytest.approx(400.0)
    assert candidates.w_mass[0] == pytest.approx(W)
    assert candidates.f_rec[0] == pytest.approx(0.0, abs=1e-9)
    assert candidates.unfiltered_mass[0] == candidates.pruned_mass[0] == pytest.approx(TOP)
    assert candidates.momentum[0] == pytest.approx(decay.sum(axis=0))
    quarks = sorted(decay[1:], key=lambda v: -math.hypot(v[0], v[1]))
    assert candidates.subjets[0] == pytest.approx(np.array([decay[0], *quarks]))
    assert candidates.expected_radius[0] == pytest.approx(327.0 / 400.0)
    assert candidates.radius_difference[0] == pytest.approx(candidates.radius[0] - 327.0 / 400.0)


def test_the_radius_is_the_smallest_that_holds_the_decay():
    for pt in (300.0, 400.0, 600.0):
        decay = top_decay(pt=pt)
        pairs = [(angle(decay[i], decay[j]), i, j) for i, j in ((0, 1), (0, 2), (1, 2))]
        _, i, j = min(pairs)
        widest = angle(decay[i] + decay[j], decay[3 - i - j])
        candidates = hep_top_tagger(jets([tuple(v) for v in decay]))
        assert candidates.found[0]
        assert 0.5 <= widest < 1.5
        assert candidates.radius[0] == pytest.approx(math.ceil(widest * 10) / 10)
        coarse = hep_top_tagger(
            jets([tuple(v) for v in decay]), TopTaggerSettings(max_radius=1.6, min_radius=0.4, radius_step=0.4)
        )
        assert coarse.radius[0] == pytest.approx(math.ceil(widest / 0.4) * 0.4)


def test_the_radius_shrinks_until_the_mass_drops():
    """A wide prong makes 190 GeV with the W, the b quark 160 GeV, which is what remains at a smaller radius."""
    decay = top_decay(top_mass=160.0)
    boson, prong = decay[1] + decay[2], np.array(massless(1.0, 0.0, -1.2))
    prong *= (190.0**2 - W**2) / (2.0 * (boson[3] * prong[3] - boson[:3] @ prong[:3]))
    settings = TopTaggerSettings(top_mass=190.0, w_window=0.25, mass_drop=1.0)
    jet = jets([tuple(v) for v in (*decay, prong)])
    strict = hep_top_tagger(jet, settings._replace(mass_loss=0.15))
    loose = hep_top_tagger(jet, settings._replace(mass_loss=0.16))
    assert (strict.mass[0], loose.mass[0]) == pytest.approx((190.0, 160.0))
    # The prong is 1.2 from the W, and further from W and b together; without it the b quark is what is furthest.
    assert (strict.radius[0], loose.radius[0]) == (1.3, 1.0)


def test_what_is_no_top_quark_is_not_found():
    decay = [tuple(v) for v in top_decay()]
    heavy = [tuple(v) for v in top_decay(top_mass=230.0)]
    no_w = [tuple(v) for v in top_decay(w_mass=120.0)]
    few = decay[:2]
    candidates = hep_top_tagger(jets(decay, heavy, no_w, few, [], [decay[0]], [(0.0, 0.0, 0.0, 0.0)]))
    assert candidates.found.tolist() == [True, *[False] * 6]
    for name in ("mass", "pt", "w_mass", "pruned_mass", "unfiltered_mass"):
        assert getattr(candidates, name)[1:].tolist() == [0.0] * 6
    assert candidates.f_rec[1:].tolist() == [1.0] * 6
    assert candidates.radius[1:].tolist() == [1.5] * 6
    assert not candidates.tagged[1:].any()
    assert (candidates.subjets[1:] == 0.0).all()
    for field in candidates:
        assert np.isfinite(field).all()


def test_the_settings_decide():
    decay = jets([tuple(v) for v in top_decay(top_mass=185.0, w_mass=90.0)])
    assert hep_top_tagger(decay).found[0]
    assert not hep_top_tagger(decay, TopTaggerSettings(max_mass=180.0)).found[0]
    assert not hep_top_tagger(decay, TopTaggerSettings(min_mass=190.0)).found[0]
    assert not hep_top_tagger(decay, TopTaggerSettings(w_window=0.01)).found[0]
    assert hep_top_tagger(decay, TopTaggerSettings(w_window=0.01, top_mass=185.0, w_mass=90.0)).f_rec[0] < 1e-9
    soft = hep_top_tagger(decay, TopTaggerSettings(min_pt=500.0))
    assert (soft.found[0], soft.tagged[0]) == (True, False)
    assert hep_top_tagger(decay, TopTaggerSettings(expected_radius_pt=200.0)).expected_radius[0] == pytest.approx(0.5)


def test_a_light_branch_is_left_out_where_the_mass_hardly_drops():
    """The b quark and one quark of the W have 84 % of the mass, and so the other quark falls to the mass drop."""
    decay = top_decay(turn=1.9, quark_turn=2.5)
    pair = decay[0] + decay[2]
    assert math.sqrt(pair[3] ** 2 - (pair[:3] ** 2).sum()) == pytest.approx(0.84 * TOP, rel=1e-3)
    whole = jets([tuple(v) for v in decay])
    assert [hep_top_tagger(whole, TopTaggerSettings(mass_drop=drop)).found[0] for drop in (0.8, 0.83, 0.85, 1.0)] == [
        False,
        False,
        True,
        True,
    ]


def test_filtering_takes_soft_radiation_away():
    """Soft constituents far from the prongs are in the parts but not in the five hardest subjets."""
    decay = top_decay(pt=300.0)
    rng = np.random.default_rng(3)
    soft = [massless(0.4, *rng.normal(0.0, 0.5, 2)) for _ in range(25)]
    jet = jets([*(tuple(v) for v in decay), *soft])
    candidates = hep_top_tagger(jet, optimal_radius=False)
    assert candidates.found[0]
    total = ak.sum(jet.E, axis=1)[0]
    assert candidates.momentum[0, 3] < total
    assert candidates.mass[0] < candidates.unfiltered_mass[0]
    everything = hep_top_tagger(jet, TopTaggerSettings(filter_subjets=100), optimal_radius=False)
    assert everything.mass[0] == pytest.approx(everything.unfiltered_mass[0])


def test_pruned_mass_of_a_jet_in_three_parts():
    """Where the parts are the whole jet, the pruned mass is that of the jet."""
    decay = jets([tuple(v) for v in top_decay()])
    candidates = hep_top_tagger(decay, TopTaggerSettings(prune_z_cut=0.3, prune_r_cut_factor=0.1))
    assert candidates.pruned_mass == pytest.approx(prune(decay, 0.3, 0.1).mass)
    assert candidates.pruned_mass[0] < 0.9 * candidates.mass[0]


def test_symmetries_and_threads():
    some_jets = ak.concatenate([reference_jets(), random_jets([20, 40], seed=7)])
    candidates = hep_top_tagger(some_jets, threads=1)
    # The stored energies are rounded, so that a boost moves the rapidities of what is space-like.
    for changed in (rotated(some_jets, 1.3), shuffled(some_jets)):
        again = hep_top_tagger(changed)
        for name in ("found", "mass", "pt", "f_rec", "w_mass", "pruned_mass", "radius", "expected_radius"):
            assert getattr(again, name) == pytest.approx(getattr(candidates, name), rel=1e-6, abs=1e-9), name
    decay = jets([tuple(v) for v in top_decay()])
    assert hep_top_tagger(boosted(decay, 0.8)).mass == pytest.approx(hep_top_tagger(decay).mass)
    many = some_jets[np.tile(np.arange(42), 3)]
    assert hep_top_tagger(many, threads=3).mass.tolist() == np.tile(candidates.mass, 3).tolist()


def test_wrong_arguments_are_refused():
    decay = jets([tuple(v) for v in top_decay()])
    with pytest.raises(DataError, match=r"radii must go .* received 0\.4 to 0\.5 by 0\.1"):
        hep_top_tagger(decay, TopTaggerSettings(max_radius=0.4))
    with pytest.raises(DataError, match=r"received 1\.5 to 0\.5 by 0"):
        hep_top_tagger(decay, TopTaggerSettings(radius_step=0.0))
    with pytest.raises(DataError, match="filter_subjets must be at least 3; received 2"):
        hep_top_tagger(decay, TopTaggerSettings(filter_subjets=2))
    with pytest.raises(DataError, match="masses must be positive"):
        hep_top_tagger(decay, TopTaggerSettings(min_mass=0.0))
    with pytest.raises(DataError, match="jet 0 balance"):
        hep_top_tagger(jets([(1.0, 0.0, 0.0, 1.0), (-1.0, 0.0, 0.0, 1.0)]))
