"""Systematic variations of constituents as pure functions; nominal parameters change nothing, bit for bit."""

from __future__ import annotations

from keras_hep.physics.systematics.boosts import boost_constituents, boost_constituents_longitudinally
from keras_hep.physics.systematics.dropping import BinnedProbability, drop_constituents
from keras_hep.physics.systematics.pileup import PileupDraws, draw_pileup, overlay_drawn_pileup, overlay_pileup
from keras_hep.physics.systematics.regions import RegionGrid, draw_region_scales, rescale_regions
from keras_hep.physics.systematics.rescaling import rescale, rescale_leading
from keras_hep.physics.systematics.rotations import rotate_about_beam, rotate_about_jet
from keras_hep.physics.systematics.smearing import CalorimeterResolution, smear

__all__ = [
    "BinnedProbability",
    "CalorimeterResolution",
    "PileupDraws",
    "RegionGrid",
    "boost_constituents",
    "boost_constituents_longitudinally",
    "draw_pileup",
    "draw_region_scales",
    "drop_constituents",
    "overlay_drawn_pileup",
    "overlay_pileup",
    "rescale",
    "rescale_leading",
    "rescale_regions",
    "rotate_about_beam",
    "rotate_about_jet",
    "smear",
]
