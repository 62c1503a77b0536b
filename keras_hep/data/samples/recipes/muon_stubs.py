"""The sample `muon-stubs`: muons as stubs in four stations of an endcap, for the measurement of pT."""

from __future__ import annotations

from dataclasses import asdict
from itertools import combinations
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.muon_endcap import Endcap, Muons, start, traverse
from keras_hep.data.samples.options import number_option
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.errors import DataError

__all__ = ["CARD", "SAMPLE", "make_shard"]

Array = npt.NDArray[np.float64]

CARD = Endcap()
PAIRS = tuple(combinations(range(4), 2))


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the muons of one shard.

    Args:
        request: number of muons, seed and options.
        checkpoint: called before each batch of muons.

    Returns:
        Records with the branches of the sample, shape (muons,).

    Raises:
        DataError: an option is wrong.
    """
    least = number_option(request, "pt_min", 1.0, 1000.0)
    largest = number_option(request, "pt_max", 1.0, 1000.0)
    if least > largest:
        raise DataError(f"the option pt_min must not be above pt_max; received {least:g} and {largest:g} GeV")
    rng = np.random.default_rng(request.seeds())
    batches: list[dict[str, Any]] = []
    made = 0
    while made < request.entries:
        checkpoint()
        batches.append(_batch(10_000, (least, largest), rng))
        made += len(batches[-1]["pt"])
    columns = {name: np.concatenate([batch[name] for batch in batches])[: request.entries] for name in batches[0]}
    event = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.zeros(request.entries, dtype=np.int32)
    stored = {name: ak.from_numpy(values, regulararray=True) for name, values in columns.items()}
    return ak.zip({"event": event, "label": label, **stored}, depth_limit=1)


def _batch(count: int, pt_limits: tuple[float, float], rng: np.random.Generator) -> dict[str, Any]:
    """Return the branches of the muons with enough stubs out of some muons."""
    pt = 1 / rng.uniform(1 / pt_limits[1], 1 / pt_limits[0], size=count)
    eta, phi = rng.uniform(*CARD.eta, size=count), rng.uniform(-np.pi, np.pi, size=count)
    charge = rng.choice([-1.0, 1.0], size=count)
    points = traverse(start(pt, eta, phi, charge), CARD, rng)
    stub_phi, stub_theta, bend = (
        np.stack(values, axis=1) for values in zip(*map(_stub, points, CARD.stations), strict=True)
    )
    shape = stub_phi.shape
    covered = (stub_theta > CARD.theta[0]) & (stub_theta < CARD.theta[1])
    hit = covered & (rng.random(shape) < CARD.efficiency)
    stub_phi = _wrap(stub_phi + CARD.sigma_phi * rng.normal(size=shape))
    stub_theta = stub_theta + CARD.sigma_theta * rng.normal(size=shape)
    bend = bend + CARD.sigma_bend * rng.normal(size=shape)
    columns: dict[str, Any] = {"pt": pt, "eta": eta, "phi": phi, "charge": charge, "curvature": charge / pt}
    columns |= {"stub_phi": stub_phi, "stub_theta": stub_theta, "stub_bend": bend}
    for name in ("stub_phi", "stub_theta", "stub_bend"):
        columns[name] = np.where(hit, columns[name], 0.0)
    columns["theta"] = stub_theta[np.arange(count), np.argmax(hit, axis=1)]
    for i, j in PAIRS:
        both = hit[:, i] & hit[:, j]
        columns[f"dphi_{i + 1}{j + 1}"] = np.where(both, _wrap(stub_phi[:, j] - stub_phi[:, i]), 0.0)
        columns[f"dtheta_{i + 1}{j + 1}"] = np.where(both, stub_theta[:, j] - stub_theta[:, i], 0.0)
    stored = {name: values.astype(np.float32) for name, values in columns.items()}
    stored["stub_hit"] = hit.astype(np.int8)
    stored["mode"] = (hit @ np.array([8, 4, 2, 1])).astype(np.int32)
    kept = hit.sum(axis=1) >= CARD.least_stubs
    return {name: values[kept] for name, values in stored.items()}


def _stub(muons: Muons, z: float) -> tuple[Array, Array, Array]:
    """Return azimuth, polar angle (as seen from the collision point) and bending angle at a station."""
    radius = np.hypot(muons.x, muons.y)
    bend = (muons.x * muons.py - muons.y * muons.px) / radius / muons.pz
    return np.arctan2(muons.y, muons.x), np.arctan2(radius, z), bend


def _wrap(angle: Array) -> Array:
    """Return angles in [-pi, pi)."""
    return np.mod(angle + np.pi, 2 * np.pi) - np.pi


BRANCHES = {
    "event": "identity of the muon, unique in the sample",
    "label": "class: 0",
    "pt": "true pT at the collision point (GeV)",
    "eta": "true pseudorapidity",
    "phi": "true azimuth at the collision point (rad)",
    "charge": "true charge, +1 or -1",
    "curvature": "charge over pT (1/GeV)",
    "stub_phi": "azimuth of the stubs in the four stations (rad); 0 where there is none",
    "stub_theta": "their polar angle as seen from the collision point (rad); 0 where there is none",
    "stub_bend": "their bending angle: slope in azimuth, r dphi/dz (rad); 0 where there is none",
    "stub_hit": "1 where there is a stub, 0 where not",
    "theta": "polar angle of the first stub (rad)",
    **{
        f"dphi_{i + 1}{j + 1}": f"azimuth in station {j + 1} less that in station {i + 1} (rad); 0 without both"
        for i, j in PAIRS
    },
    **{
        f"dtheta_{i + 1}{j + 1}": f"polar angle in station {j + 1} less that in station {i + 1} (rad); 0 without both"
        for i, j in PAIRS
    },
    "mode": "quality: 8, 4, 2, 1 for a stub in station 1, 2, 3, 4, added up; 15 is best",
}

SAMPLE = Sample(
    name="muon-stubs",
    description="muons as stubs in layers behind a magnetic field, with multiple scattering, for pT regression",
    tree="muons",
    classes=("muon",),
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the muons.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Muons flat in 1/pT, pseudorapidity and azimuth cross an endcap like that of CMS: a solenoid, a calorimeter "
            "of brass in its field, and discs of steel with a radial field that bends them back. They lose energy, with "
            "fluctuations, and are scattered by Highland's formula in every material. Four stations measure azimuth, "
            "polar angle and bending angle, with a resolution and an efficiency. The variables are those from which the "
            "CMS endcap track finder assigns pT: differences of azimuth and polar angle of pairs of stations, bending "
            "angles, the polar angle, and the pattern of stations (mode). Options: pt_min and pt_max (GeV)."
        ),
        "leaves_out": (
            "A field map (each stretch has one value), the tracker's material, Landau tails of the energy loss, showers "
            "and delta rays along energetic muons, wrong or second stubs, noise, chamber edges, and the integer units "
            "of the trigger. Muons with fewer than two stubs, among them those that stop, are dropped; so near pt_min "
            "there are fewer than a spectrum flat in 1/pT has."
        ),
        "cite": ["arXiv:2006.10165 (the CMS Level-1 trigger in Run 2)"],
        "branches": BRANCHES,
    },
    packages=("numpy", "awkward"),
    shard_entries=50_000,
    entry="muons",
    options={"pt_min": 2.0, "pt_max": 100.0},
)
