"""train.yaml: data, model, optimiser, epochs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from keras_hep.data.features import load_yaml, validation_message
from keras_hep.errors import FeatureError

__all__ = ["DataConfig", "ModelConfig", "OptimizerConfig", "TrainConfig"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DataConfig(_Strict):
    """What is trained on.

    Attributes:
        files: ROOT files or patterns; relative ones count from the folder of the configuration file.
        spec: feature specification (YAML), relative likewise; or the name of one that comes with the package.
        split: shares of training, validation and test events.
    """

    files: tuple[str, ...] = Field(min_length=1)
    spec: str
    split: dict[Literal["train", "validation", "test"], float] = {"train": 0.64, "validation": 0.16, "test": 0.2}

    @field_validator("split")
    @classmethod
    def _three_shares(cls, value: dict[str, float]) -> dict[str, float]:
        if len(value) != 3 or min(value.values()) <= 0 or abs(sum(value.values()) - 1) > 1e-6:
            raise ValueError(f"train, validation and test must be positive and add up to 1. Received: {value}")
        return value

    @property
    def shares(self) -> dict[str, float]:
        """The split under plain names."""
        return {str(name): share for name, share in self.split.items()}


class ModelConfig(_Strict):
    """Which model of the zoo, and its arguments."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class OptimizerConfig(_Strict):
    """Adam with an optional cosine decay.

    Attributes:
        learning_rate: initial learning rate.
        schedule: ``cosine`` decays to zero over the epochs, ``constant`` does not.
    """

    learning_rate: float = Field(default=2e-3, gt=0)
    schedule: Literal["cosine", "constant"] = "cosine"


class TrainConfig(_Strict):
    """A training.

    Attributes:
        data: files, specification, split.
        model: zoo model and its arguments.
        optimizer: learning rate and schedule.
        epochs: most epochs.
        batch_size: events a step.
        patience: epochs without a better validation loss after which training ends; the best weights are kept.
        seed: seed of split, weights and shuffling.
        balance: weight the classes so that each counts the same.
    """

    data: DataConfig
    model: ModelConfig
    optimizer: OptimizerConfig = OptimizerConfig()
    epochs: int = Field(default=60, ge=1)
    batch_size: int = Field(default=128, ge=1)
    patience: int = Field(default=12, ge=1)
    seed: int = Field(default=1, ge=0)
    balance: bool = False

    @classmethod
    def from_dict(cls, values: Any, where: str = "the training configuration") -> Self:
        """Build a configuration from plain values, as they stand in YAML or JSON."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise FeatureError(validation_message(error, where)) from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a configuration file; its relative paths count from its folder.

        Raises:
            FeatureError: the file cannot be read, or a key or value is wrong.
        """
        config = cls.from_dict(load_yaml(path, "training configuration"), str(path))
        folder = Path(path).resolve().parent
        files = tuple(f if "://" in f else str(folder / f) for f in config.data.files)
        spec = (
            config.data.spec
            if "/" not in config.data.spec and "." not in config.data.spec
            else str(folder / config.data.spec)
        )
        return config.model_copy(update={"data": config.data.model_copy(update={"files": files, "spec": spec})})
