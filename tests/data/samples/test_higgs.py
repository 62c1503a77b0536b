"""The sample `higgs`, its masses and its b-tags."""

from __future__ import annotations

import json

import awkward as ak
import numpy as np
import pytest

from benchmarks.samples.higgs import VARIABLES, peak
from keras_hep.data.samples.btagging import BTagging, draw_tags, jet_flavours
from keras_hep.data.samples.recipes.higgs import CARD, SAMPLE, make_shard
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.data.samples.wwbb import WWBB_MASSES, WwbbHypotheses, wwbb_masses
from keras_hep.errors import DataError

BACKGROUND, SIGNAL = range(2)


def request(label: int, entries: int, index: int = 0, seed: int = 5) -> ShardRequest:
    return ShardRequest(label, index, entries, seed, len(SAMPLE.classes), SAMPLE.options)


@pytest.fixture(scope="module")
def events() -> ak.Array:
    return ak.concatenate([make_shard(request(label, 200), lambda: None) for label in (BACKGROUND, SIGNAL)])


def decay(parent: np.ndarray, masses: tuple[float, float], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Decay particles (events, 4) isotropically into two of these masses."""
    mass = np.sqrt(parent[:, 3] ** 2 - (parent[:, :3] ** 2).sum(axis=1))
    one, other = masses
    momentum = np.sqrt((mass**2 - (one + other) ** 2) * (mass**2 - (one - other) ** 2)) / (2 * mass)
    direction = rng.normal(size=(len(parent), 3))
    direction *= (momentum / np.linalg.norm(direction, axis=1))[:, None]
    beta = parent[:, :3] / parent[:, 3:]
    gamma = parent[:, 3] / mass
    found = []
    for sign, product in ((1, one), (-1, other)):
        own, energy = sign * direction, np.sqrt(momentum**2 + product**2)
        along = (beta * own).sum(axis=1)
        factor = gamma**2 / (gamma + 1) * along + gamma * energy
        found.append(np.concatenate([own + factor[:, None] * beta, (gamma * (energy + along))[:, None]], axis=1))
    return found[0], found[1]


def at_rest(mass: float, count: int) -> np.ndarray:
    return np.tile([0.0, 0.0, 0.0, mass], (count, 1))


def top_pairs(count: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Lepton, neutrino, b of the same top, b of the other, two jets of W; of decays of something of 500 GeV."""
    one, other = decay(at_rest(500.0, count), (173.0, 173.0), rng)
    (leptonic, b), (hadronic, other_b) = (decay(top, (80.4, 0.0), rng) for top in (one, other))
    lepton, neutrino = decay(leptonic, (0.0, 0.0), rng)
    return lepton, neutrino, b, other_b, *decay(hadronic, (0.0, 0.0), rng)


def right_pz(lepton: np.ndarray, neutrino: np.ndarray) -> np.ndarray:
    """Where the true neutrino is the solution of smaller |pz|: the other one solves the same W mass."""
    px, py, pz = lepton[:, :3].T
    half = 80.4**2 / 2 + px * neutrino[:, 0] + py * neutrino[:, 1]
    both = 2 * half * pz / (px**2 + py**2)
    return np.abs(neutrino[:, 2]) < np.abs(both - neutrino[:, 2])


def test_exact_top_pairs_give_their_masses() -> None:
    rng = np.random.default_rng(1)
    lepton, neutrino, b, other_b, one, other = top_pairs(500, rng)
    jets = np.stack([one, b, other_b, other], axis=1)
    tags = np.tile([0, 1, 2, 0], (500, 1))
    found = wwbb_masses(lepton, neutrino[:, :2], jets, tags, WwbbHypotheses())
    assert list(found) == list(WWBB_MASSES) == VARIABLES[21:]
    right = right_pz(lepton, neutrino)
    assert 200 < right.sum() < 450
    np.testing.assert_allclose(found["m_jj"], 80.4, atol=1e-6)
    np.testing.assert_allclose(found["m_lv"], 80.4, atol=1e-4)
    np.testing.assert_allclose(found["m_jjj"][right], 173.0, atol=1e-3)
    np.testing.assert_allclose(found["m_jlv"][right], 173.0, atol=1e-3)
    np.testing.assert_allclose(found["m_wwbb"][right], 500.0, atol=1e-3)
    assert (np.abs(found["m_wwbb"][~right] - 500.0) > 1e-3).all()


def test_exact_signal_gives_its_masses() -> None:
    rng = np.random.default_rng(2)
    count = 500
    w, charged = decay(at_rest(425.0, count), (80.4, 325.0), rng)
    other_w, h = decay(charged, (80.4, 125.0), rng)
    bb = decay(h, (0.0, 0.0), rng)
    for leptonic, hadronic in ((w, other_w), (other_w, w)):
        lepton, neutrino = decay(leptonic, (0.0, 0.0), rng)
        jets = np.stack([bb[0], *decay(hadronic, (0.0, 0.0), rng), bb[1]], axis=1)
        tags = np.tile([1, 0, 0, 1], (count, 1))
        found = wwbb_masses(lepton, neutrino[:, :2], jets, tags, WwbbHypotheses())
        right = right_pz(lepton, neutrino)
        np.testing.assert_allclose(found["m_bb"], 125.0, atol=1e-6)
        np.testing.assert_allclose(found["m_wbb"][right], 325.0, atol=1e-3)
        np.testing.assert_allclose(found["m_wwbb"][right], 425.0, atol=1e-3)


def test_b_jets_are_those_of_highest_tag_and_then_the_hardest() -> None:
    rng = np.random.default_rng(3)
    momentum = rng.normal(0, 40, (4, 3))
    jets = np.concatenate([momentum, np.linalg.norm(momentum, axis=1, keepdims=True)], axis=1)[None]
    lepton, missing = np.array([[30.0, 0.0, 10.0, np.hypot(30.0, 10.0)]]), np.array([[0.0, 35.0]])

    def m_bb(*tags: int) -> float:
        return float(wwbb_masses(lepton, missing, jets, np.array([tags]), WwbbHypotheses())["m_bb"][0])

    def of(one: int, other: int) -> float:
        total = jets[0, one] + jets[0, other]
        return float(np.sqrt(total[3] ** 2 - (total[:3] ** 2).sum()))

    assert m_bb(0, 1, 0, 2) == pytest.approx(of(1, 3))
    assert m_bb(1, 1, 1, 2) == pytest.approx(of(0, 3))
    assert m_bb(1, 1, 1, 1) == pytest.approx(of(0, 1))
    assert m_bb(0, 2, 1, 2) == pytest.approx(of(1, 3))


def test_a_lepton_without_transverse_momentum_is_refused() -> None:
    jets, tags = np.ones((1, 4, 4)), np.ones((1, 4), dtype=np.int64)
    with pytest.raises(DataError, match="transverse momentum"):
        wwbb_masses(np.array([[0.0, 0.0, 5.0, 5.0]]), np.ones((1, 2)), jets, tags, WwbbHypotheses())


def test_tags_have_the_efficiencies_of_the_card() -> None:
    card, count = BTagging(), 60_000
    for kind, flavour in enumerate((5, 4, 0)):
        tags = draw_tags(np.full((count, 2), flavour), card, np.random.default_rng(kind))
        assert (tags >= 1).mean() == pytest.approx(card.loose[kind], abs=0.005)
        assert (tags == 2).mean() == pytest.approx(card.tight[kind], abs=0.005)
        assert np.corrcoef(tags.T)[0, 1] == pytest.approx(0.0, abs=0.02)


def test_the_heaviest_hadron_nearby_gives_the_flavour() -> None:
    def jet(eta: float, phi: float) -> dict[str, float]:
        return {"px": 30 * np.cos(phi), "py": 30 * np.sin(phi), "pz": 30 * np.sinh(eta), "E": 30 * np.cosh(eta)}

    jets = ak.Array([[jet(0.0, 3.1), jet(1.0, 0.0), jet(-2.0, 1.0)], [jet(0.5, 0.5)]])
    hadrons = ak.Array(
        [
            [
                {"flavour": 4, "eta": 0.1, "phi": -3.1},
                {"flavour": 5, "eta": 1.2, "phi": 0.1},
                {"flavour": 4, "eta": 1.0, "phi": 0.0},
                {"flavour": 5, "eta": -2.0, "phi": 1.5},
            ],
            [],
        ]
    )
    assert jet_flavours(jets, hadrons, 0.4).to_list() == [[4, 5, 0], [0]]


def test_a_shard_is_a_function_of_its_request(events: ak.Array) -> None:
    calls: list[int] = []
    one, again = (make_shard(request(SIGNAL, 4, index=1), lambda: calls.append(1)) for _ in range(2))
    assert one.to_list() == again.to_list()
    assert len(calls) >= 2
    signal = events[events.label == SIGNAL]
    assert not set(one.lepton_pt.to_list()) & set(signal.lepton_pt.to_list())
    assert not set(one.event.to_list()) & set(events.event.to_list())


def test_branches_are_the_documented_ones(events: ak.Array) -> None:
    assert set(events.fields) == set(SAMPLE.card["branches"])
    kinds = {name: ak.to_numpy(events[name]).dtype for name in events.fields}
    assert kinds["event"] == np.int64
    whole = {"label", "lepton_is_muon", "n_jets", *(f"jet_{n}_flavour" for n in range(1, 5))}
    assert {name for name, kind in kinds.items() if kind == np.int32} == whole
    assert all(kinds[name] == np.float32 for name in VARIABLES)
    assert all(np.isfinite(ak.to_numpy(events[name])).all() for name in events.fields)
    # The order of the data set HIGGS.
    assert len(VARIABLES) == 28
    assert VARIABLES[:5] == [
        "lepton_pt", "lepton_eta", "lepton_phi", "missing_energy_magnitude", "missing_energy_phi",
    ]  # fmt: skip
    assert VARIABLES[5:10] == ["jet_1_pt", "jet_1_eta", "jet_1_phi", "jet_1_b_tag", "jet_2_pt"]
    json.dumps(SAMPLE.configuration)


def test_events_pass_the_selection(events: ak.Array) -> None:
    assert np.bincount(events.label).tolist() == [200, 200]
    assert len(np.unique(ak.to_numpy(events.event))) == 400
    assert ak.all((events.lepton_pt > 20) & (abs(events.lepton_eta) < 2.5))
    pt, eta, phi, tag = (
        np.stack([ak.to_numpy(events[f"jet_{n}_{name}"]) for n in range(1, 5)])
        for name in ("pt", "eta", "phi", "b_tag")
    )
    assert (pt > 20).all() and (np.abs(eta) < 2.5).all() and (np.abs(phi) <= np.pi + 1e-6).all()
    assert (pt[:-1] >= pt[1:]).all()
    assert set(np.unique(tag)) == {0, 1, 2}
    assert ((tag > 0).sum(axis=0) >= CARD.tagged).all()
    lepton_eta, lepton_phi = ak.to_numpy(events.lepton_eta), ak.to_numpy(events.lepton_phi)
    turn = (phi - lepton_phi + np.pi) % (2 * np.pi) - np.pi
    assert (np.hypot(eta - lepton_eta, turn) > 0.399).all()
    assert ak.all(events.n_jets >= 4)
    flavour = np.stack([ak.to_numpy(events[f"jet_{n}_flavour"]) for n in range(1, 5)])
    assert set(np.unique(flavour)) == {0, 4, 5}
    assert (tag[flavour == 5] > 0).mean() > 0.8
    assert (tag[flavour == 0] > 0).mean() < 0.15
    assert 0.4 < ak.mean(events.lepton_is_muon) < 0.65


def test_stored_variables_give_the_stored_masses(events: ak.Array) -> None:
    def value(name: str) -> np.ndarray:
        return ak.to_numpy(events[name]).astype(np.float64)

    pt, eta, phi = (value(f"lepton_{name}") for name in ("pt", "eta", "phi"))
    nu, nu_phi = value("missing_energy_magnitude"), value("missing_energy_phi")
    transverse_mass = np.sqrt(2 * pt * nu * (1 - np.cos(phi - nu_phi)))
    m_lv = value("m_lv")
    real = transverse_mass < 80.39
    np.testing.assert_allclose(m_lv[real], 80.4, atol=0.02)
    # Without a real solution the mass is a little above the transverse mass, which is the least there can be.
    ratio = m_lv[transverse_mass > 80.41] / transverse_mass[transverse_mass > 80.41]
    assert (ratio > 0.9999).all() and 1.0 <= np.median(ratio) < 1.01
    order = np.argsort(-np.stack([value(f"jet_{n}_b_tag") for n in range(1, 5)]), axis=0, kind="stable")
    columns = [np.stack([value(f"jet_{n}_{name}") for n in range(1, 5)]) for name in ("pt", "eta", "phi")]
    (pt_1, pt_2), (eta_1, eta_2), (phi_1, phi_2) = (np.take_along_axis(c, order, axis=0)[:2] for c in columns)
    massless = np.sqrt(2 * pt_1 * pt_2 * (np.cosh(eta_1 - eta_2) - np.cos(phi_1 - phi_2)))
    # Jets have masses that are not stored.
    ratio = value("m_bb") / massless
    assert (ratio > 0.999).all() and np.median(ratio) < 1.1
    assert eta.shape == (400,)


def test_the_masses_peak_where_the_particles_are(events: ak.Array) -> None:
    label = ak.to_numpy(events.label)
    for name, which, around, width, least, largest in (
        ("m_jj", BACKGROUND, 80.4, 30, 74, 86),
        ("m_jjj", BACKGROUND, 172.5, 50, 160, 180),
        ("m_jlv", BACKGROUND, 172.5, 50, 160, 180),
        ("m_bb", SIGNAL, 120.0, 45, 108, 127),
        ("m_wbb", SIGNAL, 320.0, 60, 300, 330),
        ("m_wwbb", SIGNAL, 425.0, 80, 395, 430),
    ):
        values = ak.to_numpy(events[name])
        assert least < peak(values[label == which], around, width) < largest, name
    narrow = [np.mean(np.abs(ak.to_numpy(events.m_bb)[label == which] - 115) < 20) for which in (BACKGROUND, SIGNAL)]
    assert narrow[1] > 1.7 * narrow[0]
    # Top quarks of both classes: the two masses are nearer to the top mass in top pairs.
    near = [np.median(np.abs(ak.to_numpy(events.m_jjj)[label == which] - 170)) for which in (BACKGROUND, SIGNAL)]
    assert near[0] < near[1]
