"""The zoo: models by name."""

from keras_hep.models import taggers
from keras_hep.models.legacy import load_legacy
from keras_hep.models.registry import ModelEntry, build, entry, names, register
from keras_hep.models.saving import load, save

__all__ = ["ModelEntry", "build", "entry", "load", "load_legacy", "names", "register", "save", "taggers"]
