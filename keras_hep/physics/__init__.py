"""Jet physics on awkward arrays: kinematics, grooming, energy correlation functions, jet observables."""

from __future__ import annotations

from keras_hep.physics.energy_correlators import Correlators, energy_correlators
from keras_hep.physics.grooming import Groomed, modified_mass_drop
from keras_hep.physics.kinematics import (
    azimuth,
    invariant_mass,
    pseudorapidity,
    rapidity,
    transverse_momentum,
    wrap_phi,
)
from keras_hep.physics.observables import OBSERVABLES, jet_observables

__all__ = [
    "OBSERVABLES",
    "Correlators",
    "Groomed",
    "azimuth",
    "energy_correlators",
    "invariant_mass",
    "jet_observables",
    "modified_mass_drop",
    "pseudorapidity",
    "rapidity",
    "transverse_momentum",
    "wrap_phi",
]
