"""What the command line does, for use from Python: train, quantise, quickstart."""

from keras_hep.workflow.quantize import quantize_and_tune
from keras_hep.workflow.quickstart import Listener, Quickstart, quickstart
from keras_hep.workflow.scoring import probabilities
from keras_hep.workflow.train import Training, recorded, train

__all__ = [
    "Listener",
    "Quickstart",
    "Training",
    "probabilities",
    "quantize_and_tune",
    "quickstart",
    "recorded",
    "train",
]
