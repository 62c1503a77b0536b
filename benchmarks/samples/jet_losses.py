"""What jets should lose of the quarks of top decays, and the masses that follow, from sources that know nothing of the sample.

Each quark's momentum is scaled with the response of its jet, on average and without what is lost on one side only:

* radiation out of the cone: `splitting.energy_lost`, one-sided and falling, so that its median lies between nothing and its mean;
* hadronisation takes 0.4 GeV C_F / R (arXiv:0712.3014, arXiv:0906.1833);
* the overlaid collisions add their pT density times the area pi R^2 (the same);
* neutrinos and muons, which no jet of the sample has, of semileptonic decays of b quarks, one-sided too: branching fractions
  and the share of the b hadron as measured at the Z (hep-ex/0509008), spectra of V - A decays at tree level; no tau leptons.

What the detector loses below its thresholds is no part of it.
"""

from __future__ import annotations

import awkward as ak
import numpy as np
import numpy.typing as npt

from benchmarks.samples.splitting import C_F, energy_lost
from keras_hep.data.samples.pileup import Overlay
from keras_hep.data.samples.recipes.ttbar_assignment import CARD, QUARKS
from keras_hep.data.samples.sample import ShardRequest

__all__ = ["bottom_loss", "expected_masses"]

Array = npt.NDArray[np.float64]

RADIUS = CARD.reconstruction.jet_radius
HADRONISATION = 0.4
"""Loss in GeV for a unit of colour factor over R."""
DIRECT, CASCADE, HADRON_SHARE = 0.107, 0.080, 0.70
"""B(b -> l), B(b -> c -> l) for one kind of lepton, and the mean share of the b quark's energy that its hadron has."""
B_MASS, D_MASS, K_MASS = 5.28, 1.87, 0.494
CENTRAL = 2.5


def _shares(parent: float, daughter: float) -> tuple[float, float]:
    """Return the mean shares of the parent's energy of both leptons, that next to the parent in the current first.

    The first is the neutrino of a b quark and the charged lepton of a c quark.
    """
    ratio = (daughter / parent) ** 2
    x = (np.arange(2000) + 0.5) / 2000 * (1 - ratio)
    first = x**2 * (1 - x - ratio) ** 2 / (1 - x)
    second = first / (1 - x) ** 2 * ((1 - x) * (3 - 2 * x) + (3 - x) * ratio)
    return float(np.average(x, weights=first) / 2), float(np.average(x, weights=second) / 2)


def bottom_loss() -> float:
    """Return the mean share of its energy that a b quark gives to neutrinos and muons."""
    neutrino, lepton = _shares(B_MASS, D_MASS)
    charm_lepton, charm_neutrino = _shares(D_MASS, K_MASS)
    charm = 1 - neutrino - lepton
    # Neutrinos come with electrons and with muons.
    direct = DIRECT * (2 * neutrino + lepton)
    cascade = CASCADE * charm * (2 * charm_neutrino + charm_lepton)
    return HADRON_SHARE * (direct + cascade)


def overlaid_pt() -> float:
    """Return the mean pT in GeV that the overlaid collisions have in the area of a jet."""
    pool = Overlay(CARD.soft, ShardRequest(0, 0, 1, 1, 1), lambda: None).pool
    central = np.abs(pool.particles.eta) < CENTRAL
    density = pool.particles.pt[central].sum() / (len(pool.starts) - 1) / (2 * CENTRAL * 2 * np.pi)
    return float(CARD.soft.underlying * density * np.pi * RADIUS**2)


def expected_masses(entries: ak.Array) -> dict[str, tuple[float, float]]:
    """Return the least and the largest position in GeV of the peaks of `matched_w_had_mass` and so on.

    Args:
        entries: events whose four quarks have jets.
    """
    shift = overlaid_pt() - HADRONISATION * C_F / RADIUS
    names = ("pt", "eta", "phi", "energy")
    pt, eta, phi, energy = (ak.to_numpy(entries.quark[name]).astype(np.float64) for name in names)
    symmetric = 1 + shift / pt
    mean = symmetric - energy_lost(pt, RADIUS)
    mean[:, [QUARKS.index("b_had"), QUARKS.index("b_lep")]] -= bottom_loss()
    w_lep = _vector(
        *(ak.to_numpy(entries[f"w_lep_{name}"]).astype(np.float64) for name in ("pt", "eta", "phi", "mass"))
    )

    def masses(response: Array) -> dict[str, Array]:
        vectors = response[:, :, None] * _quarks(pt, eta, phi, energy)
        b_had, b_lep, q1, q2 = np.moveaxis(vectors, 1, 0)
        return {"w_had": _mass(q1 + q2), "top_had": _mass(q1 + q2 + b_had), "top_lep": _mass(w_lep + b_lep)}

    # The quarks of a top lack what it radiates before it decays; the ratio does not.
    whole = masses(np.ones_like(pt))
    true = {"w_had": entries.w_had_mass, "top_had": entries.top_had_mass, "top_lep": entries.top_lep_mass}
    edges = [masses(response) for response in (mean, symmetric)]
    return {
        name: tuple(float(np.median(edge[name] / whole[name] * ak.to_numpy(true[name]))) for edge in edges)
        for name in true
    }


def _quarks(pt: Array, eta: Array, phi: Array, energy: Array) -> Array:
    """Return (px, py, pz, E) in GeV."""
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), energy], axis=-1)


def _vector(pt: Array, eta: Array, phi: Array, mass: Array) -> Array:
    """Return (px, py, pz, E) in GeV."""
    return _quarks(pt, eta, phi, np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2))


def _mass(total: Array) -> Array:
    px, py, pz, energy = np.moveaxis(total, -1, 0)
    return np.asarray(np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0.0)))
