from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import integrate, stats

from benchmarks.samples.rich_dll import NAMES, draw, expected_difference, in_detectors, quantities, separation
from keras_hep.data.samples.recipes.rich_dll import CARD, CLASSES, MASSES, SAMPLE
from keras_hep.data.samples.rings import Radiator, cherenkov_angle, ring_likelihoods
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.data.samples.sweights import MassModel
from keras_hep.errors import DataError

GAS, OTHER = CARD.radiators
# A third of the photons are measured outside the window.
COARSE = replace(GAS, resolution=0.03)


def make(label: int, entries: int, seed: int = 1, **options: object) -> ak.Array:
    request = ShardRequest(label, 0, entries, seed, 5, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


def likelihoods(
    momentum: float, species: int, count: int, radiator: Radiator = GAS, tracks: float = 150.0
) -> np.ndarray:
    """Return the likelihoods of alike tracks in the middle of the acceptance."""
    same = np.ones(count)
    kind = np.full(count, species)
    return ring_likelihoods(
        momentum * same, 0.1 * same, tracks * same, kind, np.array(MASSES), radiator, np.random.default_rng(1)
    )


@pytest.fixture(scope="module")
def tracks() -> ak.Array:
    return ak.concatenate([make(label, 6000) for label in range(5)])


@pytest.fixture(scope="module")
def candidates() -> ak.Array:
    return make(1, 40_000, sweights=True)


def test_a_shard_is_a_pure_function_of_its_request() -> None:
    for sweights in (False, True):
        first, again, other = (make(1, 200, seed=seed, sweights=sweights) for seed in (1, 1, 2))
        assert ak.array_equal(first, again)
        assert not np.isin(ak.to_numpy(other.p), ak.to_numpy(first.p)).any()


def test_branches_are_those_of_the_card(tracks: ak.Array, candidates: ak.Array) -> None:
    special = {"event": "int64", "signal": "int8", **dict.fromkeys(("label", "ntracks", "species"), "int32")}
    for made in (tracks, candidates):
        assert set(made.fields) == set(SAMPLE.card["branches"])
        kinds = {name: str(made[name].type.content) for name in made.fields}
        assert kinds == {name: special.get(name, "float32") for name in kinds}
        assert len(np.unique(ak.to_numpy(made.event))) == len(made)


@pytest.mark.parametrize("value", [1, "yes", 0.5])
def test_wrong_options_are_refused(value: object) -> None:
    with pytest.raises(DataError, match="sweights must be true or false"):
        make(0, 2, sweights=value)


def test_angles_are_those_of_cherenkov() -> None:
    # Light only above p = m / sqrt(n^2 - 1): 2.6, 9.3 and 17.7 GeV in C4F10 (LHCb).
    for mass, threshold in zip(MASSES[:3], (2.64, 9.33, 17.7), strict=True):
        exact = mass / np.sqrt(GAS.index**2 - 1)
        assert exact == pytest.approx(threshold, rel=3e-3)
        angles = cherenkov_angle(exact * np.array([0.999, 1.001, 1e4]), mass, GAS.index)
        assert angles[0] == 0 < angles[1] < 0.01
        assert angles[2] == pytest.approx(np.arccos(1 / GAS.index), rel=1e-6)


def test_tracks_have_the_spectra_of_the_card(tracks: ak.Array) -> None:
    scaled = np.log(ak.to_numpy(tracks.p) / 2) / np.log(50)
    assert stats.kstest(scaled, "uniform").pvalue > 1e-3
    assert stats.kstest((ak.to_numpy(tracks.eta) - 2) / 2.8, "uniform").pvalue > 1e-3
    number = ak.to_numpy(tracks.ntracks)
    assert number.min() >= CARD.least_tracks
    assert number.mean() == pytest.approx(CARD.tracks + CARD.least_tracks, rel=0.02)
    assert number.std() == pytest.approx(CARD.tracks / np.sqrt(CARD.tracks_shape), rel=0.04)
    assert in_detectors(tracks).any(axis=0).all()
    assert (in_detectors(tracks).mean(axis=1) < 0.95).all()


@pytest.mark.parametrize(
    ("radiator", "momentum"), [(GAS, 15.0), (GAS, 40.0), (OTHER, 25.0), (OTHER, 60.0), (COARSE, 12.0)]
)
@pytest.mark.parametrize(("true", "other"), [(1, 0), (0, 1), (2, 1), (3, 0), (4, 3)])
def test_mean_differences_are_divergences_of_poisson_processes(
    radiator: Radiator, momentum: float, true: int, other: int
) -> None:
    made = likelihoods(momentum, true, 3000, radiator)
    difference = made[:, true] - made[:, other]
    expected = expected_difference(momentum, 150.0, true, other, radiator)
    assert expected > 0
    assert difference.mean() == pytest.approx(expected, abs=4 * difference.std() / np.sqrt(3000) + 1e-3)


def test_without_background_the_separation_is_the_number_of_deviations() -> None:
    # Two Gaussians n sigma apart: a mean difference of n^2 / 2, if the numbers of photons are nearly equal.
    n = separation(np.array([80.0]), 1, 0, GAS)[0]
    made = likelihoods(80.0, 1, 20_000, tracks=0.001)
    difference = made[:, 1] - made[:, 0]
    assert 0.5 < n < 2
    assert difference.mean() == pytest.approx(n**2 / 2, rel=0.06)
    assert difference.std() == pytest.approx(n, rel=0.06)


def test_likelihood_ratios_are_calibrated() -> None:
    # The mean of L(h) / L(true) over true particles is one, whatever h: an identity that a wrong likelihood breaks.
    made = likelihoods(70.0, 0, 40_000)
    for h in (1, 4):
        ratio = np.exp(made[:, h] - made[:, 0])
        assert ratio.mean() == pytest.approx(1, abs=4 * ratio.std() / np.sqrt(len(ratio)))


def test_below_threshold_hypotheses_make_no_light(tracks: ak.Array) -> None:
    for label, mass in ((1, MASSES[1]), (2, MASSES[2])):
        dark = ak.to_numpy(tracks.p) < mass / np.sqrt(GAS.index**2 - 1)
        dll = ak.to_numpy(tracks[f"dll_{NAMES[label - 1]}"])
        assert dark.sum() > 500
        assert (dll[dark] == ak.to_numpy(tracks.dll_bt)[dark]).all()
    slow = tracks[tracks.p < 2.5]
    assert ak.all(slow.dll_k == 0) and ak.all(slow.dll_p == 0)
    assert ak.mean(tracks.dll_bt[(tracks.label == 0) & (tracks.p > 10)]) < -20


def test_tracks_outside_a_detector_have_no_likelihood_in_it() -> None:
    arguments = np.full(3, 20.0), np.array([0.02, 0.1, 0.31]), np.full(3, 100.0), np.zeros(3, dtype=np.int64)
    made = ring_likelihoods(*arguments, np.array(MASSES), GAS, np.random.default_rng(1))
    assert (made[[0, 2]] == 0).all()
    assert (made[1] != 0).all()


def test_particles_are_told_apart_where_their_rings_differ(tracks: ak.Array) -> None:
    for label, least, largest in ((1, 10, 40), (2, 20, 60)):
        cut = (tracks.p > least) & (tracks.p < largest)
        dll = tracks[f"dll_{NAMES[label - 1]}"]
        assert ak.mean(dll[cut & (tracks.label == label)] > 0) > 0.95
        assert ak.mean(dll[cut & (tracks.label == 0)] > 0) < 0.05
    fast = (tracks.p > 60) & (tracks.label == 4)
    # Muons and pions of 60 GeV have the same ring.
    assert abs(ak.mean(tracks.dll_mu[fast])) < 0.5


def test_more_tracks_mean_less_information() -> None:
    busy, quiet = (expected_difference(40.0, number, 1, 0, GAS) for number in (400.0, 20.0))
    assert busy < 0.9 * quiet
    made = [likelihoods(40.0, 1, 2000, tracks=number) for number in (400.0, 20.0)]
    means = [(m[:, 1] - m[:, 0]).mean() for m in made]
    assert means[0] < 0.95 * means[1]


def test_weights_are_one_on_signal_and_zero_on_background() -> None:
    model = MassModel()
    mass = np.linspace(*model.limits, 20_001)
    densities, weight = model.densities(mass), model.signal_weight(mass)
    assert integrate.simpson(densities, mass) == pytest.approx([1, 1], abs=1e-9)
    assert integrate.simpson(densities * weight, mass) == pytest.approx([1, 0], abs=1e-9)


def test_masses_follow_their_densities() -> None:
    model, rng = MassModel(), np.random.default_rng(1)
    grid = np.linspace(*model.limits, 4001)
    for kind in (0, 1):
        drawn = model.draw(np.full(20_000, kind == 0), rng)
        cumulative = integrate.cumulative_trapezoid(model.densities(grid)[kind], grid, initial=0)
        assert stats.kstest(drawn, lambda m, c=cumulative: np.interp(m, grid, c)).pvalue > 1e-3


def test_weights_sum_to_the_signal_and_unfold_it(candidates: ak.Array) -> None:
    weight, signal = ak.to_numpy(candidates.sweight).astype(np.float64), ak.to_numpy(candidates.signal) == 1
    count = len(weight)
    assert signal.mean() == pytest.approx(CARD.mass.fraction, abs=4 * 0.5 / np.sqrt(count))
    # Yields of sPlot differ from the drawn ones by the error of a fit.
    assert weight.sum() == pytest.approx(signal.sum(), abs=4 * np.sqrt((weight**2).sum()))
    assert weight.sum() == pytest.approx(0.5 * count, abs=4 * np.sqrt((weight**2).sum()))
    assert weight.min() < -0.5
    for name, edges in (("p", np.geomspace(2, 100, 9)), ("dll_k", [-1e3, -40, -10, 0, 10, 40, 1e3])):
        values = ak.to_numpy(candidates[name])
        unfolded, _ = np.histogram(values, edges, weights=weight)
        error = np.sqrt(np.histogram(values, edges, weights=weight**2)[0])
        true, _ = np.histogram(values[signal], edges)
        naive, _ = np.histogram(values, edges)
        assert np.abs((unfolded - true) / np.maximum(error, 1)).max() < 4, name
        assert np.abs((naive / 2 - true) / np.maximum(error, 1)).max() > 6, name


def test_background_is_a_mixture(candidates: ak.Array) -> None:
    background = candidates[candidates.signal == 0]
    share = np.bincount(ak.to_numpy(background.species), minlength=5) / len(background)
    assert share == pytest.approx(CARD.background, abs=0.015)
    assert ak.all(candidates.species[candidates.signal == 1] == 1)
    scaled = np.log(ak.to_numpy(background.p) / 2) / np.log(50)
    assert stats.kstest(scaled, lambda x: np.clip(x, 0, 1) ** (1 / 1.5)).pvalue > 1e-3


def test_without_the_option_all_is_signal(tracks: ak.Array) -> None:
    assert ak.all(tracks.signal == 1) and ak.all(tracks.sweight == 1)
    assert ak.all(tracks.species == tracks.label)
    assert ak.std(tracks.mass) == pytest.approx(CARD.mass.width, rel=0.02)


def test_the_look_finds_its_expectations_and_draws(tracks: ak.Array) -> None:
    for quantity in quantities(tracks):
        if "mean DLL" in quantity.name:
            assert quantity.measured == pytest.approx(float(quantity.expected), rel=0.3), quantity.name
    figure = Figure()
    draw(tracks, figure)
    assert len(figure.axes) == 6
    assert figure.axes[0].get_legend_handles_labels()[1] == list(CLASSES)
