"""Energy-flow polynomials, arXiv:1712.07124: a linear basis of the infrared- and collinear-safe observables of a jet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics._jets import flat_jets
from keras_hep.physics.energy_flow.contraction import compile_graphs
from keras_hep.physics.energy_flow.evaluation import evaluate
from keras_hep.physics.energy_flow.multigraphs import Graph, connected_components, multigraphs
from keras_hep.physics.kinematics import transverse_momentum

__all__ = ["EnergyFlowPolynomials", "energy_flow_polynomials"]

Floats = npt.NDArray[np.float64]


class EnergyFlowPolynomials(NamedTuple):
    """Energy-flow polynomials of many jets.

    Attributes:
        values: shape (jets, graphs); without unit if normed, else in GeV to the power of the number of vertices.
        graphs: the multigraph of each column, as edges between numbered vertices.
    """

    values: Floats
    graphs: tuple[Graph, ...]


def energy_flow_polynomials(
    constituents: ak.Array,
    degree: int = 5,
    beta: float = 1.0,
    normed: bool = True,
    graphs: Sequence[Graph] | None = None,
    threads: int | None = None,
) -> EnergyFlowPolynomials:
    """Compute energy-flow polynomials of many jets.

    The polynomial of a multigraph sums, over one constituent i_v for each vertex v, the product of z_(i_v) over the
    vertices and theta_(i_v i_w) over the edges. With z = pT / sum of pT and theta = R^beta, R the distance in rapidity
    and azimuth, this is the measure for hadron collisions. A graph of several components gives the product of theirs.

    By default all 1, 2, 5, 13, 36, 102, 314, 1000 multigraphs with up to 0 to 7 edges are computed, in the order of
    `multigraphs`; the first is the single vertex, whose value is the sum of z. A jet without constituents has zeros.

    Up to 5 edges the cost grows with the cube of the number of constituents, from 6 on with the fourth power.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        degree: the largest number of edges.
        beta: the exponent of the angle, positive.
        normed: whether z is the fraction of the scalar sum of pT, or pT itself in GeV.
        graphs: multigraphs to compute instead of all up to `degree`.
        threads: number of threads; None for one on each core.

    Raises:
        DataError: the constituents are not finite four-vectors, the degree is negative, beta is not positive, or an edge
            of a graph joins a vertex with itself.
    """
    if not (np.isfinite(beta) and beta > 0.0):
        raise DataError(f"the angular exponent beta must be positive; received {beta}")
    graphs = multigraphs(degree) if graphs is None else tuple(graphs)
    jets = flat_jets(constituents)
    pt = transverse_momentum(jets)
    counts = np.diff(jets.offsets)
    if normed:
        jet = np.repeat(np.arange(len(counts)), counts)
        pt /= np.bincount(jet, weights=pt, minlength=len(counts))[jet]
    components = [connected_components(graph) for graph in graphs]
    connected = sorted(
        {component for parts in components for component in parts}, key=lambda graph: (len(graph), graph)
    )
    column = {graph: index for index, graph in enumerate(connected)}
    factors = np.empty((len(counts), len(connected)))
    for program in compile_graphs(connected):
        factors[:, program.outputs] = evaluate(program, jets, pt, beta, threads)
    values = np.empty((len(counts), len(graphs)))
    for index, parts in enumerate(components):
        values[:, index] = np.prod(factors[:, [column[part] for part in parts]], axis=1)
    return EnergyFlowPolynomials(values, graphs)
