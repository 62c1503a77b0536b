"""The look of the sample `muon-stubs`: bending against pT, its resolution and where that comes from."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.helix import highland
from keras_hep.data.samples.muon_endcap import start, traverse
from keras_hep.data.samples.recipes.muon_stubs import CARD

ENTRIES = 200_000

Array = npt.NDArray[np.float64]


def scaled_bending(entries: ak.Array, pair: str = "12") -> Array:
    """Return the bending of muons with four stubs times charge, pT and sinh(eta), (muons,); it hardly varies with pT.

    Args:
        entries: muons of the sample.
        pair: the stations.
    """
    bending = ak.to_numpy(entries[f"dphi_{pair}"] * entries.charge * entries.pt * np.sinh(entries.eta))
    return np.asarray(bending, dtype=np.float64)


def expected_bending(pt: float, eta: float) -> float:
    """Return the same of one muon that is not scattered, by following it through the card's fields."""
    one = np.array([pt])
    first, second = traverse(start(one, np.array([eta]), np.zeros(1), np.ones(1)), CARD, None)[:2]
    dphi = np.arctan2(second.y, second.x) - np.arctan2(first.y, first.x)
    return float(dphi[0] * pt * np.sinh(eta))


def scattering_floor(pt: float, eta: float) -> float:
    """Return the standard deviation that scattering before station 2 gives to dphi_12 (rad).

    A kink at z_k moves the azimuth at z by its slope times (z - z_k) / (z tan(theta)); of thick slabs the kinks are
    spread evenly. The momentum is that before any loss.
    """
    first, second = CARD.stations[:2]
    tangent = 1 / np.sinh(eta)
    slant = np.hypot(1, tangent)
    momentum = pt * np.cosh(eta)
    variance = 0.0
    lost = 0.0
    for slab in CARD.slabs:
        if not slab.radiation or slab.near > second:
            continue
        depth = slab.far - slab.near
        # Half of what is lost in a slab is lost before the middle of it.
        lost += slab.loss * depth * slant
        angle = float(
            highland(
                np.array(momentum - lost + slab.loss * depth * slant / 2),
                np.array(depth * slant / slab.radiation),
                CARD.mass,
            )
        )
        z = np.linspace(slab.near, slab.far, 201)
        lever = (np.maximum(second - z, 0) / second - np.maximum(first - z, 0) / first) / tangent
        variance += np.mean((angle * slant * lever) ** 2)
    return float(np.sqrt(variance))


def spread(values: Array) -> float:
    """Return half of the central 68 %."""
    low, high = np.quantile(values, (0.1587, 0.8413))
    return float((high - low) / 2)


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    full = entries[entries["mode"] == 15]
    found = [
        Quantity(
            "part of muons with four stubs",
            float(ak.mean(entries["mode"] == 15)),
            f"> {CARD.efficiency**4 - 0.03:.2f}",
            "efficiency, less stopped muons",
        ),
        Quantity("part of positive muons", float(ak.mean(entries.charge > 0)), "0.5", "symmetry"),
    ]
    for low, high in ((4, 6), (8, 12), (20, 60)):
        eta = 1.8
        some = full[(full.pt > low) & (full.pt < high) & (abs(full.eta - eta) < 0.05)]
        pt = float(np.median(ak.to_numpy(some.pt)))
        bending = scaled_bending(some)
        name = f"dphi_12 charge pT sinh(eta) at eta 1.8, {low} to {high} GeV (rad GeV)"
        found.append(
            Quantity(
                name, float(np.median(bending)), f"{expected_bending(pt, eta):.3f}", "a muon that is not scattered"
            )
        )
        floor = np.hypot(scattering_floor(pt, eta), np.sqrt(2) * CARD.sigma_phi) * pt * np.sinh(eta)
        name = f"its spread, {low} to {high} GeV"
        found.append(Quantity(name, spread(bending), f"{floor:.3f}", "Highland's formula and resolution"))
    return found


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw bending, resolution and acceptance."""
    panels = figure.subplots(2, 3)
    full = entries[entries["mode"] == 15]
    curvature = ak.to_numpy(full.curvature)
    panels[0, 0].hist2d(curvature, 1000 * ak.to_numpy(full.dphi_12), bins=(100, np.linspace(-60, 60, 101)), norm="log")
    panels[0, 0].set(xlabel=r"charge / $p_T$ (1/GeV)", ylabel=r"$\Delta\phi_{12}$ (mrad)")
    panels[0, 1].hist2d(
        curvature, 1000 * ak.to_numpy(full.stub_bend)[:, 0], bins=(100, np.linspace(-150, 150, 101)), norm="log"
    )
    panels[0, 1].set(xlabel=r"charge / $p_T$ (1/GeV)", ylabel="bend in station 1 (mrad)")
    edges = np.geomspace(3, 100, 15)
    middle = np.sqrt(edges[1:] * edges[:-1])
    central = full[abs(full.eta - 1.8) < 0.1]
    pt = ak.to_numpy(central.pt)
    width, size, floor = [], [], []
    for low, high, at in zip(edges[:-1], edges[1:], middle, strict=True):
        some = scaled_bending(central[(pt > low) & (pt < high)])
        size.append(np.median(some))
        width.append(spread(some))
        floor.append(np.hypot(scattering_floor(at, 1.8), np.sqrt(2) * CARD.sigma_phi) * at * np.sinh(1.8))
    panels[0, 2].plot(middle, np.abs(np.array(width) / size), "o", label="muons")
    panels[0, 2].plot(middle, np.array(floor) / np.abs(size), label="Highland and resolution")
    panels[0, 2].set(
        xlabel=r"$p_T$ (GeV)", ylabel=r"relative spread of $\Delta\phi_{12} p_T$", xscale="log", ylim=(0, 1)
    )
    panels[0, 2].legend()
    for pair in ("12", "13", "23", "34"):
        values = 1000 * ak.to_numpy(full[f"dphi_{pair}"] * full.charge)
        mplhep.histplot(*np.histogram(values, np.linspace(-60, 40, 101)), ax=panels[1, 0], label=f"stations {pair}")
    panels[1, 0].set(xlabel=r"charge $\times\ \Delta\phi$ (mrad)", ylabel="muons", yscale="log")
    panels[1, 0].legend()
    mplhep.histplot(*np.histogram(1 / ak.to_numpy(entries.pt), 50), ax=panels[1, 1])
    panels[1, 1].set(xlabel=r"$1 / p_T$ (1/GeV)", ylabel="muons", ylim=(0, None))
    mode, number = np.unique(ak.to_numpy(entries["mode"]), return_counts=True)
    panels[1, 2].bar(mode, number / len(entries))
    panels[1, 2].set(xlabel="mode", ylabel="part of muons", yscale="log")
