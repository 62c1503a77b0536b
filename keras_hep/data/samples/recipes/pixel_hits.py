"""The sample `pixel-hits`: beam background in one sensor of a pixel detector, as sparse maps of 250 x 768 pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.helix import BENDING
from keras_hep.data.samples.options import flag_option, number_option
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.data.samples.silicon import Crossings, Pixels, Sensor, digitise

__all__ = ["CARD", "SAMPLE", "Background", "charged_tracks", "make_shard", "soft_electrons", "synchrotron_photons"]

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Background:
    """The card of the sample.

    Attributes:
        sensor: the sensor; its length begins at z = 0.
        radius: distance of the sensor to the beam (mm).
        field: T.
        pt_min: smallest pT of an electron from a two-photon process (GeV); just enough to reach the sensor.
        pt_index: their spectrum falls as pT to the power -pt_index.
        eta_max: largest absolute pseudorapidity of theirs; flat.
        beam_z: standard deviation of where they come from (mm).
        turns: so many turns of a curling electron are followed.
        photon_energy: mean of the exponential spectrum of synchrotron photons (keV).
        photon_range: they become fewer along the sensor as exp(-v / photon_range) (mm).
        track_slope_u: standard deviation of the slope of other charged particles across the sensor.
        track_slope_v: mean absolute slope of theirs along the sensor.
        fractions: parts of the particles: electrons, synchrotron photons, other charged particles.
        spread: relative standard deviation of the occupancy from frame to frame.
    """

    sensor: Sensor = field(default_factory=Sensor)
    radius: float = 14.0
    field: float = 1.5
    pt_min: float = 0.0033
    pt_index: float = 3.0
    eta_max: float = 2.5
    beam_z: float = 0.4
    turns: int = 2
    photon_energy: float = 5.0
    photon_range: float = 30.0
    track_slope_u: float = 0.4
    track_slope_v: float = 2.5
    fractions: tuple[float, float, float] = (0.6, 0.3, 0.1)
    spread: float = 0.25


CARD = Background()


def soft_electrons(count: int, rng: np.random.Generator, card: Background = CARD) -> Crossings:
    """Draw electrons of low pT that curl through the sensor; one that hits it more than once gives several crossings.

    Args:
        count: number of electrons that hit the sensor.
        rng: randomness.
        card: the background.

    Returns:
        Their crossings; `frame` is the number of the electron.
    """
    parts: list[Crossings] = []
    made = 0
    while made < count:
        crossings = _curl(40 * (count - made) + 100, rng, card)
        found, electron = np.unique(crossings.frame, return_inverse=True)
        crossings = crossings._replace(frame=electron + made)
        kept = crossings.frame < count
        parts.append(Crossings._make(values[kept] for values in crossings))
        made += len(found)
    return Crossings(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _curl(count: int, rng: np.random.Generator, card: Background) -> Crossings:
    """Return the crossings of some electrons, most of which miss the sensor."""
    sensor = card.sensor
    pt = card.pt_min * rng.random(count) ** (-1 / (card.pt_index - 1))
    bend = pt / (BENDING * card.field)
    cot = np.sinh(rng.uniform(-card.eta_max, card.eta_max, size=count))
    azimuth = rng.uniform(-np.pi, np.pi, size=count)
    sign = rng.choice([-1.0, 1.0], size=count)
    origin = card.beam_z * rng.normal(size=count)
    # A circle through the beam line: after turning by psi the chord is 2 R sin(psi / 2) at half that azimuth.
    half = np.arcsin(card.radius / (2 * bend))
    turned = np.stack(
        [half + np.pi * t for t in range(card.turns)] + [np.pi * (t + 1) - half for t in range(card.turns)]
    )
    phi = azimuth + sign * turned
    u = card.radius * (np.mod(phi + np.pi, 2 * np.pi) - np.pi) + sensor.rows * sensor.pitch_u / 2
    v = origin + 2 * bend * turned * cot
    on = (u >= 0) & (u < sensor.rows * sensor.pitch_u) & (v >= 0) & (v < sensor.columns * sensor.pitch_v)
    _, electron = np.nonzero(on)
    return Crossings(
        electron,
        u[on],
        v[on],
        (sign * np.tan(turned))[on],
        (cot / np.cos(turned))[on],
        np.zeros(len(electron)),
    )


def synchrotron_photons(count: int, rng: np.random.Generator, card: Background = CARD) -> Crossings:
    """Draw photons that are absorbed in one place; `frame` is the number of the photon."""
    sensor = card.sensor
    length = sensor.columns * sensor.pitch_v
    along = -card.photon_range * np.log(1 - rng.random(count) * (1 - np.exp(-length / card.photon_range)))
    zero = np.zeros(count)
    energy = rng.exponential(card.photon_energy, size=count)
    across = rng.uniform(0, sensor.rows * sensor.pitch_u, size=count)
    return Crossings(np.arange(count), across, along, zero, zero, np.maximum(energy, 1e-6))


def charged_tracks(count: int, rng: np.random.Generator, card: Background = CARD) -> Crossings:
    """Draw particles of the beams' halo, at grazing angles along the beam; `frame` is the number of the particle."""
    sensor = card.sensor
    return Crossings(
        np.arange(count),
        rng.uniform(0, sensor.rows * sensor.pitch_u, size=count),
        rng.uniform(0, sensor.columns * sensor.pitch_v, size=count),
        card.track_slope_u * rng.normal(size=count),
        rng.exponential(card.track_slope_v, size=count) * rng.choice([-1.0, 1.0], size=count),
        np.zeros(count),
    )


SOURCES = (soft_electrons, synchrotron_photons, charged_tracks)


@cache
def pixels_per_particle() -> float:
    """Return how many pixels a particle of the mixture gives on average, from a pilot run with a seed of its own."""
    rng = np.random.default_rng(0)
    count = 2000
    means = [len(digitise(source(count, rng), CARD.sensor, rng).frame) / count for source in SOURCES]
    return float(np.dot(means, CARD.fractions))


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the maps of one shard.

    Args:
        request: number of maps, seed and options.
        checkpoint: called before each batch of maps.

    Returns:
        Records with the branches of the sample, shape (maps,).

    Raises:
        DataError: an option is wrong.
    """
    occupancy = number_option(request, "occupancy", 1e-5, 0.1)
    dense = flag_option(request, "dense")
    rng = np.random.default_rng(request.seeds())
    batches = []
    made = 0
    while made < request.entries:
        checkpoint()
        count = min(20, request.entries - made)
        batches.append(_batch(count, occupancy, dense, rng))
        made += count
    maps = ak.concatenate(batches)
    event = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.zeros(request.entries, dtype=np.int32)
    return ak.zip({"event": event, "label": label, **{name: maps[name] for name in maps.fields}}, depth_limit=1)


def _batch(count: int, occupancy: float, dense: bool, rng: np.random.Generator) -> ak.Array:
    """Return the branches of some maps."""
    sensor = CARD.sensor
    cells = sensor.rows * sensor.columns
    rate = occupancy * cells / pixels_per_particle() * rng.gamma(CARD.spread**-2, CARD.spread**2, size=count)
    number = rng.poisson(rate[:, None] * CARD.fractions)
    crossings = [source(int(number[:, i].sum()), rng) for i, source in enumerate(SOURCES)]
    # Each particle gets the frame that it belongs to.
    crossings = [
        part._replace(frame=np.repeat(np.arange(count), number[:, i])[part.frame]) for i, part in enumerate(crossings)
    ]
    together = Crossings(*(np.concatenate(columns) for columns in zip(*crossings, strict=True)))
    pixels = digitise(together, sensor, rng)
    found = np.bincount(pixels.frame, minlength=count)
    columns: dict[str, Any] = {
        "occupancy": (found / cells).astype(np.float32),
        "electrons": number[:, 0].astype(np.int32),
        "photons": number[:, 1].astype(np.int32),
        "tracks": number[:, 2].astype(np.int32),
    }
    columns |= _image(pixels, count) if dense else _jagged(pixels, found)
    return ak.zip(columns, depth_limit=1)


def _jagged(pixels: Pixels, found: Integers) -> dict[str, ak.Array]:
    """Return the pixels of each map as a list."""
    columns = {"row": pixels.row, "column": pixels.column, "charge": pixels.charge}
    return {"pixel": ak.unflatten(ak.zip({name: v.astype(np.int32) for name, v in columns.items()}), found)}


def _image(pixels: Pixels, count: int) -> dict[str, ak.Array]:
    """Return the maps as regular arrays."""
    image = np.zeros((count, CARD.sensor.rows, CARD.sensor.columns), dtype=np.float32)
    image[pixels.frame, pixels.row, pixels.column] = pixels.charge
    return {"image": ak.from_numpy(image, regulararray=True)}


BRANCHES = {
    "event": "identity of the map, unique in the sample",
    "label": "class: 0",
    "occupancy": "part of the pixels that are read out",
    "electrons": "number of electrons from two-photon processes that hit the sensor",
    "photons": "number of synchrotron photons, those below threshold included",
    "tracks": "number of other charged particles",
    "pixel_row": "option dense off: rows of the pixels that are read out, 0 to 249, in the order of row and column",
    "pixel_column": "option dense off: their columns, 0 to 767",
    "pixel_charge": "option dense off: their charge (ADU), 7 to 255",
    "image": "option dense on: charge of every pixel (ADU), (250, 768); 0 where nothing is read out",
}

SAMPLE = Sample(
    name="pixel-hits",
    description="sparse background of a pixel sensor of 250x768 cells",
    tree="maps",
    classes=("background",),
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the maps.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "One sensor like those of the innermost layer of Belle II's pixel detector: 250 x 768 pixels of 50 um x 60 "
            "um, 75 um thick, 14 mm from the beam in 1.5 T. Electrons and positrons of a few MeV from two-photon "
            "processes curl in the field and cross the sensor at all angles, some several times; synchrotron photons of "
            "some keV give single pixels; particles of the beams' halo cross at grazing angles along the beam. A "
            "charged particle loses energy with Landau fluctuations along its path, the charge diffuses, and pixels add "
            "noise, have a threshold and a converter of 8 bits. The number of particles is a Poisson number around a "
            "rate that varies from map to map. Options: occupancy (mean part of the pixels that are read out, as long "
            "as particles do not overlap), dense (store whole images in place of lists of pixels)."
        ),
        "leaves_out": (
            "Material in front of the sensor, energy loss of curling electrons, binding effects in the energy loss of "
            "thin silicon, Lorentz angle, the rolling readout, noisy and dead pixels, differences between sensors (the "
            "card has one), and physics. The parts of the three sources and their spectra are set by hand."
        ),
        "cite": ["arXiv:2303.00693 (generated backgrounds of the Belle II pixel detector)"],
        "branches": BRANCHES,
    },
    packages=("numpy", "awkward"),
    shard_entries=100,
    entry="maps",
    options={"occupancy": 0.005, "dense": False},
)
