"""The sample `tracks`: hits of charged particles in the cylinders of a tracker, with noise."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.helix import Helix, Kink, highland, propagate, scatter
from keras_hep.data.samples.options import number_option
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest

__all__ = ["SAMPLE", "Hits", "Layer", "Tracker", "make_shard", "trace"]

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """A cylinder of sensors.

    Attributes:
        radius: mm.
        sigma_rphi: resolution along the circle (mm).
        sigma_z: resolution along the axis (mm).
        thickness: radiation lengths at normal incidence.
    """

    radius: float
    sigma_rphi: float
    sigma_z: float
    thickness: float


_PIXELS = tuple(Layer(radius, 0.012, 0.020, 0.02) for radius in (32.0, 72.0, 116.0, 172.0))
_SHORT = tuple(Layer(radius, 0.024, 0.35, 0.025) for radius in (260.0, 360.0, 500.0, 660.0))
_LONG = tuple(Layer(radius, 0.032, 3.0, 0.025) for radius in (820.0, 1020.0))


@dataclass(frozen=True)
class Tracker:
    """The card of the sample.

    Attributes:
        layers: from inside to outside.
        half_length: half length of every cylinder (mm).
        efficiency: probability that a crossing gives a hit.
        pt: least and largest pT (GeV); flat in its logarithm.
        eta_max: largest absolute pseudorapidity; flat.
        mass: mass of the particles (GeV), of charged pions.
        vertex_xy: standard deviation of the vertices in x and y (mm).
        vertex_z: standard deviation in z (mm).
        particles_per_vertex: so many particles share a vertex, on average.
    """

    layers: tuple[Layer, ...] = (*_PIXELS, *_SHORT, *_LONG)
    half_length: float = 2300.0
    efficiency: float = 0.98
    pt: tuple[float, float] = (0.5, 10.0)
    eta_max: float = 1.5
    mass: float = 0.13957
    vertex_xy: float = 0.01
    vertex_z: float = 50.0
    particles_per_vertex: float = 10.0


CARD = Tracker()


class Hits(NamedTuple):
    """True crossings of particles with layers.

    Attributes:
        x: position (mm), shape (particles, layers); not a number where a particle does not cross.
        y: position (mm), likewise.
        z: position (mm), likewise.
    """

    x: Array
    y: Array
    z: Array


def trace(helix: Helix, field: float, rng: np.random.Generator | None, card: Tracker = CARD) -> Hits:
    """Follow particles through the tracker.

    Args:
        helix: particles at their vertices.
        field: T.
        rng: randomness of the multiple scattering; None for none.
        card: the tracker.
    """
    points = []
    for layer in card.layers:
        helix = propagate(helix, layer.radius, field)
        points.append((helix.x, helix.y, helix.z))
        if rng is not None:
            sin = 1 / np.hypot(1, helix.cot)
            # Path through the layer: longer for slanting tracks, in the polar angle and in the transverse plane.
            slant = np.cos(helix.phi - np.arctan2(helix.y, helix.x))
            thickness = layer.thickness / np.maximum(sin * slant, 0.05)
            width = highland(helix.pt / sin, thickness, card.mass)
            first, second = rng.normal(size=(2, len(width)))
            helix = scatter(helix, Kink(width * first, width * second))
    x, y, z = (np.stack(column, axis=1) for column in zip(*points, strict=True))
    outside = ~(np.abs(z) < card.half_length)
    return Hits(*(np.where(outside, np.nan, values) for values in (x, y, z)))


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the events of one shard.

    Args:
        request: number of events, seed and options.
        checkpoint: called before the events are made.

    Returns:
        Records with the branches of the sample, shape (events,).

    Raises:
        DataError: an option is wrong.
    """
    mean = number_option(request, "particles", 1, 2000)
    noise = number_option(request, "noise", 0, 10)
    field = number_option(request, "field", 0, 10)
    rng = np.random.default_rng(request.seeds())
    batches = []
    made = 0
    while made < request.entries:
        checkpoint()
        # About 20,000 particles at a time keep memory small and numpy busy.
        count = min(request.entries - made, max(1, int(20_000 / mean)))
        batches.append(_events(count, mean, noise, field, rng))
        made += count
    events = ak.concatenate(batches)
    event = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.zeros(request.entries, dtype=np.int32)
    return ak.zip({"event": event, "label": label, **{name: events[name] for name in events.fields}}, depth_limit=1)


def _events(count: int, mean: float, noise: float, field: float, rng: np.random.Generator) -> ak.Array:
    """Return some events."""
    number = np.maximum(rng.poisson(mean, size=count), 1)
    of = np.repeat(np.arange(count), number)
    helix, vertex = _particles(of, number, mean, rng)
    true = trace(helix, field, rng)
    seen = ~np.isnan(true.z) & (rng.random(true.z.shape) < CARD.efficiency)
    particle, layer = np.nonzero(seen)
    first = np.cumsum(number) - number
    azimuth = np.arctan2(true.y, true.x)[seen]
    hits: dict[str, Any] = {
        "event": of[particle],
        "layer": layer,
        "phi": azimuth + _resolution("sigma_rphi")[layer] / _radii()[layer] * rng.normal(size=len(layer)),
        "z": true.z[seen] + _resolution("sigma_z")[layer] * rng.normal(size=len(layer)),
        "particle": particle - first[of[particle]],
    }
    fake = _noise(np.bincount(of[particle], minlength=count), noise, rng)
    hits = {name: np.concatenate([values, fake[name]]) for name, values in hits.items()}
    # Random order within an event, so that nothing can be learnt from it.
    order = np.lexsort((rng.random(len(hits["event"])), hits["event"]))
    hits = {name: values[order] for name, values in hits.items()}
    return _branches(count, number, hits, helix, vertex, np.count_nonzero(seen, axis=1))


def _particles(of: Integers, number: Integers, mean: float, rng: np.random.Generator) -> tuple[Helix, Integers]:
    """Draw particles at their vertices, and return the number of the vertex in its event too."""
    size = len(of)
    vertices = max(1, round(mean / CARD.particles_per_vertex))
    vertex = rng.integers(0, vertices, size=size)
    place = rng.normal(size=(len(number), vertices, 3)) * (CARD.vertex_xy, CARD.vertex_xy, CARD.vertex_z)
    x, y, z = place[of, vertex].T
    least, largest = CARD.pt
    helix = Helix(
        x,
        y,
        z,
        rng.uniform(-np.pi, np.pi, size=size),
        least * (largest / least) ** rng.random(size),
        np.sinh(rng.uniform(-CARD.eta_max, CARD.eta_max, size=size)),
        rng.choice([-1.0, 1.0], size=size),
    )
    return helix, vertex


def _noise(true: Integers, noise: float, rng: np.random.Generator) -> dict[str, Any]:
    """Return noise hits, evenly over all layers and each of them."""
    number = rng.poisson(noise * true)
    total = int(number.sum())
    return {
        "event": np.repeat(np.arange(len(true)), number),
        "layer": rng.integers(0, len(CARD.layers), size=total),
        "phi": rng.uniform(-np.pi, np.pi, size=total),
        "z": rng.uniform(-CARD.half_length, CARD.half_length, size=total),
        "particle": np.full(total, -1),
    }


def _branches(
    count: int, number: Integers, hits: dict[str, Any], helix: Helix, vertex: Integers, found: Integers
) -> ak.Array:
    """Return hits and particles as jagged columns."""
    radius = _radii()[hits["layer"]]
    phi = np.mod(hits["phi"] + np.pi, 2 * np.pi) - np.pi
    hit = {
        "x": radius * np.cos(phi),
        "y": radius * np.sin(phi),
        "z": hits["z"],
        "r": radius,
        "phi": phi,
    }
    particle = {"pt": helix.pt, "eta": np.arcsinh(helix.cot), "phi": helix.phi, "vz": helix.z}
    per_event = np.bincount(hits["event"], minlength=count)
    integers = {"layer": hits["layer"], "particle": hits["particle"]}
    whole = {"charge": helix.charge, "vertex": vertex, "nhits": found}
    return ak.zip(
        {"hit": _jagged(hit, integers, per_event), "particle": _jagged(particle, whole, number)}, depth_limit=1
    )


def _jagged(real: dict[str, Any], whole: dict[str, Any], number: Integers) -> ak.Array:
    """Return columns as lists of records, numbers as float32 and int32."""
    columns = {name: values.astype(np.float32) for name, values in real.items()}
    columns |= {name: values.astype(np.int32) for name, values in whole.items()}
    return ak.unflatten(ak.zip(columns), number)


def _radii() -> Array:
    """Return the radii of the layers (mm)."""
    return np.array([layer.radius for layer in CARD.layers])


def _resolution(name: str) -> Array:
    """Return one of the resolutions of all layers (mm)."""
    return np.array([getattr(layer, name) for layer in CARD.layers])


BRANCHES = {
    "event": "identity of the event, unique in the sample",
    "label": "class: 0",
    "hit_x": "measured position of the hits (mm), in random order",
    "hit_y": "measured position (mm)",
    "hit_z": "measured position along the field (mm)",
    "hit_r": "radius of the layer (mm)",
    "hit_phi": "measured azimuth, in [-pi, pi) (rad)",
    "hit_layer": "number of the layer, 0 the innermost",
    "hit_particle": "index of the particle in the event that made the hit; -1 noise",
    "particle_pt": "true pT at the vertex (GeV)",
    "particle_eta": "true pseudorapidity",
    "particle_phi": "true azimuth at the vertex (rad)",
    "particle_vz": "z of the vertex (mm)",
    "particle_charge": "charge; positive particles turn to smaller azimuth",
    "particle_vertex": "number of the vertex in the event",
    "particle_nhits": "number of its hits",
}

SAMPLE = Sample(
    name="tracks",
    description="helices through the layers of a tracker, with noise hits",
    tree="events",
    classes=("event",),
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the events.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Charged pions from vertices on the beam line, flat in ln pT, pseudorapidity and azimuth, follow helices in "
            "a solenoid through ten cylinders with radii like those of the TrackML detector. At each layer they are "
            "scattered by Highland's formula in azimuth and polar angle. Positions are measured with the resolution of "
            "the layer along the circle and along the axis, some hits are missing, and noise hits lie evenly over the "
            "layers. Options: particles (mean number of particles in an event), noise (noise hits over hits of "
            "particles), field (T)."
        ),
        "leaves_out": (
            "Energy loss, nuclear interactions, decays, secondary particles and delta rays; endcaps; the sensors' size, "
            "overlaps and merged hits; particles that curl back into the tracker after they have left a layer. The "
            "spectrum is not that of collisions."
        ),
        "cite": ["arXiv:1904.06778 (TrackML challenge)", "arXiv:2103.16701 (interaction network for tracking)"],
        "branches": BRANCHES,
    },
    packages=("numpy", "awkward"),
    shard_entries=4000,
    entry="events",
    options={"particles": 20, "noise": 0.1, "field": 2.0},
)
