"""Energy-flow polynomials, arXiv:1712.07124: the multigraphs, how their sums are done, and their values."""

from __future__ import annotations

from keras_hep.physics.energy_flow.multigraphs import Graph, multigraphs
from keras_hep.physics.energy_flow.polynomials import EnergyFlowPolynomials, energy_flow_polynomials

__all__ = ["EnergyFlowPolynomials", "Graph", "energy_flow_polynomials", "multigraphs"]
