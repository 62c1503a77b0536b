"""The sample `hic-spectra`: spectra of two equations of state (arXiv:1612.04262), and clumps (arXiv:1906.06562)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.baryon_clumps import Clumping, make_baryons
from keras_hep.data.samples.blast_wave import BlastWave, sample_spectra
from keras_hep.data.samples.options import choice_option, int_option, number_option
from keras_hep.data.samples.sample import Checkpoint, Option, Sample, ShardRequest
from keras_hep.errors import DataError

__all__ = ["SAMPLE", "EquationOfState", "HicSpectra", "make_shard"]

CLASSES = ("crossover", "first-order")
KINDS = ("spectra", "clumps")
OPTIONS: dict[str, Option] = {"kind": "spectra", "samples": 1, "outliers": 0.0}
BATCH_PIONS = 300_000
BATCH_COLLISIONS = 1_000

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EquationOfState:
    """What the transition does to the freeze-out of the pions.

    Attributes:
        temperature: mean temperature (GeV).
        flow: mean transverse rapidity at the surface, at impact parameter zero.
        response2: elliptic modulation of the rapidity over the eccentricity.
        response3: triangular modulation of the rapidity over the triangularity.
    """

    temperature: float
    flow: float
    response2: float
    response3: float


@dataclass(frozen=True)
class HicSpectra:
    """The card of the sample.

    Attributes:
        states: the equations of state, in the order of the classes.
        largest_impact: largest impact parameter (fm).
        pions: mean number of pions at impact parameter zero.
        pions_fall: the number falls as exp(-(b / pions_fall)^2) (fm).
        pions_spread: standard deviation of its logarithm.
        flow_loss: part of the flow that is lost at the largest impact parameter.
        flow_spread: its standard deviation from collision to collision.
        temperature_spread: likewise of the temperature (GeV).
        eccentricity: eccentricity over impact parameter (1/fm).
        eccentricity_spread: standard deviation of each component of eccentricity and triangularity.
        bins: bins in pT and azimuth.
        pt_max: end of the bins in pT (GeV).
        lost_sector: an outlier of the first kind loses the pions of so many neighbouring bins in azimuth.
        clumping: the model of the clumps.
        image: cells along a side of the images of clumps.
        image_half: half the side of the image of the density (fm).
        momentum_half: half the side of the image of the momenta (GeV).
    """

    states: tuple[EquationOfState, EquationOfState] = (
        EquationOfState(temperature=0.120, flow=0.95, response2=0.35, response3=0.25),
        EquationOfState(temperature=0.121, flow=0.82, response2=0.20, response3=0.12),
    )
    largest_impact: float = 8.0
    pions: float = 1_000.0
    pions_fall: float = 8.0
    pions_spread: float = 0.1
    flow_loss: float = 0.25
    flow_spread: float = 0.035
    temperature_spread: float = 0.003
    eccentricity: float = 0.04
    eccentricity_spread: float = 0.08
    bins: tuple[int, int] = (15, 48)
    pt_max: float = 2.0
    lost_sector: int = 6
    clumping: Clumping = field(default_factory=Clumping)
    image: int = 20
    image_half: float = 10.0
    momentum_half: float = 1.5


CARD = HicSpectra()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the collisions of one shard.

    Args:
        request: class, number of collisions, seed and options.
        checkpoint: called before each batch of collisions.

    Returns:
        Records with the branches of the sample, shape (collisions,).

    Raises:
        DataError: an option is out of range, or options contradict each other.
    """
    kind = choice_option(request, "kind", KINDS)
    samples = int_option(request, "samples", 1, 100)
    outliers = number_option(request, "outliers", 0.0, 0.5)
    if kind == "clumps" and (samples > 1 or outliers > 0):
        raise DataError(
            f"the options samples and outliers belong to the kind spectra; received {samples}, {outliers:g}"
        )
    rng = np.random.default_rng(request.seeds())
    batch = max(1, int(BATCH_PIONS / CARD.pions / samples)) if kind == "spectra" else BATCH_COLLISIONS
    batches: list[ak.Array] = []
    for first in range(0, request.entries, batch):
        checkpoint()
        count = min(batch, request.entries - first)
        if kind == "spectra":
            batches.append(_spectra(count, CARD.states[request.label], samples, outliers, rng))
        else:
            batches.append(_clumps(count, CLASSES[request.label] == "first-order", rng))
    made = ak.concatenate(batches)
    number = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.full(request.entries, request.label, dtype=np.int32)
    return ak.zip({"event": number, "label": label, **{name: made[name] for name in made.fields}}, depth_limit=1)


def _spectra(count: int, state: EquationOfState, samples: int, outliers: float, rng: np.random.Generator) -> ak.Array:
    """Return pion spectra."""
    impact, waves, mean = _collisions(count, state, rng)
    number = rng.poisson(np.repeat(mean, samples)).reshape(count, samples).sum(axis=1)
    counts = sample_spectra(waves, number, CARD.bins, CARD.pt_max, rng)
    kind = np.where(rng.random(count) < outliers, rng.integers(1, 3, count), 0)
    sector = (rng.integers(0, CARD.bins[1], count)[:, None] + np.arange(CARD.lost_sector)) % CARD.bins[1]
    lost = np.flatnonzero(kind == 1)
    counts[lost[:, None], :, sector[lost]] = 0
    double = np.flatnonzero(kind == 2)
    _, other, mean = _collisions(len(double), state, rng)
    more = rng.poisson(np.repeat(mean, samples)).reshape(len(double), samples).sum(axis=1)
    counts[double] += sample_spectra(other, more, CARD.bins, CARD.pt_max, rng)
    columns = {
        "impact": impact,
        "temperature": waves.temperature,
        "flow": waves.flow,
        "flow2": waves.flow2,
        "flow3": waves.flow3,
        "psi2": waves.psi2,
        "psi3": waves.psi3,
        "pions": number / samples,
    }
    flat = {name: values.astype(np.float32) for name, values in columns.items()}
    image = ak.from_numpy(counts / np.float32(samples), regulararray=True)
    return ak.zip({"spectrum": image, **flat, "outlier": kind.astype(np.int8)}, depth_limit=1)


def _collisions(count: int, state: EquationOfState, rng: np.random.Generator) -> tuple[Array, BlastWave, Array]:
    """Draw impact parameters (fm), freeze-outs and mean numbers of pions."""
    impact = CARD.largest_impact * np.sqrt(rng.random(count))
    # Each eccentricity is a vector with Gaussian scatter; the second has the overlap of the nuclei as its mean.
    scatter = CARD.eccentricity_spread * rng.standard_normal((4, count))
    second = np.hypot(CARD.eccentricity * impact + scatter[0], scatter[1])
    third = np.hypot(scatter[2], scatter[3])
    inner = 1 - CARD.flow_loss * (impact / CARD.largest_impact) ** 2
    waves = BlastWave(
        temperature=state.temperature + CARD.temperature_spread * rng.standard_normal(count),
        flow=state.flow * inner + CARD.flow_spread * rng.standard_normal(count),
        flow2=state.response2 * second,
        flow3=state.response3 * third,
        psi2=rng.uniform(-np.pi / 2, np.pi / 2, count),
        psi3=rng.uniform(-np.pi / 3, np.pi / 3, count),
    )
    fluctuation = np.exp(CARD.pions_spread * rng.standard_normal(count))
    return impact, waves, CARD.pions * np.exp(-((impact / CARD.pions_fall) ** 2)) * fluctuation


def _clumps(count: int, clumped: bool, rng: np.random.Generator) -> ak.Array:
    """Return baryons and their images."""
    made = make_baryons(count, clumped, CARD.clumping, rng)
    owner = np.repeat(np.arange(count), made.number)
    columns = {"x": made.place[:, 0], "y": made.place[:, 1], "px": made.momentum[:, 0], "py": made.momentum[:, 1]}
    baryon = ak.zip({name: values.astype(np.float32) for name, values in columns.items()})
    fields = {
        "image": ak.from_numpy(_image(made.place, owner, count, CARD.image_half), regulararray=True),
        "momentum": ak.from_numpy(_image(made.momentum, owner, count, CARD.momentum_half), regulararray=True),
        "impact": made.impact.astype(np.float32),
        "clumps": made.clumps.astype(np.int32),
        "fraction": made.fraction.astype(np.float32),
        "baryon": ak.unflatten(baryon, made.number),
    }
    return ak.zip(fields, depth_limit=1)


def _image(points: Array, owner: npt.NDArray[np.int64], count: int, half: float) -> npt.NDArray[np.float32]:
    """Count points in the cells of a square; points outside are not counted."""
    cell = np.floor((points + half) / (2 * half) * CARD.image).astype(np.int64)
    inside = ((cell >= 0) & (cell < CARD.image)).all(axis=1)
    index = (owner[inside] * CARD.image + cell[inside, 0]) * CARD.image + cell[inside, 1]
    counts = np.bincount(index, minlength=count * CARD.image**2)
    return counts.reshape(count, CARD.image, CARD.image).astype(np.float32)


BRANCHES = {
    "event": "identity of the collision, unique in the sample; every collision is drawn independently",
    "label": "class: 0 crossover, 1 first-order",
    "impact": "true impact parameter (fm)",
    "spectrum": "kind spectra: pions in 15 bins of pT from 0 to 2 GeV and 48 of azimuth from -pi to pi, shape (15, 48)",
    "temperature": "kind spectra: true freeze-out temperature (GeV)",
    "flow": "kind spectra: true transverse rapidity of the surface, rho_0",
    "flow2": "kind spectra: its true elliptic modulation rho_2",
    "flow3": "kind spectra: its true triangular modulation rho_3",
    "psi2": "kind spectra: true angle of the elliptic flow, in [-pi/2, pi/2) (rad)",
    "psi3": "kind spectra: true angle of the triangular flow, in [-pi/3, pi/3) (rad)",
    "pions": "kind spectra: pions of a sampling before acceptance, without a second collision",
    "outlier": "kind spectra: 0 none, 1 an eighth of the azimuth is lost, 2 two collisions in one",
    "image": "kind clumps: baryons in cells of 1 fm in x and y from -10 to 10 fm, shape (20, 20)",
    "momentum": "kind clumps: baryons in cells of 0.15 GeV in px and py from -1.5 to 1.5 GeV, shape (20, 20)",
    "clumps": "kind clumps: true number of clumps, zero in a crossover",
    "fraction": "kind clumps: true expected part of the baryons in clumps",
    "baryon_x": "kind clumps: position of the baryons along the impact parameter (fm), in no order",
    "baryon_y": "kind clumps: their position across it (fm)",
    "baryon_px": "kind clumps: their momentum along the impact parameter (GeV)",
    "baryon_py": "kind clumps: their momentum across it (GeV)",
}

SAMPLE = Sample(
    name="hic-spectra",
    description="hadron spectra of heavy-ion collisions with two equations of state, and density clumps",
    tree="collisions",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the collisions.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Kind spectra (the default): pions of one unit of rapidity from a blast wave, a thermal cylinder that "
            "expands with a transverse rapidity growing with the radius and modulated by elliptic and triangular flow. "
            "A crossover pushes harder than a first-order transition with its soft mixed phase: it has more radial "
            "flow and answers more strongly to the eccentricity of the initial state. Impact parameter, eccentricity, "
            "number of pions, temperature and flow fluctuate from collision to collision, and the number of pions is "
            "finite, so a single collision tells the two apart in four cases of five; means over samplings of one "
            "freeze-out (option samples, 1 to 100) or over collisions of a class tell more. The option outliers "
            "is the part of collisions, up to a half, with a lost sector or a second collision. Kind clumps: baryons "
            "across the beam, with broad hot spots in both classes and, after a first-order transition, 35 to 65 "
            "per cent condensed into narrow clumps of 0.4 to 0.7 fm; thermal motion hides them in the momenta."
        ),
        "leaves_out": (
            "The equations of state are two sets of blast-wave parameters, not solutions of hydrodynamics. No "
            "resonance decays, no hadronic cascade, no viscous corrections, no Bose statistics, no detector; pions of "
            "one collision are independent of each other. The clumps have no dynamics and baryons no interaction."
        ),
        "cite": [
            "arXiv:1612.04262, arXiv:1910.11530 (networks that tell equations of state apart)",
            "arXiv:1906.06562 (spinodal clumps)",
            "nucl-th/9307020 (blast wave), hep-ph/0101136 (its elliptic flow)",
        ],
        "branches": BRANCHES,
        "option_meanings": {
            "kind": "spectra: pions in pT and azimuth; clumps: baryons in the plane across the beam",
            "samples": "samplings of one freeze-out that a spectrum is the mean of, from 1 to 100",
            "outliers": "part of the collisions that are outliers, from 0 to 0.5",
        },
    },
    packages=("numpy", "numba", "awkward"),
    shard_entries=2_000,
    entry="collisions",
    options=OPTIONS,
    default_entries=20_000,
)
