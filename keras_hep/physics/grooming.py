"""The modified mass-drop tagger (mMDT), arXiv:1307.0007."""

from __future__ import annotations

import awkward as ak

from keras_hep.physics.soft_drop import Groomed, soft_drop

__all__ = ["Groomed", "modified_mass_drop"]


def modified_mass_drop(constituents: ak.Array, z_cut: float = 0.1, threads: int | None = None) -> Groomed:
    """Groom jets with the modified mass-drop tagger: soft drop with beta = 0.

    Each jet is clustered again with Cambridge/Aachen and declustered along its harder branch until
    ``min(pT1, pT2) / (pT1 + pT2) > z_cut``. What is left of jets in which no declustering passes, of empty jets and of
    padding is as in `soft_drop`.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        z_cut: the least momentum fraction of the softer branch.
        threads: number of threads; None for one on each core.

    Returns:
        The remaining constituents, the groomed mass and the splitting that was found, one entry for each jet.

    Raises:
        DataError: the constituents are not finite four-vectors, or those of a jet have no transverse momentum in sum.
    """
    return soft_drop(constituents, beta=0.0, z_cut=z_cut, threads=threads)
