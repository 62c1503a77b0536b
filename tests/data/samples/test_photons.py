"""The sample `photons`: origins, showers in the layers, their variables, isolation, and the sample itself."""

from __future__ import annotations

import json
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.detector import Detector, Particles
from keras_hep.data.samples.photon_calorimeter import Barrel, Incident, Layers, cell_centres, fire
from keras_hep.data.samples.photon_isolation import ISOLATION, isolation
from keras_hep.data.samples.photon_seeds import DECAY, HARD, SHOWER, PhotonSeeds, find_photons
from keras_hep.data.samples.photon_shapes import SHAPES, cluster_energy, shapes
from keras_hep.data.samples.photon_surroundings import Surroundings, clusters, front_phi
from keras_hep.data.samples.pythia import Record
from keras_hep.data.samples.recipes.photons import CARD, SAMPLE, make_shard
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError

PROMPT, FRAGMENTATION, FAKE = range(3)
PION_MASS = 0.13498


def request(label: int, entries: int, index: int = 0, isolated: float | str = 0.0) -> ShardRequest:
    return ShardRequest(label, index, entries, 9, len(SAMPLE.classes), {"isolation": isolated})


@pytest.fixture(scope="module")
def photons() -> ak.Array:
    return ak.concatenate([make_shard(request(label, 120), lambda: None) for label in range(3)])


# Origins


def test_photons_are_told_apart_by_where_their_first_copy_began() -> None:
    rows = [  # PDG number, status, mother, daughters, px, py, pz
        (90, -11, 0, 0, 0, 0, 0, 0),
        (22, -23, 0, 3, 3, 30, 0, 0),  # 1 from the hard scattering
        (2, -23, 0, 4, 5, -30, 0, 0),  # 2 quark
        (22, 62, 1, 0, 0, 31, 0, 5),  # 3 its copy after recoil
        (2, -51, 2, 6, 7, -15, 0, 0),  # 4
        (22, -51, 2, 8, 8, -14, 0, 0),  # 5 radiated by the quark
        (111, -83, 4, 9, 10, -10, 3, 1),  # 6 pion
        (223, -83, 4, 11, 12, -5, 1, 1),  # 7 omega
        (22, 62, 5, 0, 0, -14, 1, 0),  # 8 copy of the radiated one
        (22, 91, 6, 0, 0, -6, 2, 1),  # 9 of the pion
        (22, 91, 6, 0, 0, -4, 1, 0),  # 10 of the pion
        (22, 91, 7, 0, 0, -3, 0, 0),  # 11 of the omega, with
        (111, -91, 7, 0, 0, -2, 1, 1),  # 12 a pion
        (22, 43, 0, 0, 0, 50, 0, 0),  # 13 radiated by an incoming parton: of no class
    ]
    identity, status, mother, first, last, px, py, pz = np.array(rows).T
    real = [column.astype(np.float64) for column in (px, py, pz)]
    energy = np.sqrt(sum(column**2 for column in real))
    none = np.zeros(len(rows))
    record = Record(
        np.array([len(rows)]), np.zeros(len(rows), dtype=np.int64), identity, status, *real, energy, none, none,
        mother, mother, first, last,
    )  # fmt: skip
    hard, shower, decay = (find_photons(record, origin, 1.0, 3.0) for origin in (HARD, SHOWER, DECAY))
    assert (hard.pt.tolist(), hard.event.tolist()) == ([31.0], [0])
    assert hard.eta[0] == pytest.approx(np.arcsinh(5 / 31))
    assert shower.pt[0] == pytest.approx(np.hypot(14, 1))
    assert (shower.mother[0], shower.mother_pt[0], shower.opening[0]) == (2, 30.0, 0.0)
    assert decay.pt[0] == pytest.approx(np.hypot(6, 2))
    assert (decay.mother[0], decay.mother_pt[0]) == (111, pytest.approx(np.hypot(10, 3)))
    eta = np.arcsinh(1 / np.hypot(6, 2)), 0.0
    phi = np.arctan2(2, -6), np.arctan2(1, -4)
    assert decay.opening[0] == pytest.approx(np.hypot(eta[0] - eta[1], phi[0] - phi[1]))
    assert len(find_photons(record, HARD, 40.0, 3.0).event) == 0
    assert len(find_photons(record, HARD, 1.0, 0.1).event) == 0


# Showers


def beam(identity: int, energy: float, count: int, deta: float = 0.0, dphi: float = 0.0) -> Incident:
    ones = np.ones(count)
    return Incident(np.arange(count), np.full(count, identity), energy * ones, deta * ones, dphi * ones)


def test_photons_leave_their_energy_in_proportion_and_at_their_place() -> None:
    barrel = Barrel()
    energies = []
    for energy in (25.0, 100.0):
        layers = fire(beam(22, energy, 150), 150, barrel, np.random.default_rng(1))
        measured = cluster_energy(layers, barrel)
        energies.append(np.mean(measured) / energy * CARD.calibration)
        sampling = np.hypot(0.10 / np.sqrt(energy), 0.012)
        assert 0.8 * sampling < np.std(measured) / np.mean(measured) < 1.8 * sampling
        assert layers.strips.shape == (150, 56, 2) and layers.middle.shape == (150, 11, 11)
        assert np.unravel_index(layers.middle.mean(axis=0).argmax(), (11, 11)) == (5, 5)
    np.testing.assert_allclose(energies, 1.0, atol=0.015)
    # Three strips in eta to the right, and in the second half in phi.
    moved = fire(beam(22, 50.0, 100, 3.5 * 0.003125, 0.03), 100, barrel, np.random.default_rng(1)).strips.mean(axis=0)
    assert np.unravel_index(moved.argmax(), moved.shape) == (28 + 3, 1)
    assert moved[:, 1].sum() > 5 * moved[:, 0].sum()


def test_hadrons_go_deeper_and_muons_and_slow_particles_leave_noise() -> None:
    barrel, rng = Barrel(), np.random.default_rng(2)
    pion = fire(beam(-211, 40.0, 200), 200, barrel, rng)
    photon = fire(beam(22, 40.0, 200), 200, barrel, rng)
    assert np.median(pion.hadronic) > 5.0 > 1.0 > np.median(photon.hadronic)
    nothing = fire(beam(13, 40.0, 200), 200, barrel, rng)
    slow = fire(beam(211, 0.2, 200), 200, barrel, rng)
    for layers in (nothing, slow):
        assert layers.middle.max() < 0.03 * 6 and np.abs(layers.hadronic).max() < 0.1 * 5
        # Above two standard deviations of noise there is one cell of 44.
        assert (layers.middle > 0).mean() == pytest.approx(0.0228, abs=0.003)
        assert layers.hadronic.std() == pytest.approx(0.1, rel=0.2)


def test_cross_talk_moves_energy_to_neighbours_and_keeps_its_sum() -> None:
    silent = replace(Barrel(), noise=(0.0, 0.0, 0.0, 0.0), threshold=0.0)
    strips = [
        fire(beam(22, 50.0, 60), 60, replace(silent, cross_talk=share), np.random.default_rng(3)).strips.sum(axis=2)
        for share in (0.0, 0.05)
    ]
    np.testing.assert_allclose(strips[1].sum(axis=1), strips[0].sum(axis=1), rtol=1e-3)
    expected = 0.9 * strips[0][:, 20] + 0.05 * (strips[0][:, 19] + strips[0][:, 21])
    np.testing.assert_allclose(strips[1][:, 20], expected)


def test_cells_are_where_directions_point() -> None:
    barrel = Barrel()
    eta, phi = cell_centres(np.array([0.001, -0.001, 0.03]), np.array([0.0001, -0.0001, 0.05]), barrel)
    width = 2 * np.pi / 256
    np.testing.assert_allclose(eta, [0.0125, -0.0125, 0.0375])
    np.testing.assert_allclose(phi, [width / 2, -width / 2, 2.5 * width])


# Variables


def test_shapes_in_closed_form() -> None:
    barrel = Barrel()
    middle = np.zeros((1, 11, 11))
    middle[0, 5, 5], middle[0, 4, 5], middle[0, 5, 7], middle[0, 8, 5] = 10.0, 2.0, 1.0, 3.0
    strips = np.zeros((1, 56, 2))
    strips[0, 28, 0], strips[0, 29, 1], strips[0, 30, 0], strips[0, 27, 0] = 4.0, 1.0, 0.5, 0.5
    strips[0, 33, 0], strips[0, 32, 0] = 2.0, 0.25
    back = np.zeros((1, 11, 11))
    back[0, 5, 6] = 0.75
    layers = Layers(strips, middle, back, np.array([1.1]))
    energy = 8.25 + 13.0 + 0.75
    assert cluster_energy(layers, barrel)[0] == pytest.approx(energy)
    found = {name: value[0] for name, value in shapes(layers, barrel).items()}
    assert set(found) == set(SHAPES)
    expected = {
        "r_had": 1.1 / energy,
        "r_eta": 13.0 / 16.0,
        "r_phi": 12.0 / 13.0,
        "w_eta2": 0.025 * np.sqrt(2 / 13 - (2 / 13) ** 2),
        "f1": 8.25 / energy,
        "f3": 0.75 / energy,
        "w_s3": np.sqrt(1.5 / 5.5),
        "f_side": 0.5 / 5.5,
        "delta_e": 2.0 - 0.0,
        "e_ratio": 2.0 / 6.0,
    }
    places, weights = np.array([0, 1, 2, -1, 5, 4]), np.array([4, 1, 0.5, 0.5, 2, 0.25])
    mean = (places * weights).sum() / 8.25
    expected["w_stot"] = np.sqrt((places**2 * weights).sum() / 8.25 - mean**2)
    assert found == pytest.approx(expected)


def test_a_single_maximum_has_no_second() -> None:
    strips = np.zeros((1, 56, 2))
    strips[0, 26:31, 0] = [0.1, 1.0, 4.0, 1.0, 0.1]
    cells = np.zeros((1, 11, 11))
    cells[0, 5, 5] = 10.0
    found = shapes(Layers(strips, cells, 0 * cells, np.zeros(1)), Barrel())
    assert (found["e_ratio"][0], found["delta_e"][0]) == (1.0, 0.0)
    empty = shapes(Layers(0 * strips, 0 * cells, 0 * cells, np.zeros(1)), Barrel())
    assert all(np.isfinite(value).all() for value in empty.values())


# Surroundings


def test_charged_particles_turn_on_their_way_to_the_calorimeter() -> None:
    pt, charge = np.array([1.0, 1.0, 10.0, 5.0, 0.4]), np.array([1, -1, 1, 0, 1])
    phi = front_phi(np.zeros(5), pt, charge, 2.0, 1500.0)
    # The chord of a circle of radius pT / (0.3 B) has half the angle of its arc: sin = r / 2 R.
    radius = pt / (0.299792458 * 2.0) * 1000
    np.testing.assert_allclose(phi[:3], -charge[:3] * np.arcsin(750.0 / radius[:3]))
    assert phi[3] == 0.0 and np.isnan(phi[4])


def some_surroundings(**columns: list[float]) -> Surroundings:
    count = len(columns["pt"])
    zero = np.zeros(count)
    given = {name: np.array(values) for name, values in columns.items()}
    own = {
        "candidate": zero.astype(np.int64),
        "identity": np.full(count, 211),
        "charge": np.ones(count, dtype=np.int64),
    }
    names = "energy", "deta", "dphi", "track_dphi"
    return Surroundings(**{**own, **dict.fromkeys(names, zero), "energy": given["pt"] * 1.0, **given})


def test_cones_count_what_they_should() -> None:
    exact = replace(
        Detector(), efficiency=(1.0, 1.0), electromagnetic_stochastic=0.0, electromagnetic_constant=0.0,
        hadronic_stochastic=0.0, hadronic_constant=0.0,
    )  # fmt: skip
    around = some_surroundings(
        pt=[50.0, 2.0, 3.0, 4.0, 0.9, 7.0, 8.0, 5.0],
        identity=[22, 211, 22, -321, 211, 13, 130, 211],
        charge=[0, 1, 0, -1, 1, -1, 0, 1],
        deta=[0.0, 0.1, 0.15, 0.3, 0.1, 0.3, 0.05, 0.5],
        dphi=[0.0, 0.05, 0.0, 0.5, 0.0, 0.0, 0.08, 0.0],
        track_dphi=[0.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.08, 0.0],
    )
    around = around._replace(candidate=np.array([0, 0, 0, 0, 0, 0, 0, 0]))
    found = isolation(around, 2, exact, np.random.default_rng(1))
    assert set(found) == set(ISOLATION)
    # Tracks: 2 within 0.2; 4 and the muon's 7 within 0.4; 0.9 is too soft, 5 too far.
    assert [found[name][0] for name in ("ptcone20", "ptcone40")] == [2.0, 13.0]
    # Calorimeter: the core is left out with the kaon in it, the muon unseen, and the one with pT 4 bent out of the cone.
    assert [found[name][0] for name in ("etcone20", "etcone40")] == pytest.approx([5.9, 5.9])
    assert all(values[1] == 0.0 for values in found.values())


def test_clusters_lie_in_the_middle_of_their_photons() -> None:
    eta, phi = np.array([0.5, 0.512, 0.55, 0.5, 0.5]), np.array([3.14, -3.13, 3.14, 3.12, 0.0])
    pt = np.array([30.0, 10.0, 20.0, 15.0, 9.0])
    identity = np.array([22, 22, 22, 2112, 22])
    particles = Particles(np.zeros(5, dtype=np.int64), identity, pt, eta, phi, pt * np.cosh(eta))
    one = np.array([0])
    seeds = PhotonSeeds(one, pt[:1], eta[:1], phi[:1], one, 0.0 * pt[:1], 0.0 * pt[:1])
    found = clusters(particles, seeds, 2.0, Barrel(), 0.45)
    weight = pt[:2] * np.cosh(eta[:2])
    turn = 2 * np.pi - 3.14 - 3.13
    assert found.eta[0] == pytest.approx(0.5 + 0.012 * weight[1] / weight.sum())
    assert (found.phi[0] - 3.14 - turn * weight[1] / weight.sum() + np.pi) % (2 * np.pi) == pytest.approx(np.pi)
    assert (found.light_pt[0], found.hadron_pt[0]) == (40.0, 15.0)
    assert len(found.select(np.array([False])).around.pt) == 0
    assert found.select(np.array([True])).around.pt.tolist() == found.around.pt.tolist()


# The sample


def test_a_shard_is_a_function_of_its_request(photons: ak.Array) -> None:
    calls: list[int] = []
    one, again = (make_shard(request(PROMPT, 5, index=1), lambda: calls.append(1)) for _ in range(2))
    assert one.to_list() == again.to_list()
    assert len(calls) >= 2
    assert not set(one.photon_pt.to_list()) & set(photons.photon_pt.to_list())
    assert not set(one.event.to_list()) & set(photons.event.to_list())


@pytest.mark.parametrize("value", [-0.1, 10.5, "none"])
def test_a_wrong_isolation_is_refused(value: float | str) -> None:
    with pytest.raises(DataError, match="isolation"):
        make_shard(request(PROMPT, 2, isolated=value), lambda: None)


def test_branches_are_the_documented_ones(photons: ak.Array) -> None:
    assert set(photons.fields) == set(SAMPLE.card["branches"])
    kinds = {name: ak.to_numpy(photons[name]).dtype for name in photons.fields}
    assert kinds.pop("event") == np.int64
    assert {kinds.pop(name) for name in ("label", "mother_identity")} == {np.dtype(np.int32)}
    assert set(kinds.values()) == {np.dtype(np.float32)}
    assert ak.to_numpy(photons.strips).shape == (360, 56, 2) and ak.to_numpy(photons.middle).shape == (360, 11, 11)
    assert all(np.isfinite(ak.to_numpy(photons[name])).all() for name in photons.fields)
    json.dumps(SAMPLE.configuration)


def test_candidates_pass_the_selection(photons: ak.Array) -> None:
    assert np.bincount(photons.label).tolist() == [120, 120, 120]
    assert len(np.unique(ak.to_numpy(photons.event))) == 360
    assert ak.all((photons.photon_pt > 20) & (photons.photon_pt < 150) & (abs(photons.photon_eta) < 1.45))
    assert ak.all((photons.r_had < 0.3) & (photons.true_pt > 12) & (photons.weight > 0))
    assert ak.all((photons.ptcone40 >= photons.ptcone20) & (photons.etcone40 >= photons.etcone20))


def test_truth_and_measurement_agree(photons: ak.Array) -> None:
    prompt, fragmentation, fake = (photons[photons.label == label] for label in range(3))
    response = ak.to_numpy(prompt.photon_pt / prompt.true_pt)
    assert np.median(response) == pytest.approx(1.0, abs=0.015)
    # At a wide angle from the quark, and with the recoil of the rest, a photon can have more pT than the quark had.
    assert ak.mean(fragmentation.true_pt < fragmentation.mother_pt) > 0.85
    assert np.isin(np.abs(ak.to_numpy(fragmentation.mother_identity)), (1, 2, 3, 4, 5, 11, 13, 15)).all()
    assert set(np.unique(np.abs(ak.to_numpy(fake.mother_identity)))) <= {111, 221, 223, 331}
    pions = fake[(fake.mother_identity == 111) & (fake.opening_angle > 0)]
    assert len(pions) > 70
    # Two massless particles of mass m and total pT: dR >= 2 m / pT.
    least = 2 * PION_MASS / ak.to_numpy(pions.mother_pt)
    angle = ak.to_numpy(pions.opening_angle)
    assert (angle > 0.995 * least).all() and np.quantile(angle / least, 0.1) < 1.1
    # The angle follows from the share z of the hardest photon: 1 / (2 sqrt(z (1 - z))), as far as angles are small.
    z = ak.to_numpy(pions.true_pt / pions.mother_pt)
    even = z < 0.9
    np.testing.assert_allclose(angle[even] / least[even], 0.5 / np.sqrt(z * (1 - z))[even], rtol=0.03)


def test_fakes_are_wider_and_less_isolated(photons: ak.Array) -> None:
    label, pt = ak.to_numpy(photons.label), ak.to_numpy(photons.photon_pt)

    def medians(values: np.ndarray) -> list[float]:
        return [float(np.median(values[label == number])) for number in range(3)]

    wide, e_ratio = medians(ak.to_numpy(photons.w_stot)), medians(ak.to_numpy(photons.e_ratio))
    assert wide[FAKE] > 1.5 * wide[FRAGMENTATION] >= 1.4 * wide[PROMPT]
    assert e_ratio[PROMPT] > 0.93 and e_ratio[FRAGMENTATION] > 0.9 and e_ratio[FAKE] < 0.8
    track, calo = (medians(ak.to_numpy(photons[name]) / pt) for name in ("ptcone40", "etcone40"))
    assert track[PROMPT] < 0.05 < track[FRAGMENTATION] < track[FAKE]
    assert calo[PROMPT] < 0.1 < calo[FRAGMENTATION] < calo[FAKE]
    assert 0.007 < medians(ak.to_numpy(photons.w_eta2))[PROMPT] < 0.012


def test_the_images_belong_to_the_variables(photons: ak.Array) -> None:
    middle, strips = ak.to_numpy(photons.middle), ak.to_numpy(photons.strips)
    inner, outer = middle[:, 4:7, 2:9].sum(axis=(1, 2)), middle[:, 2:9, 2:9].sum(axis=(1, 2))
    np.testing.assert_allclose(inner / outer, ak.to_numpy(photons.r_eta), rtol=1e-4)
    energy = ak.to_numpy(photons.photon_pt) * np.cosh(ak.to_numpy(photons.photon_eta)) / CARD.calibration
    np.testing.assert_allclose(
        strips[:, 16:40].sum(axis=(1, 2)) / energy, ak.to_numpy(photons.f1), rtol=1e-3, atol=1e-5
    )
    prompt = ak.to_numpy(photons.label) == PROMPT
    assert np.unravel_index(middle[prompt].mean(axis=0).argmax(), (11, 11)) == (5, 5)


def test_the_option_isolates() -> None:
    isolated = make_shard(request(FRAGMENTATION, 15, isolated=0.1), lambda: None)
    assert len(isolated) == 15
    assert ak.all(isolated.ptcone20 < 0.1 * isolated.photon_pt)
