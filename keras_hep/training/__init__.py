"""Training."""

from keras_hep.training.config import DataConfig, ModelConfig, OptimizerConfig, TrainConfig
from keras_hep.training.fitting import fit_classifier

__all__ = ["DataConfig", "ModelConfig", "OptimizerConfig", "TrainConfig", "fit_classifier"]
