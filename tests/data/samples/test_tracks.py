"""The sample `tracks`, and helices."""

from __future__ import annotations

from dataclasses import replace

import awkward as ak
import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.samples.tracks import draw, fit_curvature, quantities
from keras_hep.data.samples.helix import BENDING, Helix, Kink, highland, propagate, scatter
from keras_hep.data.samples.recipes.tracks import CARD, SAMPLE, trace
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError

LAYERS = len(CARD.layers)


def make(entries: int, seed: int = 1, index: int = 0, **options: float) -> ak.Array:
    request = ShardRequest(0, index, entries, seed, 1, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def events() -> ak.Array:
    return make(800)


def helices(count: int, seed: int = 1, least: float = 0.5) -> Helix:
    rng = np.random.default_rng(seed)
    x, y, z = rng.normal(size=(3, count)) * np.array([[0.5], [0.5], [50.0]])
    pt = np.geomspace(least, 20, count)
    return Helix(x, y, z, rng.uniform(-3, 3, count), pt, rng.normal(size=count), rng.choice([-1.0, 1.0], count))


# Helices


def centre(helix: Helix, field: float) -> tuple[np.ndarray, np.ndarray]:
    radius = helix.charge * helix.pt / (0.299792458e-3 * field)
    return helix.x + radius * np.sin(helix.phi), helix.y - radius * np.cos(helix.phi)


@pytest.mark.parametrize("radius", [32.0, 500.0, 1020.0])
def test_helices_stay_on_their_circles_and_end_on_the_cylinder(radius: float) -> None:
    before = helices(200)
    after = propagate(before, radius, 2.0)
    assert np.hypot(after.x, after.y) == pytest.approx(radius)
    for one, other in zip(centre(before, 2.0), centre(after, 2.0), strict=True):
        assert one == pytest.approx(other, abs=1e-8)
    # The path in the transverse plane is the radius of curvature times the angle turned.
    turned = before.charge * (before.phi - after.phi)
    assert (turned > 0).all() and (turned < np.pi).all()
    path = before.pt / (BENDING * 2.0) * turned
    assert after.z - before.z == pytest.approx(path * before.cot)
    # Outwards: the momentum points away from the axis.
    assert (after.x * np.cos(after.phi) + after.y * np.sin(after.phi) > 0).all()


def test_steps_add_up() -> None:
    straight = propagate(helices(100), 800.0, 2.0)
    stepped = helices(100)
    for radius in (30.0, 90.0, 400.0, 800.0):
        stepped = propagate(stepped, radius, 2.0)
    for one, other in zip(straight, stepped, strict=True):
        assert one == pytest.approx(other, abs=1e-7)


def test_positive_particles_turn_clockwise_and_fields_reverse_it() -> None:
    zero, one = np.zeros(1), np.ones(1)
    plus = Helix(zero, zero, zero, zero, one, zero, one)
    assert propagate(plus, 500.0, 2.0).y < 0 < propagate(plus._replace(charge=-one), 500.0, 2.0).y
    # A circle through the origin meets the cylinder at the azimuth -arcsin(r / 2R).
    assert np.arctan2(*propagate(plus, 500.0, 2.0)[1::-1]) == pytest.approx(-np.arcsin(500 * BENDING * 2 / 2))


def test_without_field_they_are_straight_and_soft_ones_never_arrive() -> None:
    before = helices(50)
    after = propagate(before, 700.0, 0.0)
    assert after.phi == pytest.approx(before.phi)
    assert (after.y - before.y) * np.cos(before.phi) == pytest.approx(
        (after.x - before.x) * np.sin(before.phi), abs=1e-9
    )
    soft = propagate(helices(50, least=0.05)._replace(pt=np.full(50, 0.2)), 1020.0, 2.0)
    assert np.isnan(soft.x).all() and np.isnan(soft.pt).all()


def test_scattering_keeps_the_momentum_and_turns_by_the_angles() -> None:
    before = helices(500)
    rng = np.random.default_rng(2)
    kink = Kink(*(1e-3 * rng.normal(size=(2, 500))))
    after = scatter(before, kink)

    def momentum(helix: Helix) -> np.ndarray:
        return helix.pt * np.stack([np.cos(helix.phi), np.sin(helix.phi), helix.cot])

    first, second = momentum(before), momentum(after)
    assert np.linalg.norm(second, axis=0) == pytest.approx(np.linalg.norm(first, axis=0))
    angle = np.arccos(np.sum(first * second, axis=0) / np.sum(first**2, axis=0))
    assert angle == pytest.approx(np.hypot(*kink), rel=0.02)


def test_highlands_formula() -> None:
    # 10 GeV muons in a tenth of a radiation length: 13.6 MeV / p sqrt(0.1) (1 + 0.038 ln 0.1).
    width = highland(np.array([10.0]), np.array([0.1]), 0.10566)
    assert width == pytest.approx(0.0013600 * 0.31623 * 0.91250, rel=1e-3)
    slow = highland(np.array([0.1]), np.array([0.1]), 0.13957)
    beta = 0.1 / np.hypot(0.1, 0.13957)
    assert slow == pytest.approx(0.136 / beta * 0.31623 * (1 + 0.038 * np.log(0.1 / beta**2)), rel=1e-3)


# The sample


def test_a_shard_is_a_pure_function_of_its_request() -> None:
    first, again, other = make(5), make(5), make(5, seed=2)
    assert ak.array_equal(first, again)
    assert not np.isin(ak.to_numpy(ak.flatten(first.particle.pt)), ak.to_numpy(ak.flatten(other.particle.pt))).any()
    assert make(3, index=7).event.tolist() == [7_000_000, 7_000_001, 7_000_002]


def test_branches_are_those_of_the_card(events: ak.Array) -> None:
    names, kinds = set(), {}
    for name in events.fields:
        column = events[name]
        for field in column.fields:
            kinds[f"{name}_{field}"] = str(column[field].type.content)
        names |= {f"{name}_{field}" for field in column.fields} or {name}
    assert names == set(SAMPLE.card["branches"])
    whole = {"hit_layer", "hit_particle", "particle_charge", "particle_vertex", "particle_nhits"}
    assert {name for name, kind in kinds.items() if kind == "var * int32"} == whole
    assert {kind for name, kind in kinds.items() if name not in whole} == {"var * float32"}
    assert (str(events.event.type.content), str(events.label.type.content)) == ("int64", "int32")
    assert len(np.unique(ak.to_numpy(events.event))) == len(events) and ak.all(events.label == 0)


def test_hits_lie_on_their_layers_and_belong_to_particles(events: ak.Array) -> None:
    radii = np.array([layer.radius for layer in CARD.layers])
    events = events[:60]
    hit = events.hit
    assert ak.to_numpy(ak.flatten(hit.r)) == pytest.approx(radii[ak.to_numpy(ak.flatten(hit.layer))])
    assert np.hypot(*(ak.to_numpy(ak.flatten(hit[name])) for name in "xy")) == pytest.approx(
        ak.to_numpy(ak.flatten(hit.r)), rel=1e-5
    )
    azimuth = np.arctan2(*(ak.to_numpy(ak.flatten(hit[name])) for name in "yx"))
    assert np.cos(azimuth - ak.to_numpy(ak.flatten(hit.phi))) == pytest.approx(1.0, abs=1e-6)
    assert ak.all((hit.particle >= -1) & (hit.particle < ak.num(events.particle)))
    of = ak.flatten(hit.particle + np.cumsum(ak.num(events.particle)) - ak.num(events.particle))
    counted = np.bincount(ak.to_numpy(of[ak.flatten(hit.particle) >= 0]), minlength=ak.count(events.particle.pt))
    assert counted.tolist() == ak.flatten(events.particle.nhits).tolist()
    # Nobody crosses a layer twice.
    real = ak.to_numpy((of * LAYERS + ak.flatten(hit.layer))[ak.flatten(hit.particle) >= 0])
    assert len(np.unique(real)) == len(real)


def test_numbers_follow_the_options(events: ak.Array) -> None:
    found = {quantity.name: quantity.measured for quantity in quantities(events)}
    assert found["hits of a particle"] == pytest.approx(0.98 * LAYERS, abs=0.02)
    assert found["noise hits over hits of particles"] == pytest.approx(0.1, rel=0.03)
    assert found["particles of an event"] == pytest.approx(20, abs=0.5)
    assert found["standard deviation of vertices in z (mm)"] == pytest.approx(50, rel=0.08)
    assert ak.std(ak.num(events.particle)) == pytest.approx(np.sqrt(20), rel=0.1)
    quiet = make(20, noise=0, particles=3)
    assert ak.all(quiet.hit.particle >= 0) and ak.min(ak.num(quiet.particle)) >= 1
    assert ak.mean(ak.num(make(200, particles=200).particle)) == pytest.approx(200, abs=4)
    assert ak.all(events.particle.vertex < 2)
    assert len(np.unique(ak.to_numpy(ak.flatten(make(1, particles=200).particle.vz)))) == 20


def test_order_of_hits_tells_nothing(events: ak.Array) -> None:
    place = (ak.local_index(events.hit) + 0.5) / ak.num(events.hit)
    layer, particle = (ak.to_numpy(ak.flatten(events.hit[name])) for name in ("layer", "particle"))
    for values in (layer, particle):
        assert abs(np.corrcoef(ak.to_numpy(ak.flatten(place)), values)[0, 1]) < 0.01


def test_noise_is_even(events: ak.Array) -> None:
    noise = events.hit[events.hit.particle < 0]
    layers = np.bincount(ak.to_numpy(ak.flatten(noise.layer)), minlength=LAYERS)
    assert layers == pytest.approx(layers.mean(), abs=5 * np.sqrt(layers.mean()))
    assert abs(ak.mean(noise.z)) < 100 and ak.std(noise.z) == pytest.approx(2 * 2300 / np.sqrt(12), rel=0.03)


def test_without_scattering_true_hits_have_the_closed_form() -> None:
    count = 300
    true = helices(count)._replace(x=np.zeros(count), y=np.zeros(count), cot=np.linspace(-3, 3, count))
    hits = trace(true, 2.0, None)
    radii = np.array([layer.radius for layer in CARD.layers])
    curvature = true.charge * BENDING * 2.0 / true.pt
    half = np.arcsin(curvature[:, None] * radii / 2)
    z = true.z[:, None] + 2 * half / curvature[:, None] * true.cot[:, None]
    seen = np.abs(z) < 2300
    assert np.cos(np.arctan2(hits.y, hits.x) - true.phi[:, None] + half)[seen] == pytest.approx(1.0)
    assert hits.z[seen] == pytest.approx(z[seen]) and np.isnan(hits.z[~seen]).all() and 0.9 < seen.mean() < 1


def test_the_first_layers_are_hit_with_their_resolution(events: ak.Array) -> None:
    # At high pT scattering before the second layer hardly matters: 0.02 X0, 40 mm on, at 8 GeV is 6 um.
    hit = events.hit[events.hit.particle >= 0]
    hit = hit[hit.layer == 0]
    particle = events.particle[hit.particle]
    fast = particle.pt > 5
    curvature = particle.charge * BENDING * 2.0 / particle.pt
    error = ak.to_numpy(ak.flatten((hit.phi - particle.phi + np.arcsin(curvature * 16.0))[fast]))
    error = (np.mod(error + np.pi, 2 * np.pi) - np.pi) * 32.0
    # The vertices spread by 10 um in x and in y.
    assert error.std() == pytest.approx(np.hypot(0.012, 0.010), rel=0.05)
    z = ak.to_numpy(ak.flatten((hit.z - particle.vz - 32.0 * np.sinh(particle.eta))[fast]))
    assert z.std() == pytest.approx(np.hypot(0.020, 0.010 * 1.06), rel=0.1)


def test_a_fit_gets_the_momentum_with_the_expected_error(events: ak.Array) -> None:
    for field, some in ((2.0, events), (1.0, make(400, field=1.0))):
        fits = fit_curvature(some, field)
        assert len(fits.pt) > 4000
        for low, high in ((0.5, 1.0), (1.0, 3.0), (3.0, 10.0)):
            error = fits.error[(fits.pt > low) & (fits.pt < high)]
            assert error.mean() == pytest.approx(0.0, abs=0.06)
            assert (np.quantile(error, 0.8413) - np.quantile(error, 0.1587)) / 2 == pytest.approx(1.0, abs=0.06)
    # A wrong field is noticed at once.
    assert np.std(fit_curvature(events[:50], 1.9).error) > 3


def test_the_picture_has_all_panels(events: ak.Array) -> None:
    figure = plt.figure()
    draw(events, figure)
    assert len(figure.axes) == 6 and all(axis.get_xlabel() and axis.get_ylabel() for axis in figure.axes)
    plt.close(figure)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"particles": 0}, "particles must lie between 1 and 2000; received 0"),
        ({"noise": -0.1}, "noise must lie between 0 and 10; received -0.1"),
        ({"field": 20.0}, "field must lie between 0 and 10; received 20"),
        ({"field": float("nan")}, "field must be a number from 0 to 10; received nan"),
        ({"noise": True}, "noise must be a number from 0 to 10; received True"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(1, **options)


def test_efficiency_and_length_decide_what_is_seen() -> None:
    short = replace(CARD, half_length=300.0)
    hits = trace(helices(200)._replace(cot=np.full(200, 1.0), z=np.zeros(200)), 2.0, None, short)
    reached = ~np.isnan(hits.z)
    assert reached[:, 0].all() and not reached[:, -1].any()
    assert np.abs(hits.z[reached]).max() < 300
