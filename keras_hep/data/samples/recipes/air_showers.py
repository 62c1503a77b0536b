"""The sample `air-showers`: footprints of air showers on an array of detectors, and a simulation that is not perfect."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.air_shower import Model, Showers, depth_of_maximum, front, respond
from keras_hep.data.samples.options import choice_option, number_option
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.errors import DataError

__all__ = ["CARD", "SAMPLE", "Observatory", "make_shard", "stations"]

Array = npt.NDArray[np.float64]

CLASSES = ("data", "simulation")
MASSES = {"mixed": (1, 4, 14, 56), "proton": (1,), "helium": (4,), "nitrogen": (14,), "iron": (56,)}


@dataclass(frozen=True)
class Observatory:
    """The card of the sample.

    Attributes:
        side: stations in a row, and rows.
        spacing: distance of neighbours on the triangular grid (m).
        core: largest distance of the core to the middle station, in x and in y (m).
        trigger: smallest signal of a station that is read out (VEM).
        saturation: largest signal that can be read out (VEM).
        least_stations: showers with fewer stations are dropped.
        data: how showers look in nature.
        simulation: how the simulation lets them look.
    """

    side: int = 9
    spacing: float = 1500.0
    core: float = 750.0
    trigger: float = 3.0
    saturation: float = 1000.0
    least_stations: int = 3
    data: Model = field(default_factory=Model)
    simulation: Model = field(
        default_factory=lambda: Model(
            muon_scale=0.75,
            em_attenuation=0.15,
            signal_spread=(0.27, 0.37),
            time_offset=25.0,
            time_spread=10.0,
        )
    )


CARD = Observatory()


def stations(card: Observatory = CARD) -> Array:
    """Return the positions of the stations (m), shape (side * side, 2); the one in the middle is at 0.

    Rows lie along x; each second row is shifted by half of the spacing, which makes the grid triangular.
    """
    row, column = np.divmod(np.arange(card.side**2), card.side)
    middle = card.side // 2
    x = column - middle + ((row - middle) % 2) / 2
    return np.stack([x, (row - middle) * np.sqrt(3) / 2], axis=1) * card.spacing


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the showers of one shard.

    Args:
        request: class, number of showers, seed and options.
        checkpoint: called before each batch of showers.

    Returns:
        Records with the branches of the sample, shape (showers,).

    Raises:
        DataError: an option is wrong.
    """
    least = number_option(request, "log_energy_min", 18.0, 20.5)
    largest = number_option(request, "log_energy_max", 18.0, 20.5)
    if least > largest:
        raise DataError(
            f"the option log_energy_min must not be above log_energy_max; received {least:g} and {largest:g}"
        )
    zenith = number_option(request, "zenith_max", 0.0, 1.05)
    masses = MASSES[choice_option(request, "composition", MASSES)]
    rng = np.random.default_rng(request.seeds())
    model = CARD.data if CLASSES[request.label] == "data" else CARD.simulation
    batches: list[dict[str, Any]] = []
    made = 0
    while made < request.entries:
        checkpoint()
        showers = _draw(2000, (least, largest), zenith, masses, rng)
        batches.append(_footprints(showers, model, rng))
        made += len(batches[-1]["energy"])
    columns = {name: np.concatenate([batch[name] for batch in batches])[: request.entries] for name in batches[0]}
    event = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.full(request.entries, request.label, dtype=np.int32)
    stored = {name: ak.from_numpy(values, regulararray=True) for name, values in columns.items()}
    return ak.zip({"event": event, "label": label, **stored}, depth_limit=1)


def _draw(
    count: int, log_energy: tuple[float, float], zenith: float, masses: tuple[int, ...], rng: np.random.Generator
) -> Showers:
    """Draw showers: flat in log energy, isotropic on a flat array."""
    energy = 10 ** (rng.uniform(*log_energy, size=count) - 18)
    mass = rng.choice(np.array(masses), size=count)
    sin = np.sin(zenith) * np.sqrt(rng.random(count))
    azimuth = rng.uniform(-np.pi, np.pi, size=count)
    axis = np.stack([sin * np.cos(azimuth), sin * np.sin(azimuth), np.sqrt(1 - sin**2)], axis=1)
    core = rng.uniform(-CARD.core, CARD.core, size=(count, 2))
    return Showers(energy, mass, depth_of_maximum(energy, mass, rng), axis, core)


def _footprints(showers: Showers, model: Model, rng: np.random.Generator) -> dict[str, Any]:
    """Return the branches of the showers that enough stations see."""
    seen = respond(front(showers, stations(), model), showers.axis[:, 2], model, rng)
    triggered = seen.signal >= CARD.trigger
    status = triggered.astype(np.int8) + (seen.signal >= CARD.saturation).astype(np.int8)
    # Times are relative to the first station, as an array knows them.
    first = np.min(np.where(triggered, seen.time, np.inf), axis=1)
    kept = np.count_nonzero(triggered, axis=1) >= CARD.least_stations
    square = (-1, CARD.side, CARD.side)
    time = np.where(triggered, seen.time - np.where(np.isfinite(first), first, 0)[:, None], 0.0)
    columns: dict[str, Any] = {
        "energy": showers.energy,
        "log_energy": np.log10(showers.energy) + 18,
        "depth": showers.depth,
        "zenith": np.arccos(showers.axis[:, 2]),
        "axis": showers.axis,
        "core": showers.core,
        "signal": np.where(triggered, np.minimum(seen.signal, CARD.saturation), 0.0).reshape(square),
        "time": time.reshape(square),
    }
    stored = {name: values[kept].astype(np.float32) for name, values in columns.items()}
    return {**stored, "status": status[kept].reshape(square), "mass": showers.mass[kept].astype(np.int32)}


BRANCHES = {
    "event": "identity of the shower, unique in the sample",
    "label": "class: 0 data, 1 simulation",
    "energy": "true energy (EeV)",
    "log_energy": "its logarithm, lg(E/eV)",
    "depth": "true depth of the shower maximum, Xmax (g/cm2)",
    "zenith": "true zenith angle (rad)",
    "axis": "unit vector to where the shower comes from, (x, y, z)",
    "core": "where the axis hits the ground (m), (x, y) from the middle station",
    "signal": "signal of the stations (VEM), (row, column) of the triangular grid; 0 of those without trigger",
    "time": "arrival time after that in the first station (ns); 0 of stations without trigger",
    "status": "stations: 0 silent, 1 triggered, 2 triggered and saturated",
    "mass": "true mass number of the primary: 1, 4, 14 or 56",
}

SAMPLE = Sample(
    name="air-showers",
    description="footprints of air showers on an array of detectors, and an imperfect simulation of them to refine",
    tree="showers",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the showers.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Showers of protons, helium, nitrogen and iron, flat in lg E from 10^18.5 to 10^20 eV, isotropic up to 60 "
            "degrees, fall on 9 x 9 water-Cherenkov stations 1500 m apart on a triangular grid. The depth of the "
            "maximum follows generalised Gumbel distributions fitted to simulations with EPOS-LHC. The signal at 1000 m "
            "follows the Pierre Auger Observatory's relation to the energy and its attenuation with zenith angle. It "
            "has an electromagnetic part that grows with the depth of the maximum and a muonic part that grows with "
            "the mass of the primary; both fall with distance like Nishimura-Kamata-Greisen functions, the muonic part "
            "less steeply. Signals fluctuate as Auger's do; times are those of a sphere around where the first particles "
            "come from, with a spread that grows with distance. Stations need 3 VEM and saturate at 1000 VEM. Station "
            "(row, column) of nine is at x = 1500 m (column - 4 + 1/2 for odd row), y = 1500 m sqrt(3)/2 (row - 4). "
            "Options: log_energy_min, log_energy_max, zenith_max (rad), composition (mixed, proton, helium, nitrogen, iron)."
        ),
        "mismodelling": (
            "The simulation has the same primaries and differs in what follows: its muonic signal is 0.75 of that in data; "
            "its electromagnetic signal has an extra factor exp(-0.15 (sec theta - sec 38 deg)); its signals fluctuate by a "
            "fifth less; its time resolution is 10 ns in place of 15 ns; its times have an offset of 25 ns (which cancels "
            "in times relative to the first station)."
        ),
        "leaves_out": (
            "Particles: there is no cascade, so that fluctuations of single particles, late muons, traces with time, and "
            "correlations between stations beyond the muonic scale of a shower are missing; the geomagnetic field, the "
            "asymmetry of inclined footprints, background muons, dead stations, weather, photons and neutrinos. The "
            "parts of the two components, their slopes and the front are set by hand. Showers that fewer than three "
            "stations see are dropped."
        ),
        "cite": [
            "arXiv:1305.2331 (depth of the maximum)",
            "arXiv:2007.09035 (reconstruction with the surface detector of Auger)",
            "arXiv:2008.06486 (attenuation and energy calibration at Auger)",
        ],
        "branches": BRANCHES,
    },
    packages=("numpy", "scipy", "awkward"),
    shard_entries=20_000,
    entry="showers",
    options={"log_energy_min": 18.5, "log_energy_max": 20.0, "zenith_max": 1.0472, "composition": "mixed"},
)
