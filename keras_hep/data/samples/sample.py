"""What a sample is: its classes, its configuration and the function that makes one shard of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import awkward as ak
import numpy as np

import keras_hep
from keras_hep._io import content_hash

__all__ = ["Checkpoint", "Sample", "ShardRequest"]

Checkpoint = Callable[[], None]
"""Called often while a shard is made; raises to stop."""


@dataclass(frozen=True)
class ShardRequest:
    """One shard: some jets of one class, with a seed of its own.

    Attributes:
        label: number of the class.
        index: number of the shard within its class.
        jets: how many jets.
        seed: seed of the whole sample.
        classes: number of classes of the sample.
    """

    label: int
    index: int
    jets: int
    seed: int
    classes: int

    @property
    def number(self) -> int:
        """The number of the shard in the sample, different for each label and index."""
        return self.index * self.classes + self.label

    def seeds(self) -> np.random.SeedSequence:
        """Return the source of the shard's randomness, a function of sample seed, label and index alone."""
        return np.random.SeedSequence(self.seed, spawn_key=(self.label, self.index))


@dataclass(frozen=True)
class Sample:
    """A sample that can be generated.

    Attributes:
        name: name on the command line.
        description: one line.
        tree: name of the TTree.
        classes: names of the classes, in the order of the labels.
        make_shard: makes the jets of one shard, as records whose fields are the branches; a field of lists of records
            becomes jagged branches ``field_subfield``. It must depend on the request alone.
        configuration: JSON-like; everything that decides what `make_shard` gives.
        card: JSON-like; what the sample card says about the physics.
        packages: the packages whose version matters for the content.
        shard_jets: jets of a full shard.
    """

    name: str
    description: str
    tree: str
    classes: tuple[str, ...]
    make_shard: Callable[[ShardRequest, Checkpoint], ak.Array]
    configuration: dict[str, Any]
    card: dict[str, Any]
    packages: tuple[str, ...]
    shard_jets: int = 500

    def versions(self) -> dict[str, str]:
        """Return the version of keras_hep and of each package that matters."""
        return {"keras_hep": keras_hep.__version__, **{name: metadata.version(name) for name in self.packages}}

    def configuration_hash(self, seed: int) -> str:
        """Return a hash of all that decides the content of shards."""
        return content_hash(
            {
                "sample": self.name,
                "classes": self.classes,
                "configuration": self.configuration,
                "versions": self.versions(),
                "shard_jets": self.shard_jets,
                "seed": seed,
            }
        )

    def jets_per_class(self, jets: int) -> list[int]:
        """Share jets out among the classes equally, the remainder to the first ones."""
        share, rest = divmod(jets, len(self.classes))
        return [share + (label < rest) for label in range(len(self.classes))]

    def requests(self, jets: int, seed: int) -> list[list[ShardRequest]]:
        """Return the blocks of the file, in order; a block has one shard of each class.

        Args:
            jets: jets of all classes together.
            seed: seed of the sample.
        """
        shares = self.jets_per_class(jets)
        blocks = -(-max(shares) // self.shard_jets)
        return [
            [
                ShardRequest(label, index, min(self.shard_jets, rest), seed, len(self.classes))
                for label, share in enumerate(shares)
                if (rest := share - index * self.shard_jets) > 0
            ]
            for index in range(blocks)
        ]
