"""Jet physics on awkward arrays: kinematics, grooming, energy correlation functions, jet observables."""

from __future__ import annotations

from keras_hep.physics import jet_images, systematics
from keras_hep.physics.clustering import ClusterHistory, cluster, exclusive_subjets
from keras_hep.physics.declustering import constituent_order
from keras_hep.physics.dichroic import dichroic_ratio
from keras_hep.physics.energy_correlators import Correlators, energy_correlators
from keras_hep.physics.energy_flow import EnergyFlowPolynomials, energy_flow_polynomials, multigraphs
from keras_hep.physics.four_vectors import (
    boost,
    boost_into_rest_frame,
    boost_longitudinally,
    delta_phi,
    delta_r,
    four_vectors,
    from_vector,
    to_vector,
)
from keras_hep.physics.grooming import Groomed, modified_mass_drop
from keras_hep.physics.heptoptagger import TopCandidates, TopTaggerSettings, hep_top_tagger
from keras_hep.physics.impact_parameters import (
    ImpactParameters,
    impact_parameters,
    impact_significance,
    lifetime_sign,
)
from keras_hep.physics.kinematics import (
    azimuth,
    invariant_mass,
    pseudorapidity,
    rapidity,
    transverse_momentum,
    wrap_phi,
)
from keras_hep.physics.lund import lund_images, lund_plane, lund_tree
from keras_hep.physics.missing_momentum import (
    MissingMomentum,
    missing_momentum,
    missing_momentum_significance,
    propagate_variation,
)
from keras_hep.physics.nsubjettiness import AXES, n_subjettiness
from keras_hep.physics.observables import OBSERVABLES, jet_observables
from keras_hep.physics.pruning import Pruned, prune
from keras_hep.physics.soft_drop import soft_drop
from keras_hep.physics.trees import BinaryTrees, binary_trees
from keras_hep.physics.ttbar_chi2 import (
    NeutrinoSolutions,
    TtbarAssignment,
    TtbarHypothesis,
    assign_ttbar,
    neutrino_pz,
)
from keras_hep.physics.ttbar_widths import measured_hypothesis
from keras_hep.physics.voxels import CylindricalBinning, cylindrical_voxels, voxelise

__all__ = [
    "AXES",
    "OBSERVABLES",
    "BinaryTrees",
    "ClusterHistory",
    "Correlators",
    "CylindricalBinning",
    "EnergyFlowPolynomials",
    "Groomed",
    "ImpactParameters",
    "MissingMomentum",
    "NeutrinoSolutions",
    "Pruned",
    "TopCandidates",
    "TopTaggerSettings",
    "TtbarAssignment",
    "TtbarHypothesis",
    "assign_ttbar",
    "azimuth",
    "binary_trees",
    "boost",
    "boost_into_rest_frame",
    "boost_longitudinally",
    "cluster",
    "constituent_order",
    "cylindrical_voxels",
    "delta_phi",
    "delta_r",
    "dichroic_ratio",
    "energy_correlators",
    "energy_flow_polynomials",
    "exclusive_subjets",
    "four_vectors",
    "from_vector",
    "hep_top_tagger",
    "impact_parameters",
    "impact_significance",
    "invariant_mass",
    "jet_images",
    "jet_observables",
    "lifetime_sign",
    "lund_images",
    "lund_plane",
    "lund_tree",
    "measured_hypothesis",
    "missing_momentum",
    "missing_momentum_significance",
    "modified_mass_drop",
    "multigraphs",
    "n_subjettiness",
    "neutrino_pz",
    "propagate_variation",
    "prune",
    "pseudorapidity",
    "rapidity",
    "soft_drop",
    "systematics",
    "to_vector",
    "transverse_momentum",
    "voxelise",
    "wrap_phi",
]
