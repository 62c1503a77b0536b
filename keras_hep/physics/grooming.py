"""The modified mass-drop tagger (mMDT), arXiv:1307.0007."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics._fastjet import load_fastjet
from keras_hep.physics.kinematics import check_four_vectors, transverse_momentum

__all__ = ["Groomed", "modified_mass_drop"]


class Groomed(NamedTuple):
    """Groomed jets.

    Attributes:
        constituents: the constituents that remain, records (px, py, pz, E) in GeV, shape (jets, jagged).
        mass: the mass of their sum in GeV, shape (jets,); never negative.
    """

    constituents: ak.Array
    mass: npt.NDArray[np.float64]


def modified_mass_drop(constituents: ak.Array, z_cut: float = 0.1) -> Groomed:
    """Groom jets with the modified mass-drop tagger.

    Each jet is clustered again with Cambridge/Aachen and declustered along its harder branch until
    ``min(pT1, pT2) / (pT1 + pT2) > z_cut``; this is soft drop (arXiv:1402.2657) with beta = 0. A jet in which no
    declustering passes is left with its hardest branch, a single constituent; a jet without constituents stays empty.
    Constituents without transverse momentum, such as padding, have no direction and are left out first.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        z_cut: the least momentum fraction of the softer branch.

    Returns:
        The remaining constituents and the groomed mass, one entry for each jet.

    Raises:
        DataError: the constituents are not finite four-vectors, or those of a jet have no transverse momentum in sum.
        MissingToolError: fastjet is not installed.
    """
    fastjet = load_fastjet()
    jets = check_four_vectors(constituents)
    jets = jets[transverse_momentum(jets) > 0.0]
    _check_net_momentum(jets)
    filled = ak.to_numpy(ak.num(jets, axis=1)) > 0
    mass = np.zeros(len(jets), dtype=np.float64)
    if not filled.any():
        return Groomed(jets, mass)
    # The largest radius puts all constituents of a jet into one Cambridge/Aachen tree, however wide the jet is.
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, fastjet.JetDefinition.max_allowable_R)
    sequence = fastjet.ClusterSequence(ak.to_packed(jets[filled]), definition)
    groomed = sequence.exclusive_jets_softdrop_grooming(njets=1, beta=0.0, symmetry_cut=z_cut, R0=0.8)
    mass[filled] = np.maximum(ak.to_numpy(groomed.msoftdrop), 0.0)
    counts = np.zeros(len(jets), dtype=np.int64)
    counts[filled] = ak.to_numpy(ak.num(groomed.constituents, axis=1))
    flat = ak.flatten(groomed.constituents, axis=1)
    records = ak.zip({field: flat[field] for field in ("px", "py", "pz", "E")}, with_name="Momentum4D")
    return Groomed(ak.unflatten(records, counts), mass)


def _check_net_momentum(jets: ak.Array) -> None:
    """Refuse jets whose constituents balance: a jet without a direction cannot be declustered."""
    scalar = ak.to_numpy(ak.sum(transverse_momentum(jets), axis=1))
    vector = np.hypot(ak.to_numpy(ak.sum(jets.px, axis=1)), ak.to_numpy(ak.sum(jets.py, axis=1)))
    balanced = np.flatnonzero((scalar > 0.0) & (vector <= 1e-9 * scalar))
    if len(balanced):
        raise DataError(
            f"the constituents of jet {balanced[0]} balance to no transverse momentum; a jet must have some"
        )
