"""What a sample is: its classes, its configuration and the function that makes one shard of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import awkward as ak
import numpy as np

import keras_hep
from keras_hep._io import content_hash

__all__ = ["Checkpoint", "Option", "Sample", "ShardRequest"]

EVENT_NUMBERS_PER_SHARD = 1_000_000

Option = bool | int | float | str

Checkpoint = Callable[[], None]
"""Called often while a shard is made; raises to stop."""


@dataclass(frozen=True)
class ShardRequest:
    """One shard: some entries (jets, events, showers ...) of one class, with a seed of its own.

    Attributes:
        label: number of the class.
        index: number of the shard within its class.
        entries: how many entries.
        seed: seed of the whole sample.
        classes: number of classes of the sample.
        options: the value of each of the sample's options.
    """

    label: int
    index: int
    entries: int
    seed: int
    classes: int
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The number of the shard in the sample, different for each label and index."""
        return self.index * self.classes + self.label

    def seeds(self) -> np.random.SeedSequence:
        """Return the source of the shard's randomness, a function of sample seed, label and index alone."""
        return np.random.SeedSequence(self.seed, spawn_key=(self.label, self.index))

    def pythia_seed(self) -> int:
        """Return the seed of the shard's Pythia: neighbouring shards have neighbouring ones, so no two share one."""
        return int(np.random.SeedSequence(self.seed).generate_state(1)[0]) + self.number

    def first_event(self) -> int:
        """Return the first event number of the shard; a shard needs far fewer than its range holds."""
        return self.number * EVENT_NUMBERS_PER_SHARD


@dataclass(frozen=True)
class Sample:
    """A sample that can be generated.

    Attributes:
        name: name on the command line.
        description: one line.
        tree: name of the TTree, RNTuple or HDF5 group.
        classes: names of the classes, in the order of the labels.
        make_shard: makes the entries of one shard, as records whose fields are the branches; a field of lists of records
            becomes jagged branches ``field_subfield``, a regular field an array of fixed shape. It must depend on the
            request alone. What it measures on the way (``cross_section_pb``) it may leave in the ``attrs`` of the
            array: the sample card has the mean of each class, weighted with the number ``collisions`` beside it.
        configuration: JSON-like; everything that decides what `make_shard` gives.
        card: JSON-like; what the sample card says about the physics.
        packages: the packages whose version matters for the content.
        shard_entries: entries of a full shard.
        entry: what an entry is, in the plural, such as jets.
        options: what can be chosen, and its default.
        default_entries: how many entries `keras_hep.data.samples.load` makes unless told.
    """

    name: str
    description: str
    tree: str
    classes: tuple[str, ...]
    make_shard: Callable[[ShardRequest, Checkpoint], ak.Array]
    configuration: dict[str, Any]
    card: dict[str, Any]
    packages: tuple[str, ...]
    shard_entries: int = 500
    entry: str = "entries"
    options: Mapping[str, Option] = field(default_factory=dict)
    default_entries: int = 10_000

    def versions(self) -> dict[str, str]:
        """Return the version of keras_hep and of each package that matters."""
        return {"keras_hep": keras_hep.__version__, **{name: metadata.version(name) for name in self.packages}}

    def configuration_hash(self, seed: int, options: Mapping[str, Option]) -> str:
        """Return a hash of all that decides the content of shards.

        Args:
            seed: seed of the sample.
            options: the value of each option.
        """
        return content_hash(
            {
                "sample": self.name,
                "classes": self.classes,
                "configuration": self.configuration,
                "options": dict(options),
                "versions": self.versions(),
                "shard_entries": self.shard_entries,
                "seed": seed,
            }
        )

    def shares(self, entries: int, labels: Sequence[int]) -> dict[int, int]:
        """Share entries out among the classes `labels` equally, the remainder to the first ones."""
        share, rest = divmod(entries, len(labels))
        return {label: share + (position < rest) for position, label in enumerate(labels)}

    def requests(
        self, entries: int, seed: int, labels: Sequence[int], options: Mapping[str, Option]
    ) -> list[list[ShardRequest]]:
        """Return the blocks of the file, in order; a block has one shard of each class.

        A shard does not know which other classes are made, so it is the same in a sample of some classes and of all.

        Args:
            entries: entries of all classes together.
            seed: seed of the sample.
            labels: numbers of the classes to make, ascending.
            options: the value of each option.
        """
        shares = self.shares(entries, labels)
        blocks = -(-max(shares.values()) // self.shard_entries)
        return [
            [
                ShardRequest(label, index, min(self.shard_entries, rest), seed, len(self.classes), options)
                for label, share in shares.items()
                if (rest := share - index * self.shard_entries) > 0
            ]
            for index in range(blocks)
        ]
