"""Reconstruction inefficiency: constituents that are not found."""

from __future__ import annotations

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.kinematics import pseudorapidity, transverse_momentum
from keras_hep.physics.systematics._constituents import Floats, PerConstituent, of_each_constituent, unpack

__all__ = ["BinnedProbability", "drop_constituents"]


class BinnedProbability:
    """A probability in bins of pT, as efficiencies are usually measured.

    Args:
        pt_edges: inner edges of the bins in GeV, ascending; an edge belongs to the bin above it.
        probabilities: one for each bin, thus one more than edges, in [0, 1].

    Raises:
        DataError: the edges do not ascend, or the probabilities do not fit them.
    """

    def __init__(self, pt_edges: npt.ArrayLike, probabilities: npt.ArrayLike):
        self.pt_edges = np.asarray(pt_edges, np.float64)
        self.probabilities = np.asarray(probabilities, np.float64)
        if self.pt_edges.ndim != 1 or not (np.diff(self.pt_edges) > 0.0).all() or np.isnan(self.pt_edges).any():
            raise DataError(f"pt_edges must ascend; received {self.pt_edges.tolist()}")
        if self.probabilities.shape != (len(self.pt_edges) + 1,):
            raise DataError(
                f"{len(self.pt_edges)} inner edges make {len(self.pt_edges) + 1} bins; "
                f"received {self.probabilities.size} probabilities"
            )
        if not ((self.probabilities >= 0.0) & (self.probabilities <= 1.0)).all():
            raise DataError(f"probabilities must be in [0, 1]; received {self.probabilities.tolist()}")

    def __call__(self, pt: Floats, eta: Floats) -> Floats:
        """Return the probability of each pT."""
        values: Floats = self.probabilities[np.searchsorted(self.pt_edges, pt, side="right")]
        return values


def drop_constituents(constituents: ak.Array, probability: PerConstituent, rng: np.random.Generator) -> ak.Array:
    """Remove each constituent with a probability, independent of the others.

    This is the uncertainty of the tracking or clustering efficiency. It removes soft constituents of jets that have many,
    and now and then the leading one; an event can lose all of them.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (events, jagged).
        probability: of a loss, in [0, 1]; a number or a function of (pt in GeV, eta), such as `BinnedProbability`. 0
            removes nothing.
        rng: source of all randomness, one number a constituent in their order.

    Returns:
        The records that remain, unchanged and in their order, shape (events, jagged).

    Raises:
        DataError: the constituents are not finite four-vectors, or a probability is not in [0, 1].
    """
    vectors = unpack(constituents)
    lost = of_each_constituent(
        probability, transverse_momentum(vectors.momenta), pseudorapidity(vectors.momenta), "probability", 1.0
    )
    kept = rng.random(len(lost)) >= lost
    counts = np.bincount(vectors.event[kept], minlength=len(vectors.counts))
    return ak.unflatten(vectors.records[kept], counts)
