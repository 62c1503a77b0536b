"""Keras layers, one a file."""

from keras_hep.layers.constituent_augmentation import ConstituentAugmentation
from keras_hep.layers.constituent_dropout import ConstituentDropout
from keras_hep.layers.feature_embedding import FeatureEmbedding
from keras_hep.layers.four_vector_rescaling import FourVectorRescaling
from keras_hep.layers.four_vector_smearing import FourVectorSmearing
from keras_hep.layers.functions import Absolute, Elu, LeakyRelu, Ramp, Swish
from keras_hep.layers.highway import Highway
from keras_hep.layers.jet_rotation import JetRotation
from keras_hep.layers.longitudinal_boost import LongitudinalBoost
from keras_hep.layers.masked_last import MaskedLast
from keras_hep.layers.masked_sum import MaskedSum
from keras_hep.layers.masked_values import MaskedValues
from keras_hep.layers.maxout import Maxout
from keras_hep.layers.output_labels import OutputLabels
from keras_hep.layers.pileup_overlay import PileupOverlay
from keras_hep.layers.preprocessing import Preprocessing, feature_spec_of
from keras_hep.layers.region_rescaling import RegionRescaling

__all__ = [
    "Absolute",
    "ConstituentAugmentation",
    "ConstituentDropout",
    "Elu",
    "FeatureEmbedding",
    "FourVectorRescaling",
    "FourVectorSmearing",
    "Highway",
    "JetRotation",
    "LeakyRelu",
    "LongitudinalBoost",
    "MaskedLast",
    "MaskedSum",
    "Maxout",
    "MaskedValues",
    "OutputLabels",
    "PileupOverlay",
    "Preprocessing",
    "Ramp",
    "RegionRescaling",
    "Swish",
    "feature_spec_of",
]
