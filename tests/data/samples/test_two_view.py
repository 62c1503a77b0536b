import awkward as ak
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import stats

from benchmarks.samples.two_view import csda_range, draw, landau_peak, quantities, stopping_muons
from keras_hep.data.samples.neutrino_vertex import MASSES, Scattering, scatter, two_body
from keras_hep.data.samples.recipes.two_view import CARD, CLASSES, LEPTONS, SAMPLE, _showers
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.data.samples.scintillator import Block, bethe, deposit_showers, deposit_tracks
from keras_hep.errors import DataError

BLOCK = Block()
# Fine cells in both directions measure shapes; the medium is the same.
FINE = Block(planes=400, cells=400, depth=10.0, width=10.0)


def make(label: int, entries: int, seed: int = 1, **options: object) -> ak.Array:
    request = ShardRequest(label, 0, entries, seed, 3, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def interactions() -> ak.Array:
    return ak.concatenate([make(label, 400) for label in range(3)])


def blank(events: int, block: Block) -> np.ndarray:
    return np.zeros((events, 2, block.planes, block.cells), dtype=np.float32)


def along_z(count: int, z: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return places on the axis and directions along it."""
    return np.tile([0.01, 0.01, z], (count, 1)), np.tile([0.0, 0.0, 1.0], (count, 1))


def shoot(
    kinetic: float, count: int, particle: str = "muon", block: Block = BLOCK, hadron: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    images = blank(count, block)
    arguments = np.arange(count), np.full(count, MASSES[particle]), np.full(count, hadron), np.full(count, kinetic)
    return images, deposit_tracks(images, *arguments, *along_z(count), block, np.random.default_rng(1))


def test_a_shard_is_a_pure_function_of_its_request() -> None:
    for label in range(3):
        first, again, other = (make(label, 20, seed=seed) for seed in (1, 1, 2))
        assert ak.array_equal(first, again)
        assert not np.isin(ak.to_numpy(other.energy), ak.to_numpy(first.energy)).any()


def test_branches_are_those_of_the_card(interactions: ak.Array) -> None:
    assert set(interactions.fields) == set(SAMPLE.card["branches"])
    special = {"event": "int64", **dict.fromkeys(("label", "pions", "pi0s"), "int32")}
    special |= dict.fromkeys(("view_x", "view_y"), "80 * 100 * float32")
    kinds = {name: str(interactions[name].type.content) for name in interactions.fields}
    assert kinds == {name: special.get(name, "float32") for name in kinds}
    assert len(np.unique(ak.to_numpy(interactions.event))) == len(interactions)


@pytest.mark.parametrize("value", [-1e-3, 0.5])
def test_wrong_options_are_refused(value: float) -> None:
    with pytest.raises(DataError, match=r"noise must lie between 0 and 0\.1"):
        make(0, 2, noise=value)


@pytest.mark.parametrize("lepton", LEPTONS)
def test_four_momenta_balance_and_are_on_their_shells(lepton: str) -> None:
    energy = np.random.default_rng(1).uniform(0.8, 4, 3000)
    made = scatter(energy, lepton, Scattering(), np.random.default_rng(2))
    total = made.lepton + made.proton + made.pion.sum(axis=1)
    assert np.allclose(total, np.stack([energy + MASSES["proton"], 0 * energy, 0 * energy, energy], axis=1), atol=1e-8)

    def mass2(momentum: np.ndarray) -> np.ndarray:
        return momentum[..., 0] ** 2 - (momentum[..., 1:] ** 2).sum(axis=-1)

    assert np.allclose(mass2(made.lepton), MASSES[lepton] ** 2, atol=1e-6)
    assert np.allclose(mass2(made.proton), MASSES["proton"] ** 2, atol=1e-6)
    present = made.pion[:, :, 0] > 0
    expected = np.where(made.neutral, MASSES["pi0"], MASSES["pion"])
    assert np.allclose(mass2(made.pion)[present], expected[present] ** 2, atol=1e-6)
    assert not made.neutral[~present].any()
    assert np.allclose(made.transfer, energy - made.lepton[:, 0])
    hadrons = made.proton + made.pion.sum(axis=1)
    invariant = np.sqrt(mass2(hadrons))
    elastic = ~present.any(axis=1)
    assert np.allclose(invariant[elastic], MASSES["proton"], atol=1e-6)
    assert 1.15 <= invariant[~elastic].min() < 1.2 and invariant.max() <= 2.0
    if lepton == "neutrino":
        assert not elastic.any()
        assert made.transfer.min() > Scattering().least_transfer
        assert made.neutral[:, 0].mean() == pytest.approx(0.6, abs=0.04)
    else:
        assert 0.3 < elastic.mean() < 0.6
        assert made.neutral[~elastic, 0].mean() == pytest.approx(1 / 3, abs=0.05)


def test_momentum_transfer_falls_like_a_dipole() -> None:
    made = scatter(np.full(20_000, 50.0), "muon", Scattering(), np.random.default_rng(3))
    lost = np.array([50.0, 0, 0, 50.0]) - made.lepton
    square = (lost[:, 1:] ** 2).sum(axis=1) - lost[:, 0] ** 2
    # (1 + Q^2 / M^2)^-4: far from the limits of phase space at 50 GeV.
    assert stats.kstest(square, lambda q: 1 - (1 + q) ** -3).pvalue > 1e-3


def test_two_body_decays_are_isotropic_where_the_parent_rests() -> None:
    count, rng = 20_000, np.random.default_rng(4)
    vector = np.array([0.3, -0.4, 1.2])
    parent = np.tile([np.sqrt(1.69 + 1.5**2), *vector], (count, 1))
    first, second = two_body(parent, np.full(count, 1.5), np.full(count, 0.14), np.full(count, 0.94), rng)
    assert np.allclose(first + second, parent)
    # The energy of a daughter is uniform if the decay is isotropic, between gamma (e -+ beta p).
    momentum = np.sqrt((1.5**2 - 1.08**2) * (1.5**2 - 0.8**2)) / 3
    gamma, speed = parent[0, 0] / 1.5, 1.3 / 1.5
    ends = gamma * np.hypot(momentum, 0.14) + np.array([-1, 1]) * speed * momentum
    assert stats.kstest((first[:, 0] - ends[0]) / (ends[1] - ends[0]), "uniform").pvalue > 1e-3


def test_the_bethe_formula_gives_the_tabulated_loss_of_plastic_scintillator() -> None:
    # Minimum of muons in polyvinyltoluene (PDG, Atomic and Nuclear Properties): 1.956 MeV cm2/g, near beta gamma 3.5.
    kinetic = np.geomspace(0.01, 10, 400)
    loss = np.array([bethe(float(t), MASSES["muon"], BLOCK.ionisation) for t in kinetic]) / BLOCK.density * 1e4
    assert loss.min() == pytest.approx(1.956, rel=0.01)
    assert kinetic[loss.argmin()] / MASSES["muon"] == pytest.approx(np.sqrt(1 + 3.5**2) - 1, abs=0.6)
    # A proton of the same speed loses as much, but for the largest transfer.
    ratio = MASSES["proton"] / MASSES["muon"]
    assert bethe(0.05 * ratio, MASSES["proton"], 1.0) == pytest.approx(bethe(0.05, MASSES["muon"], 1.0), rel=1e-3)


@pytest.mark.parametrize(("particle", "kinetic"), [("muon", 0.3), ("muon", 1.2), ("proton", 0.25), ("pion", 0.2)])
def test_particles_come_as_far_as_their_range_and_deposit_all(particle: str, kinetic: float) -> None:
    images, length = shoot(kinetic, 100, particle)
    expected = csda_range(np.array([kinetic]), MASSES[particle], BLOCK)[0]
    assert length.mean() == pytest.approx(expected, rel=0.015)
    assert length.std() < 0.06 * expected
    assert images.sum(axis=(1, 2, 3)) == pytest.approx(kinetic, rel=1e-4)


def test_hadrons_interact_after_the_interaction_length() -> None:
    _, free = shoot(3.0, 1000, "pion", hadron=True)
    assert np.mean(np.minimum(free, 2000)) == pytest.approx(1000 * (1 - np.exp(-2)), rel=4 / np.sqrt(1000))


def test_the_most_probable_loss_of_a_plane_is_that_of_landau() -> None:
    # A relativistic gas would rise; at beta gamma 3.5 the density effect is small.
    kinetic = (np.sqrt(1 + 3.5**2) - 1) * MASSES["muon"]
    block = Block(planes=1, depth=20.0)
    images, _ = shoot(kinetic, 20_000, block=block)
    lost = images[:, 0, 0].sum(axis=1)
    counts, edges = np.histogram(lost, np.linspace(0.002, 0.008, 121))
    peak = (edges[:-1] + edges[1:])[np.convolve(counts, np.ones(9), "same").argmax()] / 2
    assert peak == pytest.approx(landau_peak(kinetic, MASSES["muon"], 20.0, block), rel=0.04)
    assert lost.mean() == pytest.approx(bethe(kinetic, MASSES["muon"], block.ionisation) * 20, rel=0.015)
    assert np.mean(lost > 2 * peak) > 0.03


def test_muons_scatter_as_highland_says() -> None:
    block = Block(planes=10, cells=4000, width=1.0, depth=20.0)
    images, _ = shoot(2.0, 400, block=block)
    momentum, way = np.sqrt(2.0**2 + 2 * 2.0 * MASSES["muon"]), 390.0
    last = images[:, 1, -1]
    place = (last @ (np.arange(4000) - 1999.5)) / last.sum(axis=1)
    expected = 0.0136 / momentum * np.sqrt(way / block.radiation) * way / np.sqrt(3)
    assert np.median(np.abs(place)) / 0.6745 == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("energy", [0.3, 1.0, 3.0])
def test_showers_have_their_maximum_and_their_moliere_radius(energy: float) -> None:
    images, count = blank(40, FINE), 40
    start, aim = along_z(count, 200.0)
    deposit_showers(images, np.arange(count), np.full(count, energy), start, aim, FINE, np.random.default_rng(1))
    profile = images.sum(axis=(0, 3)).T.ravel() / count
    depth = (np.arange(800) + 0.5) * 10 - 200
    maximum = np.log(energy / FINE.critical) - 0.5
    assert (profile @ depth) / profile.sum() / FINE.radiation == pytest.approx(maximum + 2, abs=0.12)
    blurred = np.convolve(profile, np.ones(41), "same")
    assert depth[blurred.argmax()] / FINE.radiation == pytest.approx(maximum, abs=0.3)
    # The projection of 2 r R^2 / (r^2 + R^2)^2 on x is R^2 / (2 (x^2 + R^2)^(3/2)).
    across = images[:, 0].sum(axis=(0, 1))
    x = np.abs(np.arange(400) - 199.5) * 10
    within = across[x < FINE.moliere].sum() / energy / count
    expected = FINE.moliere / np.hypot(FINE.moliere, FINE.moliere / 3)
    # Even planes have half the energy.
    assert 2 * within == pytest.approx(expected, abs=0.02)


def test_photons_fly_freely_for_nine_sevenths_of_a_radiation_length() -> None:
    # Fast pions make photons along z that share their energy by lot: the mean depth is the gap, and the showers'.
    energy, count = 3.0, 600
    made = scatter(np.full(count, 4.0), "neutrino", Scattering(), np.random.default_rng(1))
    pion = np.zeros_like(made.pion)
    pion[:, 0] = [energy, 0, 0, np.sqrt(energy**2 - MASSES["pi0"] ** 2)]
    only = made._replace(pion=pion, neutral=pion[:, :, 0] > 0)
    images = blank(count, BLOCK)
    _showers(images, only, "neutrino", along_z(count)[0], np.random.default_rng(2))
    plane = (np.arange(160) + 0.5) * BLOCK.depth
    profile = images.sum(axis=(0, 3)).T.ravel()
    mean = (profile @ plane) / profile.sum() / BLOCK.radiation
    # A photon has the part u of the pion's energy, an electron the part v of the photon's, both uniform.
    u, v = np.meshgrid(*2 * [(np.arange(400) + 0.5) / 400])
    depth = np.maximum(np.log(energy * u * v / BLOCK.critical) - 0.5, 0.2) + 2
    expected = 9 / 7 + (u * v * depth).sum() / (u * v).sum()
    # Tails beyond the last plane are lost.
    assert mean == pytest.approx(expected, abs=0.15)


def test_views_are_projections_of_the_same_interaction(interactions: ak.Array) -> None:
    block = CARD.block
    tracks = interactions[(interactions.label == 0) & (interactions.muon_length > 4000) & (interactions.pions == 0)]
    for axis, odd in (("x", 0), ("y", 1)):
        view = ak.to_numpy(tracks[f"view_{axis}"])
        z = (2 * np.arange(block.planes) + 0.5 + odd) * block.depth
        cells = (np.arange(block.cells) + 0.5 - block.cells / 2) * block.width
        slope = ak.to_numpy(tracks[f"lepton_p{axis}"] / tracks.lepton_pz)
        start = ak.to_numpy(tracks[f"vertex_{axis}"])
        line = start[:, None] + slope[:, None] * (z - ak.to_numpy(tracks.vertex_z)[:, None])
        away = cells - line[:, :, None]
        near = (z > ak.to_numpy(tracks.vertex_z)[:, None]) & (z < ak.to_numpy(tracks.vertex_z)[:, None] + 1500)
        energy = (view * near[:, :, None]).sum()
        assert (view * near[:, :, None] * (np.abs(away) < 200)).sum() > 0.9 * energy
        early = view * (z < ak.to_numpy(tracks.vertex_z)[:, None] - 2 * block.depth)[:, :, None]
        assert early.sum() < 0.05 * view.sum()


def test_energies_are_in_their_range_and_deposits_below_them(interactions: ak.Array) -> None:
    energy = ak.to_numpy(interactions.energy)
    least, largest = CARD.energy_range
    assert least <= energy.min() and energy.max() <= largest
    mean, spread = CARD.energy
    law = stats.truncnorm((least - mean) / spread, (largest - mean) / spread, mean, spread)
    assert stats.kstest(energy, law.cdf).pvalue > 1e-3
    kinetic = interactions.hadron_energy + ak.where(interactions.label == 2, 0, interactions.lepton_energy)
    assert ak.all(interactions.deposited < kinetic * 1.001)
    assert ak.all(interactions.em_energy >= interactions.pi0_energy)
    assert ak.all((interactions.pi0s > 0) == (interactions.pi0_energy > 0))
    views = ak.to_numpy(interactions.view_x).sum(axis=(1, 2)) + ak.to_numpy(interactions.view_y).sum(axis=(1, 2))
    assert (views / ak.to_numpy(interactions.deposited)).mean() == pytest.approx(0.96, abs=0.06)


def test_cells_have_photoelectrons_a_threshold_and_noise() -> None:
    quiet, noisy = make(0, 30, noise=0.0), make(0, 30, noise=0.02)
    cells = ak.to_numpy(quiet.view_x)
    lit = cells[cells > 0]
    assert lit.min() >= CARD.threshold * 0.999
    assert np.allclose(lit * CARD.photoelectrons, np.round(lit * CARD.photoelectrons), atol=1e-3)
    share = (ak.to_numpy(noisy.view_x) > 0).mean()
    assert share - (cells > 0).mean() == pytest.approx(0.02, abs=0.002)


def test_stopping_muons_of_the_sample_obey_range_and_energy(interactions: ak.Array) -> None:
    kinetic, length = stopping_muons(interactions[interactions.label == 0])
    assert len(kinetic) > 60
    assert (length / csda_range(kinetic, MASSES["muon"], CARD.block)).mean() == pytest.approx(1, abs=0.02)
    assert ak.all(interactions.muon_length[interactions.label != 0] == 0)


def test_the_look_finds_its_expectations_and_draws(interactions: ak.Array) -> None:
    found = {quantity.name: quantity.measured for quantity in quantities(interactions)}
    assert found["muon: length over range, stopping muons"] == pytest.approx(1, abs=0.02)
    assert 0.9 < found["electron: mean depth - ln(E/Ec) (X0)"] < 1.6
    assert found["nc: part with a neutral pion"] > 0.55
    figure = Figure()
    draw(interactions, figure)
    assert len(figure.axes) == 10
    assert CLASSES[1] in figure.axes[1].get_title()
