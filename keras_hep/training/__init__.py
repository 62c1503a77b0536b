"""Training."""

from keras_hep.training.config import ModelConfig, OptimizerConfig, TrainConfig, TrainingData
from keras_hep.training.fitting import fit_classifier

__all__ = ["TrainingData", "ModelConfig", "OptimizerConfig", "TrainConfig", "fit_classifier"]
