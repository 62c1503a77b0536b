"""The masses of events with a lepton, missing transverse momentum and four jets, seen as WWbb (arXiv:1402.4735)."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.physics.ttbar_chi2 import neutrino_pz

__all__ = ["WWBB_MASSES", "WwbbHypotheses", "wwbb_masses"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

WWBB_MASSES = {
    "m_jj": "mass of the two jets that are not the b jets: W -> jj in both classes (GeV)",
    "m_jjj": "mass of these and one b jet: t -> Wb; the b jets are shared out so that m_jjj and m_jlv are nearest to the top mass (GeV)",
    "m_lv": "mass of lepton and neutrino, whose pz is the smaller solution of the W mass, and the real part where "
    "there is none, which gives more than the W mass (GeV)",
    "m_jlv": "mass of lepton, neutrino and the other b jet (GeV)",
    "m_bb": "mass of the b jets, the two of highest tag, of equal tags the hardest: h -> bb in the signal (GeV)",
    "m_wbb": "mass of the b jets and the W that brings it nearest to the charged Higgs mass: H+- -> Wh in the signal (GeV)",
    "m_wwbb": "mass of all: H -> W H+- in the signal (GeV)",
}
"""What `wwbb_masses` gives."""


@dataclass(frozen=True)
class WwbbHypotheses:
    """Masses in GeV that decide between combinations.

    Attributes:
        w: mass of the W boson, for the neutrino.
        top: mass of the top quark.
        charged_higgs: mass of the charged Higgs boson.
    """

    w: float = 80.4
    top: float = 173.0
    charged_higgs: float = 325.0


def wwbb_masses(
    lepton: Floats, missing: Floats, jets: Floats, tags: Integers, masses: WwbbHypotheses
) -> dict[str, Floats]:
    """Return the seven masses of events.

    Args:
        lepton: px, py, pz, E of the lepton in GeV, (events, 4).
        missing: missing transverse momentum px, py in GeV, (events, 2).
        jets: px, py, pz, E of four jets in GeV, the hardest first, (events, 4, 4).
        tags: b-tags of the jets, larger for b jets, (events, 4).
        masses: the hypotheses.

    Returns:
        `WWBB_MASSES`, each of shape (events,).

    Raises:
        DataError: a lepton has no transverse momentum, or a value is not finite.
    """
    order = np.argsort(-tags, axis=1, kind="stable")
    first, second, one, other = np.moveaxis(np.take_along_axis(jets, order[:, :, None], axis=1), 1, 0)
    hadronic, leptonic = one + other, lepton + _neutrino(lepton, missing, masses.w)
    both = first + second
    shared = np.array(
        [[mass(hadronic + mine), mass(leptonic + yours)] for mine, yours in ((first, second), (second, first))]
    )
    away = np.abs(shared - masses.top).sum(axis=1)
    m_jjj, m_jlv = np.where(away[0] <= away[1], shared[0], shared[1])
    with_w = np.array([mass(both + hadronic), mass(both + leptonic)])
    nearer = np.argmin(np.abs(with_w - masses.charged_higgs), axis=0)
    return {
        "m_jj": mass(hadronic),
        "m_jjj": m_jjj,
        "m_lv": mass(leptonic),
        "m_jlv": m_jlv,
        "m_bb": mass(both),
        "m_wbb": np.take_along_axis(with_w, nearer[None], axis=0)[0],
        "m_wwbb": mass(both + hadronic + leptonic),
    }


def mass(momentum: Floats) -> Floats:
    """Return masses in GeV of px, py, pz, E along the last axis; 0 where rounding makes a vector space-like."""
    squared = momentum[..., 3] ** 2 - (momentum[..., :3] ** 2).sum(axis=-1)
    masses: Floats = np.sqrt(np.maximum(squared, 0.0))
    return masses


def _neutrino(lepton: Floats, missing: Floats, w_mass: float) -> Floats:
    """Return px, py, pz, E of the neutrinos, (events, 4)."""
    records = ak.zip({name: lepton[:, column] for column, name in enumerate(("px", "py", "pz", "E"))})
    transverse = ak.zip({"px": missing[:, 0], "py": missing[:, 1]})
    pz = neutrino_pz(records, transverse, w_mass).pz[:, :1]
    momentum = np.concatenate([missing, pz], axis=1)
    return np.concatenate([momentum, np.linalg.norm(momentum, axis=1, keepdims=True)], axis=1)
