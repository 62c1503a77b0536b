"""The sample `detector-arrays`: light of muon tracks and cascades in a neutrino telescope such as IceCube."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.cherenkov import SPEED_OF_LIGHT, Optics, cascade_light, track_light
from keras_hep.data.samples.muon_losses import MuonLosses, energy_at, propagate
from keras_hep.data.samples.options import choice_option, number_option
from keras_hep.data.samples.photosensors import Photoelectrons, Readout, detect, read_out, trigger
from keras_hep.data.samples.sample import Checkpoint, Option, Sample, ShardRequest

__all__ = ["GEOMETRIES", "SAMPLE", "DetectorArrays", "make_shard", "sensor_positions"]

CLASSES = ("track", "cascade")
GEOMETRIES = ("square", "hexagonal")
OPTIONS: dict[str, Option] = {"geometry": "square", "noise": 1.0}
BATCH = 100

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DetectorArrays:
    """The card of the sample.

    Attributes:
        optics: ice and sensors.
        losses: energy losses of muons.
        strings: distance of neighbouring strings (m).
        sensors: sensors on a string.
        spacing: distance of neighbouring sensors on a string (m).
        energy: least and largest energy (GeV); the logarithm is uniform.
        sphere: muons start on a sphere of this radius around the centre (m).
        impact: largest distance of the line of a muon from the centre (m).
        radius: radius of the upright cylinder in which cascades lie, as high as the strings (m).
        readout: sensors and trigger.
    """

    optics: Optics = field(default_factory=Optics)
    losses: MuonLosses = field(default_factory=MuonLosses)
    strings: float = 60.0
    sensors: int = 16
    spacing: float = 20.0
    energy: tuple[float, float] = (100.0, 100_000.0)
    sphere: float = 280.0
    impact: float = 150.0
    radius: float = 130.0
    readout: Readout = field(default_factory=Readout)


CARD = DetectorArrays()


def sensor_positions(geometry: str) -> Array:
    """Return where the sensors are (m): 16 on each string, upwards, string by string; the centre is the origin.

    Args:
        geometry: ``square`` has 25 strings, x growing slowest, so that the sensors are a grid of shape (5, 5, 16);
            ``hexagonal`` has 19 strings.

    Returns:
        Shape (sensors, 3).
    """
    if geometry == "square":
        line = (np.arange(5) - 2) * CARD.strings
        x, y = (axis.ravel() for axis in np.meshgrid(line, line, indexing="ij"))
    else:
        first, second = (axis.ravel() for axis in np.meshgrid(np.arange(-2, 3), np.arange(-2, 3), indexing="ij"))
        within = np.abs(first + second) <= 2
        x = (first + second / 2)[within] * CARD.strings
        y = (second * np.sqrt(0.75))[within] * CARD.strings
    z = (np.arange(CARD.sensors) - (CARD.sensors - 1) / 2) * CARD.spacing
    return np.stack([np.repeat(x, len(z)), np.repeat(y, len(z)), np.tile(z, len(x))], axis=1)


class _Truth(NamedTuple):
    """Particles at time zero, each of shape (events,) or (events, 3)."""

    vertex: Array
    direction: Array
    energy: Array
    length: Array


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the events of one shard.

    Args:
        request: class, number of events, seed and options.
        checkpoint: called before each batch of events.

    Returns:
        Records with the branches of the sample, shape (events,).

    Raises:
        DataError: an option is out of range.
    """
    sensors = sensor_positions(choice_option(request, "geometry", GEOMETRIES))
    noise = number_option(request, "noise", 0.0, 100.0)
    rng = np.random.default_rng(request.seeds())
    simulate = _tracks if CLASSES[request.label] == "track" else _cascades
    energy = np.exp(rng.uniform(np.log(CARD.energy[0]), np.log(CARD.energy[1]), request.entries))
    batches: list[ak.Array] = []
    slots: list[npt.NDArray[np.int64]] = []
    # An event that does not trigger is tried again elsewhere with the same energy, so that the spectrum stays.
    waiting = np.arange(request.entries)
    while len(waiting):
        checkpoint()
        tried, waiting = waiting[:BATCH], waiting[BATCH:]
        truth, photons = simulate(energy[tried], sensors, rng)
        seen, start = trigger(photons, len(tried), len(sensors), CARD.readout)
        hits = read_out(photons, start, noise, sensors, CARD.readout, rng)
        batches.append(
            ak.zip({**_columns(truth), "time": (-start).astype(np.float32), "hit": hits}, depth_limit=1)[seen]
        )
        slots.append(tried[seen])
        waiting = np.concatenate([waiting, tried[~seen]])
    events = ak.concatenate(batches)[np.argsort(np.concatenate(slots))]
    number = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.full(request.entries, request.label, dtype=np.int32)
    return ak.zip({"event": number, "label": label, **{n: events[n] for n in events.fields}}, depth_limit=1)


def _columns(truth: _Truth) -> dict[str, npt.NDArray[np.float32]]:
    """Return the truth as branches."""
    columns = {
        "energy": truth.energy,
        **{f"dir_{name}": truth.direction[:, axis] for axis, name in enumerate("xyz")},
        **{f"vertex_{name}": truth.vertex[:, axis] for axis, name in enumerate("xyz")},
        "length": truth.length,
    }
    return {name: values.astype(np.float32) for name, values in columns.items()}


def _isotropic(count: int, rng: np.random.Generator) -> Array:
    """Return random unit vectors, shape (count, 3)."""
    vectors = rng.standard_normal((count, 3))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _tracks(energy: Array, sensors: Array, rng: np.random.Generator) -> tuple[_Truth, Photoelectrons]:
    """Simulate muons that enter the sphere around the detector."""
    count = len(energy)
    direction = _isotropic(count, rng)
    across = np.cross(direction, _isotropic(count, rng))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    impact = CARD.impact * np.sqrt(rng.random(count))
    half = np.sqrt(CARD.sphere**2 - impact**2)
    vertex = impact[:, None] * across - half[:, None] * direction
    muons = propagate(energy, 2 * half, CARD.losses, rng)
    light, emitted = track_light(vertex, direction, muons.length, sensors, CARD.optics)
    # Small losses make light in proportion to the energy that the muon has at that place.
    showers = CARD.optics.shower_length * CARD.losses.steady * energy_at(muons, emitted, CARD.losses)
    photons = [
        detect(light._replace(mean=light.mean * (1 + showers)), np.arange(count), CARD.optics, CARD.readout, rng)
    ]
    owner, knot = np.nonzero(muons.lost)
    place = muons.knots[owner, knot]
    lost = cascade_light(
        vertex[owner] + place[:, None] * direction[owner],
        direction[owner],
        muons.lost[owner, knot],
        sensors,
        CARD.optics,
    )
    lost = lost._replace(time=lost.time + place[:, None] / SPEED_OF_LIGHT)
    photons.append(detect(lost, owner, CARD.optics, CARD.readout, rng))
    together = Photoelectrons(*(np.concatenate(parts) for parts in zip(*photons, strict=True)))
    return _Truth(vertex, direction, energy, muons.length), together


def _cascades(energy: Array, sensors: Array, rng: np.random.Generator) -> tuple[_Truth, Photoelectrons]:
    """Simulate showers in the detector."""
    count = len(energy)
    angle, radius = rng.uniform(0, 2 * np.pi, count), CARD.radius * np.sqrt(rng.random(count))
    height = rng.uniform(sensors[:, 2].min(), sensors[:, 2].max(), count)
    vertex = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)
    direction = _isotropic(count, rng)
    light = cascade_light(vertex, direction, energy, sensors, CARD.optics)
    photons = detect(light, np.arange(count), CARD.optics, CARD.readout, rng)
    return _Truth(vertex, direction, energy, np.zeros(count)), photons


BRANCHES = {
    "event": "identity of the event, unique in the sample; every event is one particle, drawn independently",
    "label": "class: 0 track, 1 cascade",
    "energy": "true energy of the shower, or of the muon where it enters the sphere (GeV)",
    "dir_x": "x component of the unit vector along which the particle flies",
    "dir_y": "its y component",
    "dir_z": "its z component, upwards",
    "vertex_x": "x of the shower, or of the point where the muon enters a sphere of 280 m around the centre (m)",
    "vertex_y": "its y (m)",
    "vertex_z": "its z (m)",
    "length": "length of the muon's way within the sphere, zero for a cascade (m)",
    "time": "when the particle was at the vertex, on the clock of the hits (ns)",
    "hit_sensor": "number of the sensor: string times 16, plus place on the string, upwards",
    "hit_x": "x of the sensor (m)",
    "hit_y": "its y (m)",
    "hit_z": "its z (m)",
    "hit_t": "time of the first photoelectron since the readout began (ns); hits are sorted by sensor, then time",
    "hit_charge": "charge of the photoelectrons within 25 ns of the first",
    "hit_signal": "1 if at least one of them is light of the particle, 0 if all are noise",
}

SAMPLE = Sample(
    name="detector-arrays",
    description="Cherenkov light of tracks and cascades in strings of photosensors, with time",
    tree="events",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the events.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "A neutrino telescope in ice: strings of 16 sensors 20 m apart, 60 m from string to string, 5 x 5 in a "
            "square (the default) or 19 in a hexagon (option geometry). Tracks are muons from all sides; they lose "
            "energy by ionisation and, in proportion to their energy, by radiation: losses of more than one per cent "
            "are showers of their own, smaller ones brighten the track. A sensor sees the Cherenkov light that the "
            "muon emits at the Cherenkov angle, falling as exp(-d/lambda)/d, delayed by scattering with Pandel's "
            "gamma distribution. Cascades are electromagnetic showers taken as points, whose light falls as "
            "exp(-d/lambda)/d^2 and peaks at the Cherenkov angle near by. Photoelectrons, with a time resolution of 3 "
            "ns, are gathered in gates of 25 ns; noise (option noise, kHz a sensor, 0 to 100) is uniform in the "
            "window of 5 microseconds. An event needs light in six sensors; one without is tried again "
            "elsewhere with the same energy, so that the spectrum stays flat in log E from 100 GeV to 100 TeV."
        ),
        "leaves_out": (
            "Ice is uniform, sensors see equally well in all directions and count up to 10,000 photoelectrons of a "
            "source. Light that scatters takes its delay from the straight path and does not reach sensors outside the "
            "Cherenkov cone of a track that ends. Showers have no length, all are electromagnetic, muons do not "
            "scatter, there are no bundles of muons, no neutrino interactions and no electronics."
        ),
        "cite": [
            "astro-ph/0407044 (Pandel's function in AMANDA)",
            "arXiv:1210.5140 (light of showers)",
        ],
        "branches": BRANCHES,
        "option_meanings": {
            "geometry": "square: 5 x 5 strings of 16 sensors; hexagonal: 19 strings",
            "noise": "noise of a sensor in kHz, from 0 to 100",
        },
    },
    packages=("numpy", "numba", "awkward"),
    shard_entries=1_000,
    entry="events",
    options=OPTIONS,
    default_entries=10_000,
)
