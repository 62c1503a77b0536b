"""Jet taggers, one family a file; importing this package enters them in the registry."""

from keras_hep.models.taggers.deep_sets import deep_sets
from keras_hep.models.taggers.dense_tagger import dense_tagger

__all__ = ["deep_sets", "dense_tagger"]
