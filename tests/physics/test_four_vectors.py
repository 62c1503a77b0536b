import awkward as ak
import numpy as np
import pytest
import vector

from keras_hep.errors import DataError
from keras_hep.physics import (
    boost,
    boost_into_rest_frame,
    boost_longitudinally,
    delta_phi,
    delta_r,
    four_vectors,
    from_vector,
    invariant_mass,
    rapidity,
    to_vector,
    transverse_momentum,
)

FIELDS = ("px", "py", "pz", "E")
NUMBER = 400


@pytest.fixture(scope="module")
def columns():
    """Columns pt, eta, phi, mass of 400 vectors."""
    rng = np.random.default_rng(2)
    return {
        "pt": rng.exponential(50, NUMBER) + 0.1,
        "eta": rng.uniform(-4, 4, NUMBER),
        "phi": rng.uniform(-np.pi, np.pi, NUMBER),
        "mass": rng.exponential(10, NUMBER),
    }


@pytest.fixture(scope="module")
def vectors(columns):
    return four_vectors(**columns)


@pytest.fixture(scope="module")
def others():
    rng = np.random.default_rng(3)
    return four_vectors(
        px=rng.normal(0, 20, NUMBER),
        py=rng.normal(0, 20, NUMBER),
        pz=rng.normal(0, 90, NUMBER),
        mass=rng.uniform(1, 80, NUMBER),
    )


def assert_equal(ours, theirs, rtol=1e-9):
    # A component can be small against the others, whose rounding it carries.
    scale = np.max([np.abs(ak.to_numpy(getattr(theirs, field))) for field in FIELDS], axis=0)
    for field in FIELDS:
        difference = np.abs(ak.to_numpy(ours[field]) - ak.to_numpy(getattr(theirs, field)))
        assert (difference <= rtol * scale).all(), field


def test_vectors_from_pt_eta_phi_mass_equal_those_of_vector(columns, vectors):
    assert_equal(vectors, vector.array(columns), 1e-14)


def test_energy_is_taken_as_it_is_and_without_it_vectors_are_massless(columns):
    direction = {name: columns[name] for name in ("pt", "eta", "phi")}
    energy = 2 * columns["pt"] * np.cosh(columns["eta"])
    assert_equal(four_vectors(**direction, energy=energy), vector.array(direction | {"energy": energy}), 1e-14)
    massless = four_vectors(**direction)
    np.testing.assert_allclose(massless.E, columns["pt"] * np.cosh(columns["eta"]), rtol=1e-12)


def test_cartesian_columns_get_their_energy_from_the_mass():
    one = four_vectors(px=np.array([1.0]), py=np.array([2.0]), pz=np.array([2.0]), mass=np.array([4.0]))
    assert one.to_list() == [{"px": 1.0, "py": 2.0, "pz": 2.0, "E": 5.0}]


def test_jagged_columns_and_their_precision_stay():
    pt = ak.values_astype(ak.Array([[1.0, 2.0], [], [3.0]]), np.float32)
    made = four_vectors(pt=pt, eta=pt, phi=pt)
    assert ak.num(made).tolist() == [2, 0, 1]
    assert str(ak.type(made.E)) == "3 * var * float32"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"px": 1, "py": 1, "phi": 1}, "px, py, pz or of pt, eta, phi; received: phi, px, py"),
        ({}, "received: neither"),
        ({"pt": 1, "eta": 1, "phi": 1, "mass": 1, "energy": 1}, "received both"),
        ({"pt": 1, "eta": 1, "phi": 1, "mass": -3}, "must not be negative; the least one received is -3.0 GeV"),
    ],
)
def test_other_columns_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        four_vectors(**{name: np.array([float(value)]) for name, value in given.items()})


def test_a_boost_equals_that_of_vector(vectors):
    rng = np.random.default_rng(4)
    direction = rng.normal(size=(3, NUMBER))
    beta = direction / np.linalg.norm(direction, axis=0) * rng.uniform(0, 0.999, NUMBER)
    theirs = to_vector(vectors).boost_beta3(vector.array({"x": beta[0], "y": beta[1], "z": beta[2]}))
    assert_equal(boost(vectors, beta), theirs)


def test_a_particle_at_rest_gets_the_velocity():
    rest = four_vectors(px=np.zeros(1), py=np.zeros(1), pz=np.zeros(1), mass=np.array([2.0]))
    moving = boost(rest, (0.3, -0.4, 0.6))
    velocity = [float(moving[field][0] / moving.E[0]) for field in FIELDS[:3]]
    assert velocity == pytest.approx([0.3, -0.4, 0.6], rel=1e-14)


def test_a_longitudinal_boost_shifts_rapidities(vectors):
    boosted = boost_longitudinally(vectors, 1.7)
    np.testing.assert_allclose(rapidity(boosted), rapidity(vectors) + 1.7, rtol=1e-9)
    np.testing.assert_array_equal(transverse_momentum(boosted), transverse_momentum(vectors))
    assert_equal(boosted, to_vector(vectors).boostZ(beta=np.tanh(1.7)))


def test_rest_frames_equal_those_of_vector(vectors, others):
    assert_equal(boost_into_rest_frame(vectors, others), to_vector(vectors).boostCM_of_p4(to_vector(others)), 1e-8)


def test_a_vector_is_at_rest_in_its_own_frame(others):
    rest = boost_into_rest_frame(others, others)
    # The mass, a small difference of large squares, has the rounding of gamma^2.
    gamma = ak.to_numpy(others.E / invariant_mass(others))
    for field in FIELDS[:3]:
        assert np.all(np.abs(rest[field]) < 1e-15 * gamma * others.E), field
    assert np.all(np.abs(rest.E / invariant_mass(others) - 1) < 1e-15 * gamma**2)


def test_a_frame_broadcasts_to_the_constituents_of_a_jet(vectors):
    jets = ak.unflatten(vectors, [50, 150, 0, 200])[[0, 1, 3]]
    total = ak.zip({field: ak.sum(jets[field], axis=1) for field in FIELDS}, with_name="Momentum4D")
    rest = boost_into_rest_frame(jets, total)
    for field in FIELDS[:3]:
        np.testing.assert_allclose(ak.sum(rest[field], axis=1), 0.0, atol=1e-8)


def test_distances_equal_those_of_vector(vectors, others):
    theirs = to_vector(vectors).deltaR(to_vector(others))
    np.testing.assert_allclose(delta_r(vectors, others), theirs, rtol=1e-12)
    np.testing.assert_allclose(
        np.cos(delta_phi(vectors, others)), np.cos(to_vector(vectors).deltaphi(to_vector(others))), rtol=1e-12
    )
    assert ak.all(abs(delta_phi(vectors, others)) <= np.pi)


def test_the_way_to_vector_and_back_changes_no_bit(vectors):
    there = to_vector(vectors)
    np.testing.assert_allclose(there.mass, invariant_mass(vectors), rtol=1e-7, atol=1e-4)
    assert ak.to_list(from_vector(there)) == ak.to_list(vectors)


def test_vectors_of_numpy_in_other_coordinates_come_in(columns, vectors):
    structured = vector.array({name: columns[name] for name in ("pt", "eta", "phi", "mass")})
    assert_equal(from_vector(structured), vectors, 1e-14)


def test_what_is_no_vector_is_refused(vectors):
    with pytest.raises(DataError, match="these have no px, py, pz, E"):
        from_vector(np.zeros(3))
    with pytest.raises(DataError, match="missing: E"):
        to_vector(vectors[["px", "py", "pz"]])


def test_impossible_boosts_are_refused(vectors):
    with pytest.raises(DataError, match=r"\|beta\| < 1; the largest \|beta\|\^2 received is 1"):
        boost(vectors, (0.6, 0.0, 0.8))
    with pytest.raises(DataError, match="positive energy and mass"):
        boost_into_rest_frame(vectors, four_vectors(px=3.0 * np.ones(1), py=np.zeros(1), pz=np.zeros(1)))
