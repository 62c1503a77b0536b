"""The sample `rich-dll`: log-likelihood differences of Cherenkov rings, for networks like that of arXiv:1905.11825."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.options import flag_option
from keras_hep.data.samples.rings import Radiator, ring_likelihoods
from keras_hep.data.samples.sample import Checkpoint, Option, Sample, ShardRequest
from keras_hep.data.samples.sweights import MassModel

__all__ = ["SAMPLE", "RichDll", "make_shard"]

CLASSES = ("pion", "kaon", "proton", "electron", "muon")
MASSES = (0.13957, 0.49368, 0.93827, 0.000511, 0.10566)
OPTIONS: dict[str, Option] = {"sweights": False}
BATCH = 50_000

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RichDll:
    """The card of the sample.

    Attributes:
        radiators: the two detectors, C4F10 and CF4.
        momentum: least and largest momentum (GeV); the logarithm is uniform.
        eta: least and largest pseudorapidity; uniform.
        tracks: mean number of tracks in a collision ...
        tracks_shape: ... and the shape of its gamma distribution.
        least_tracks: added to it.
        mass: signal and background of the candidates.
        background: composition of the background, in the order of the classes.
        background_power: the background's momenta are softer: the uniform number of the logarithm to this power.
    """

    radiators: tuple[Radiator, ...] = (
        Radiator(1.0014, 20.4, 0.00162, 0.065, (0.025, 0.300), 0.08),
        Radiator(1.0005, 15.8, 0.00068, 0.040, (0.015, 0.120), 0.03),
    )
    momentum: tuple[float, float] = (2.0, 100.0)
    eta: tuple[float, float] = (2.0, 4.8)
    tracks: float = 140.0
    tracks_shape: float = 3.0
    least_tracks: int = 10
    mass: MassModel = field(default_factory=MassModel)
    background: tuple[float, ...] = (0.70, 0.15, 0.08, 0.05, 0.02)
    background_power: float = 1.5


CARD = RichDll()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the tracks of one shard.

    Args:
        request: class, number of tracks, seed and options.
        checkpoint: called before each batch of tracks.

    Returns:
        Records with the branches of the sample, shape (tracks,).

    Raises:
        DataError: an option is not true or false.
    """
    with_background = flag_option(request, "sweights")
    rng = np.random.default_rng(request.seeds())
    batches: list[ak.Array] = []
    for first in range(0, request.entries, BATCH):
        checkpoint()
        batches.append(_tracks(min(BATCH, request.entries - first), request.label, with_background, rng))
    made = ak.concatenate(batches)
    number = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.full(request.entries, request.label, dtype=np.int32)
    return ak.zip({"event": number, "label": label, **{name: made[name] for name in made.fields}}, depth_limit=1)


def _tracks(count: int, label: int, with_background: bool, rng: np.random.Generator) -> ak.Array:
    """Simulate tracks of a class, with or without background."""
    signal = rng.random(count) < CARD.mass.fraction if with_background else np.ones(count, dtype=bool)
    species = np.where(signal, label, rng.choice(len(CLASSES), count, p=CARD.background))
    uniform = rng.random(count) ** np.where(signal, 1.0, CARD.background_power)
    least, largest = CARD.momentum
    momentum = least * (largest / least) ** uniform
    eta = rng.uniform(*CARD.eta, count)
    tracks = CARD.least_tracks + np.round(rng.gamma(CARD.tracks_shape, CARD.tracks / CARD.tracks_shape, count))
    likelihood = np.zeros((count, len(MASSES) + 1))
    angle = 2 * np.arctan(np.exp(-eta))
    for radiator in CARD.radiators:
        likelihood += ring_likelihoods(momentum, angle, tracks, species, np.array(MASSES), radiator, rng)
    mass = CARD.mass.draw(signal, rng)
    weight = CARD.mass.signal_weight(mass) if with_background else np.ones(count)
    difference = likelihood - likelihood[:, :1]
    columns = {
        "p": momentum,
        "eta": eta,
        **{f"dll_{name}": difference[:, i] for i, name in enumerate(("k", "p", "e", "mu", "bt"), 1)},
        "mass": mass,
        "sweight": weight,
    }
    whole = {"ntracks": tracks.astype(np.int32), "species": species.astype(np.int32), "signal": signal.astype(np.int8)}
    return ak.zip({**{name: values.astype(np.float32) for name, values in columns.items()}, **whole}, depth_limit=1)


BRANCHES = {
    "event": "identity of the track, unique in the sample; every track is of a collision of its own",
    "label": "class: 0 pion, 1 kaon, 2 proton, 3 electron, 4 muon; what the candidate is selected as",
    "p": "momentum (GeV)",
    "eta": "pseudorapidity",
    "ntracks": "number of tracks in the collision",
    "dll_k": "log-likelihood of a kaon less that of a pion, sum of both detectors",
    "dll_p": "the same for a proton",
    "dll_e": "the same for an electron",
    "dll_mu": "the same for a muon",
    "dll_bt": "the same for a particle below threshold, which makes no light",
    "mass": "mass of the decay that the candidate belongs to (GeV)",
    "sweight": "weight whose sum is the number of signal candidates; negative in the sidebands, 1 without background",
    "signal": "truth: 1 if the candidate is signal; its species is then the label",
    "species": "truth: number of the class of the particle that made the light",
}

SAMPLE = Sample(
    name="rich-dll",
    description="log-likelihood differences of Cherenkov rings for particle hypotheses, with momentum",
    tree="tracks",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the tracks.
    configuration={"revision": 1, **asdict(CARD), "masses": MASSES},
    card={
        "physics": (
            "Tracks of 2 to 100 GeV, uniform in the logarithm, cross two ring-imaging Cherenkov detectors as in "
            "LHCb: C4F10 (n = 1.0014, 25 to 300 mrad from the beam) and CF4 (n = 1.0005, 15 to 120 mrad). A particle "
            "above threshold makes a Poisson number of photons in proportion to sin^2 of its Cherenkov angle, each "
            "measured with a Gaussian resolution (1.62 and 0.68 mrad); hits of other rings are uniform in angle and "
            "grow with the number of tracks of the collision. Each hypothesis has its exact likelihood, that of a "
            "Poisson process; differences are taken to the pion. With the option sweights half of the candidates are "
            "background of mixed species and softer momenta, with a falling mass instead of a peak, and the weights "
            "are those of sPlot with the true densities and yields: functions of the mass alone, whose sum over all "
            "candidates is the number of signal candidates, and whose mean over background is zero."
        ),
        "leaves_out": (
            "Rings of other tracks are not drawn, so their hits do not cluster. No tails of the resolution, no "
            "uncertainty of the track's direction, no dead photon detectors, no aerogel, no decays in flight. Momentum "
            "and pseudorapidity are independent, and the same for all species."
        ),
        "cite": [
            "arXiv:1905.11825 (the generative network)",
            "arXiv:1211.6759 (LHCb's detectors: resolutions, numbers of photons)",
            "physics/0402083 (sPlot)",
        ],
        "branches": BRANCHES,
        "option_meanings": {
            "sweights": "half of the candidates are background, and weights of sPlot take it away",
        },
    },
    packages=("numpy", "numba", "scipy", "awkward"),
    shard_entries=100_000,
    entry="tracks",
    options=OPTIONS,
    default_entries=500_000,
)
