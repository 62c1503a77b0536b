"""The look of the sample `two-view`: event displays, range and energy, depth of showers."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.neutrino_vertex import MASSES
from keras_hep.data.samples.recipes.two_view import CARD, CLASSES
from keras_hep.data.samples.scintillator import Block, bethe

ENTRIES = 3_000

Array = npt.NDArray[np.float64]


def csda_range(kinetic: Array, mass: float, block: Block) -> Array:
    """Return how far particles come that lose what the Bethe formula says on average (mm).

    Args:
        kinetic: kinetic energies (GeV), shape (n,).
        mass: GeV.
        block: the detector.
    """
    grid = np.geomspace(1e-4, 10, 2000)
    inverse = np.array([1 / bethe(float(t), mass, block.ionisation) for t in grid])
    steps = np.diff(grid) * (inverse[1:] + inverse[:-1]) / 2
    way = np.concatenate([[0], np.cumsum(steps)]) + grid[0] * inverse[0]
    return np.interp(kinetic, grid, way)


def landau_peak(kinetic: float, mass: float, thickness: float, block: Block) -> float:
    """Return the most probable energy loss in a layer (GeV), without the density effect.

    Args:
        kinetic: kinetic energy (GeV).
        mass: GeV.
        thickness: mm.
        block: the detector.
    """
    gamma = 1 + kinetic / mass
    beta2 = 1 - 1 / gamma**2
    xi = block.ionisation / 2 * thickness / beta2
    return float(xi * (np.log(2 * 0.000511 * beta2 * gamma**2 / 64.7e-9) + np.log(xi / 64.7e-9) + 0.2 - beta2))


def stopping_muons(tracks: ak.Array) -> tuple[Array, Array]:
    """Return kinetic energy and length of the muons that end well inside the detector."""
    momentum = np.stack([ak.to_numpy(tracks[f"lepton_{axis}"]) for axis in ("px", "py", "pz")], axis=1)
    length = ak.to_numpy(tracks.muon_length).astype(np.float64)
    kinetic = ak.to_numpy(tracks.lepton_energy).astype(np.float64) - MASSES["muon"]
    way = np.maximum(csda_range(kinetic, MASSES["muon"], CARD.block), 1.2 * length)
    end = np.stack([ak.to_numpy(tracks[f"vertex_{axis}"]) for axis in "xyz"], axis=1)
    end = end + way[:, None] * momentum / np.linalg.norm(momentum, axis=1, keepdims=True)
    block = CARD.block
    inside = (np.abs(end[:, :2]) < 0.45 * block.cells * block.width).all(axis=1)
    inside &= (end[:, 2] > 0) & (end[:, 2] < 1.9 * block.planes * block.depth) & (kinetic > 0.2)
    return kinetic[inside], length[inside]


def shower_depth(showers: ak.Array) -> tuple[Array, Array]:
    """Return energy of forward electrons without much else, and the mean depth of their energy (radiation lengths)."""
    steep = ak.to_numpy(showers.lepton_pz / showers.lepton_energy)
    alone = (ak.to_numpy(showers.hadron_energy) < 0.1) & (steep > 0.9) & (ak.to_numpy(showers.pions) == 0)
    some = showers[alone]
    block = CARD.block
    views = [ak.to_numpy(some[f"view_{axis}"]).astype(np.float64) for axis in "xy"]
    planes = [(2 * np.arange(block.planes) + 0.5 + odd) * block.depth for odd in (0, 1)]
    total = sum(view.sum(axis=(1, 2)) for view in views)
    moment = sum(view.sum(axis=2) @ plane for view, plane in zip(views, planes, strict=True))
    depth = (moment / total - ak.to_numpy(some.vertex_z)) / block.radiation / steep[alone]
    return ak.to_numpy(some.lepton_energy).astype(np.float64), depth


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    tracks, showers, neutral = (entries[entries.label == label] for label in range(3))
    block = CARD.block
    kinetic, length = stopping_muons(tracks)
    ratio = length / csda_range(kinetic, MASSES["muon"], block)
    energy, depth = shower_depth(showers)
    shift = float((depth - np.log(energy / block.critical)).mean())
    plane = ak.to_numpy(tracks[tracks.muon_length > 5_000].view_x).sum(axis=2)[:, 40:60].ravel()
    plane = plane[plane > 0.004]
    counts, edges = np.histogram(plane, np.linspace(0.004, 0.03, 53))
    smooth = np.convolve(counts, np.ones(5), "same")
    peak = (edges[:-1] + edges[1:])[smooth.argmax()] / 2
    closed = landau_peak(1.5, MASSES["muon"], block.depth, block)
    visible = [float(ak.mean(some.deposited / some.energy)) for some in (tracks, showers, neutral)]
    pions = neutral[(neutral.pions > 0) & (neutral.pi0s > 0)]
    return [
        Quantity("muon: length over range, stopping muons", float(ratio.mean()), "1", "integral of Bethe's formula"),
        Quantity("muon: spread of the same", float(ratio.std()), "0.02 to 0.06", "range straggling, scattering"),
        Quantity(
            "muon: most probable loss in a plane (GeV)", float(peak), f"< {closed:.4f}", "Landau without density effect"
        ),
        Quantity(
            "electron: mean depth - ln(E/Ec) (X0)", shift, "1.5, less proton and threshold", "t_max + 2 for b = 1/2"
        ),
        Quantity("track: deposited over neutrino energy", visible[0], "0.6 to 0.8", "muons leave"),
        Quantity("shower: the same", visible[1], "0.8 to 0.95", "contained"),
        Quantity("nc: the same", visible[2], "0.25 to 0.4", "the neutrino leaves"),
        Quantity("nc: part with a neutral pion", len(pions) / len(neutral), "> 0.6", "leading pion, 0.6"),
        Quantity("nc: energy of the hadrons (GeV)", float(ak.mean(neutral.hadron_energy)), "> 0.4", "selection"),
    ]


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw an event of each class in both views, and distributions."""
    axes = figure.subplots(3, 3)
    block = CARD.block
    extent = (
        0,
        2 * block.planes * block.depth / 1000,
        -block.cells * block.width / 2000,
        block.cells * block.width / 2000,
    )
    for column, name in enumerate(CLASSES):
        mine = entries[entries.label == column]
        chosen = mine[int(np.argmin(np.abs(ak.to_numpy(mine.deposited) - 1.4)))]
        for row, axis in enumerate("xy"):
            image = ak.to_numpy(chosen[f"view_{axis}"]).T * 1000
            shown = axes[row, column].imshow(
                np.where(image > 0, image, np.nan),
                origin="lower",
                extent=extent,
                aspect="auto",
                vmax=40,
                cmap="viridis_r",
            )
            axes[row, column].set(xlabel="z (m)", ylabel=f"{axis} (m)")
        axes[0, column].set_title(f"{name}, {chosen.energy:.1f} GeV")
        values = np.histogram(ak.to_numpy(mine.deposited), np.linspace(0, 4, 41))
        mplhep.histplot(values, ax=axes[2, 0], label=name, yerr=False)
    figure.colorbar(shown, ax=axes[:2, 2], label="MeV")
    axes[2, 0].set(xlabel="deposited energy (GeV)", ylabel="interactions")
    axes[2, 0].legend()
    kinetic, length = stopping_muons(entries[entries.label == 0])
    line = np.linspace(0.1, 2, 50)
    axes[2, 1].plot(kinetic, length / 1000, ".", ms=8, label="stopping muons")
    axes[2, 1].plot(line, csda_range(line, MASSES["muon"], block) / 1000, color="grey", label="Bethe")
    axes[2, 1].set(xlabel="kinetic energy (GeV)", ylabel="length (m)")
    axes[2, 1].legend()
    energy, depth = shower_depth(entries[entries.label == 1])
    axes[2, 2].plot(energy, depth, ".", ms=8, label="forward electrons")
    line = np.linspace(0.4, 3.5, 50)
    axes[2, 2].plot(line, np.log(line / block.critical) + 1.5, color="grey", label="$\\ln(E/E_c) + 1.5$")
    axes[2, 2].set(xlabel="energy (GeV)", ylabel="mean depth ($X_0$)")
    axes[2, 2].legend()
