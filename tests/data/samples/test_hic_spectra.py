from itertools import pairwise

import awkward as ak
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import integrate, special

from benchmarks.samples.hic_spectra import PHI, PT, accuracy, averaged, draw, features, image_features, quantities
from keras_hep.data.samples.baryon_clumps import NUCLEON_MASS, Clumping, make_baryons
from keras_hep.data.samples.blast_wave import PION_MASS, BlastWave, anisotropy, pt_density, sample_spectra
from keras_hep.data.samples.recipes.hic_spectra import CARD, SAMPLE
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError


def make(label: int, entries: int, seed: int = 1, **options: object) -> ak.Array:
    request = ShardRequest(label, 0, entries, seed, 2, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def spectra() -> ak.Array:
    return ak.concatenate([make(label, 1500) for label in (0, 1)])


@pytest.fixture(scope="module")
def clumps() -> ak.Array:
    return ak.concatenate([make(label, 1000, kind="clumps") for label in (0, 1)])


def wave(count: int, **changed: float) -> BlastWave:
    values = {"temperature": 0.12, "flow": 0.9, "flow2": 0.0, "flow3": 0.0, "psi2": 0.0, "psi3": 0.0} | changed
    return BlastWave(**{name: np.full(count, value) for name, value in values.items()})


def many(count: int, **changed: float) -> np.ndarray:
    """Return the spectrum of very many pions."""
    rng = np.random.default_rng(5)
    return sample_spectra(wave(1, **changed), np.array([count]), (15, 48), 2.0, rng)[0].astype(np.float64)


@pytest.mark.parametrize("kind", ["spectra", "clumps"])
def test_a_shard_is_a_pure_function_of_its_request(kind: str) -> None:
    for label in (0, 1):
        first, again, other = (make(label, 12, seed=seed, kind=kind) for seed in (1, 1, 2))
        assert ak.array_equal(first, again)
        assert not np.isin(ak.to_numpy(other.impact), ak.to_numpy(first.impact)).any()


def test_branches_are_those_of_the_card_for_each_kind(spectra: ak.Array, clumps: ak.Array) -> None:
    produced = {name: str(spectra[name].type.content) for name in spectra.fields}
    images = {name: str(clumps[name].type.content) for name in clumps.fields if name != "baryon"}
    baryon = {f"baryon_{name}": str(clumps.baryon[name].type.content.content) for name in clumps.baryon.fields}
    documented = SAMPLE.card["branches"]
    assert set(produced) | set(images) | set(baryon) == set(documented)
    assert {name for name, text in documented.items() if "kind" not in text} == set(produced) & set(images)
    kinds = {"event": "int64", "label": "int32", "outlier": "int8", "clumps": "int32", "spectrum": "15 * 48 * float32"}
    kinds |= dict.fromkeys(("image", "momentum"), "20 * 20 * float32")
    together = produced | images | baryon
    assert together == {name: kinds.get(name, "float32") for name in together}
    for made in (spectra, clumps):
        assert len(np.unique(ak.to_numpy(made.event))) == len(made)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "jets"}, "spectra, clumps; received 'jets'"),
        ({"samples": 0}, "samples"),
        ({"outliers": 0.6}, "outliers"),
        ({"kind": "clumps", "samples": 5}, "belong to the kind spectra; received 5"),
        ({"kind": "clumps", "outliers": 0.1}, "belong to the kind spectra"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(0, 2, **options)


def test_pions_follow_the_integral_of_bessel_functions() -> None:
    counts = many(400_000).sum(axis=1)

    def density(pt: float) -> float:
        mt = np.hypot(pt, PION_MASS)
        return integrate.quad(
            lambda r: pt * mt * r * special.i0(pt * np.sinh(0.9 * r) / 0.12) * special.k1(mt * np.cosh(0.9 * r) / 0.12),
            0,
            1,
        )[0]

    edges = np.linspace(0, 2, 16)
    expected = np.array([integrate.quad(density, *pair)[0] for pair in pairwise(edges)])
    expected *= 400_000 / (expected.sum() + integrate.quad(density, 2, 6)[0])
    pulls = (counts - expected) / np.sqrt(expected)
    assert (pulls**2).sum() == pytest.approx(15, abs=4 * np.sqrt(30))
    closed, quadrature = np.array([density(pt) for pt in PT]), pt_density(PT, 0.12, 0.9)
    assert quadrature / quadrature.sum() == pytest.approx(closed / closed.sum(), rel=1e-6)


def test_pions_without_flow_are_thermal() -> None:
    counts = many(200_000, flow=0.0, temperature=0.15).sum(axis=1)

    def density(pt: float) -> float:
        # E d3N/dp3 = E exp(-E/T), integrated over pz.
        mt = np.hypot(pt, PION_MASS)
        return float(pt * mt * special.k1(mt / 0.15))

    edges = np.linspace(0, 2, 16)
    expected = np.array([integrate.quad(density, *pair)[0] for pair in pairwise(edges)])
    expected *= 200_000 / integrate.quad(density, 0, 5)[0]
    assert (((counts - expected) ** 2) / expected).sum() == pytest.approx(15, abs=4 * np.sqrt(30))


@pytest.mark.parametrize("psi", [0.0, 0.7, -1.2])
def test_elliptic_flow_is_its_closed_form_about_its_angle(psi: float) -> None:
    counts = many(400_000, flow2=0.12, psi2=psi)
    error = 1 / np.sqrt(2 * counts.sum(axis=1))
    fine = (np.arange(45) + 0.5) * 2 / 45
    weight = pt_density(fine, 0.12, 0.9, 0.12)
    expected = (weight * anisotropy(fine, 0.12, 0.9, 0.12)).reshape(15, 3).sum(axis=1) / weight.reshape(15, 3).sum(
        axis=1
    )
    inside = np.sinc(2 / 48)
    even = (counts * np.cos(2 * (PHI - psi))).sum(axis=1) / counts.sum(axis=1) / inside
    odd = (counts * np.sin(2 * (PHI - psi))).sum(axis=1) / counts.sum(axis=1) / inside
    assert np.abs((even - expected) / error).max() < 4
    assert np.abs(odd / error).max() < 4
    assert expected[7] > 10 * error[7]


def test_anisotropy_is_the_average_over_azimuths_of_what_each_emits() -> None:
    # Without Bessel functions of the azimuth: the exponential itself, integrated over both angles.
    pt, temperature, flow, flow2 = 0.8, 0.12, 0.9, 0.1
    mt = np.hypot(pt, PION_MASS)
    r, s, phi = np.meshgrid((np.arange(60) + 0.5) / 60, *2 * [(np.arange(64) + 0.5) * 2 * np.pi / 64], indexing="ij")
    rho = r * (flow + flow2 * np.cos(2 * s))
    emitted = r * special.k1(mt * np.cosh(rho) / temperature)
    emitted *= np.exp(pt * np.sinh(rho) * np.cos(s - phi) / temperature)
    v2 = (emitted * np.cos(2 * phi)).sum() / emitted.sum()
    assert anisotropy(np.array([pt]), temperature, flow, flow2)[0] == pytest.approx(v2, rel=2e-3)


def test_triangular_flow_is_triangular_about_its_angle() -> None:
    counts = many(200_000, flow3=0.15, psi3=0.4).sum(axis=0)
    moments = [(counts * np.exp(1j * n * (PHI - 0.4))).sum() / counts.sum() for n in (1, 2, 3)]
    assert moments[2].real > 20 / np.sqrt(2 * counts.sum())
    for rest in (moments[0], moments[1], moments[2].imag):
        assert abs(rest) < 4.5 / np.sqrt(2 * counts.sum())


def test_pions_are_as_many_as_drawn_and_inside_the_acceptance(spectra: ak.Array) -> None:
    counted, emitted = ak.to_numpy(spectra.spectrum).sum(axis=(1, 2)), ak.to_numpy(spectra.pions)
    assert (counted <= emitted).all()
    assert (counted / emitted).mean() > 0.99
    central = emitted * np.exp((ak.to_numpy(spectra.impact) / CARD.pions_fall) ** 2)
    assert central.mean() == pytest.approx(CARD.pions * np.exp(CARD.pions_spread**2 / 2), rel=0.01)


def test_freeze_out_follows_the_equation_of_state(spectra: ak.Array) -> None:
    for label, state in enumerate(CARD.states):
        mine = spectra[spectra.label == label]
        impact, error = ak.to_numpy(mine.impact) / CARD.largest_impact, 4 / np.sqrt(len(mine))
        temperature = ak.to_numpy(mine.temperature)
        assert temperature.mean() == pytest.approx(state.temperature, abs=error * CARD.temperature_spread)
        rest = ak.to_numpy(mine.flow) - state.flow * (1 - CARD.flow_loss * impact**2)
        assert rest.mean() == pytest.approx(0, abs=error * CARD.flow_spread)
        assert rest.std() == pytest.approx(CARD.flow_spread, rel=error)
        # Squares of the components of the eccentricity add.
        square = (ak.to_numpy(mine.flow2) / state.response2) ** 2 - (CARD.eccentricity * ak.to_numpy(mine.impact)) ** 2
        assert square.mean() == pytest.approx(2 * CARD.eccentricity_spread**2, abs=error * square.std())
        third = (ak.to_numpy(mine.flow3) / state.response3) ** 2
        assert third.mean() == pytest.approx(2 * CARD.eccentricity_spread**2, rel=error)
        assert (impact**2).mean() == pytest.approx(0.5, abs=error)
        for name, period in (("psi2", np.pi), ("psi3", 2 * np.pi / 3)):
            angle = ak.to_numpy(mine[name])
            assert np.abs(angle).max() <= period / 2 * 1.0001
            assert abs(np.exp(2j * np.pi * angle / period).mean()) < error


def test_flow_of_the_sample_is_about_the_true_angles(spectra: ak.Array) -> None:
    for label, least in ((0, 0.015), (1, 0.006)):
        mine = spectra[spectra.label == label]
        counts, psi = ak.to_numpy(mine.spectrum).sum(axis=1), ak.to_numpy(mine.psi2)
        v2 = (counts * np.cos(2 * (PHI - psi[:, None]))).sum() / counts.sum()
        assert v2 > least
    # The triangular flow of a crossover is large enough to be seen in so few collisions.
    mine = spectra[spectra.label == 0]
    counts, psi = ak.to_numpy(mine.spectrum).sum(axis=1), ak.to_numpy(mine.psi3)
    assert (counts * np.cos(3 * (PHI - psi[:, None]))).sum() > 4 * np.sqrt(counts.sum() / 2)


def test_a_collision_tells_a_little_and_many_tell_all(spectra: ak.Array) -> None:
    counts, label = ak.to_numpy(spectra.spectrum).astype(np.float64), ak.to_numpy(spectra.label)
    assert 0.75 < accuracy(features(counts), label) < 0.86
    means, labels = averaged(counts, label, 10)
    assert accuracy(features(means), labels) > 0.95


def test_samplings_of_one_freeze_out_are_averaged() -> None:
    one, five = make(0, 300), make(0, 300, samples=5)
    for made, samples in ((one, 1), (five, 5)):
        counts = ak.to_numpy(made.spectrum).astype(np.float64) * samples
        assert np.allclose(counts, np.round(counts), atol=1e-3)
        # Pions are Poisson about the collision's own mean: azimuths of one pT bin scatter by the square root.
        low = counts[:, 2, :]
        spread = low.var(axis=1, ddof=1).mean() / low.mean()
        assert spread == pytest.approx(1, abs=0.05 if samples == 1 else 0.15)
    assert ak.mean(five.pions) == pytest.approx(ak.mean(one.pions), rel=0.03)


def test_outliers_lose_a_sector_or_are_two_collisions() -> None:
    made = make(0, 1200, outliers=0.4)
    kind = ak.to_numpy(made.outlier)
    assert np.bincount(kind) / 1200 == pytest.approx([0.6, 0.2, 0.2], abs=0.06)
    counts, emitted = ak.to_numpy(made.spectrum), ak.to_numpy(made.pions)
    azimuth = counts.sum(axis=1)
    empty = azimuth == 0
    assert (empty[kind == 1].sum(axis=1) >= CARD.lost_sector).all()
    runs = sum(np.roll(empty, -k, axis=1).astype(int) for k in range(CARD.lost_sector)) == CARD.lost_sector
    assert runs[kind == 1].any(axis=1).all()
    assert not runs[kind != 1].any()
    share = azimuth.sum(axis=1) / emitted
    assert share[kind == 1].mean() == pytest.approx(1 - CARD.lost_sector / 48, abs=0.01)
    assert share[kind == 0].min() > 0.97
    assert share[kind == 2].min() > 1.2
    assert ak.all(make(0, 50).outlier == 0)


def test_images_of_clumps_are_those_of_their_baryons(clumps: ak.Array) -> None:
    for name, axes, half in (("image", ("x", "y"), CARD.image_half), ("momentum", ("px", "py"), CARD.momentum_half)):
        for one in clumps[::400]:
            points = [ak.to_numpy(one.baryon[axis]) for axis in axes]
            expected, *_ = np.histogram2d(*points, bins=20, range=[(-half, half)] * 2)
            assert np.abs(ak.to_numpy(one[name]) - expected).sum() <= 2  # single precision at an edge
    assert ak.to_numpy(clumps.image).sum() > 0.99 * ak.sum(ak.num(clumps.baryon))


def test_clumps_are_narrow_and_hidden_in_the_momenta(clumps: ak.Array) -> None:
    label = ak.to_numpy(clumps.label)
    images = {name: image_features(ak.to_numpy(clumps[name]).astype(np.float64)) for name in ("image", "momentum")}
    assert accuracy(images["image"], label, quadratic=True) > 0.92
    assert accuracy(images["momentum"], label, quadratic=True) < 0.6
    assert ak.all(clumps.clumps[label == 0] == 0) and ak.all(clumps.clumps[label == 1] >= 1)
    assert ak.mean(clumps.clumps[label == 1]) == pytest.approx(CARD.clumping.clumps, rel=0.05)


def test_pairs_of_baryons_in_a_clump_have_its_size() -> None:
    # All baryons in one clump: the distance of a pair is Rayleigh with sqrt(2) times the radius.
    model = Clumping(clumps=0.0, clump_fraction=(1.0, 1.0), clump_radius=(0.5, 0.5), spot_fraction=0.0)
    made = make_baryons(300, True, model, np.random.default_rng(1))
    assert (made.clumps == 1).all()
    first = np.cumsum(made.number) - made.number
    gap = made.place[first] - made.place[first + 1]
    assert (gap**2).sum(axis=1).mean() == pytest.approx(4 * 0.5**2, rel=4 / np.sqrt(300))
    centre = made.place[first]
    assert centre.std(axis=0)[1] == pytest.approx(np.hypot(model.width, 0.5), rel=4 / np.sqrt(600))


def test_momenta_are_thermal_about_the_expansion() -> None:
    made = make_baryons(200, False, Clumping(), np.random.default_rng(2))
    slope = (made.momentum * made.place).sum() / (made.place**2).sum()
    assert slope == pytest.approx(NUCLEON_MASS * Clumping().expansion, rel=0.02)
    rest = made.momentum - slope * made.place
    assert rest.var() == pytest.approx(NUCLEON_MASS * Clumping().temperature, rel=0.02)
    inner = 1 - Clumping().shrink * made.impact / Clumping().largest_impact
    assert made.number.sum() == pytest.approx(Clumping().baryons * inner.sum(), rel=4 / np.sqrt(made.number.sum()))


def test_the_look_finds_its_expectations_and_draws(spectra: ak.Array, clumps: ak.Array) -> None:
    found = {quantity.name: quantity for quantity in quantities(spectra[::3])}
    for name in ("crossover", "first-order"):
        mean = found[f"{name}: mean pT (GeV)"]
        assert mean.measured == pytest.approx(float(mean.expected), rel=0.01)
    assert "accuracy, momenta" in {quantity.name for quantity in quantities(clumps[::4])}
    for made in (spectra[::20], clumps[::20]):
        figure = Figure()
        draw(made, figure)
        assert len(figure.axes) == 8
