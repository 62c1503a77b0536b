"""What every sample promises before anything is made."""

from __future__ import annotations

import json

import pytest

from keras_hep.data.samples import SAMPLES, sample_of
from keras_hep.data.samples.order import checked_options

CARD = {"physics", "leaves_out", "cite", "branches"}
MACHINERY = {
    "sample", "description", "tree", "format", "entry", "entries", "seed", "options", "classes", "configuration",
    "versions", "made_with", "configuration_hash", "content_hash",
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_describes_itself(name: str) -> None:
    sample = sample_of(name)
    assert sample.name == name
    assert sample.description == SAMPLES[name]
    assert sample.entry != "entries", "an entry has a name of its own"
    assert set(sample.card) >= CARD
    assert set(sample.card).isdisjoint(MACHINERY), "the card of a file says these itself"
    assert len(sample.card["physics"]) > 100
    assert len(sample.card["leaves_out"]) > 50
    assert {"event", "label"} <= set(sample.card["branches"])
    assert all(meaning for meaning in sample.card["branches"].values())
    assert sample.configuration["revision"] >= 1
    assert len(set(sample.classes)) == len(sample.classes) >= 1
    assert not any(character in class_name for class_name in sample.classes for character in "/, =")
    assert sample.default_entries >= len(sample.classes)
    assert sample.versions().keys() >= {"keras_hep", "numpy"}


@pytest.mark.parametrize("name", SAMPLES)
def test_card_and_configuration_are_json_and_the_hash_depends_on_options_and_seed(name: str) -> None:
    sample = sample_of(name)
    json.dumps([sample.configuration, sample.card], allow_nan=False)
    defaults = checked_options(sample, {})
    assert defaults == dict(sample.options)
    hashes = {sample.configuration_hash(1, defaults), sample.configuration_hash(2, defaults)}
    hashes |= {sample.configuration_hash(1, {**defaults, option: "other"}) for option in defaults}
    assert len(hashes) == 2 + len(defaults)
    assert set(sample.card.get("option_meanings", defaults)) == set(defaults)
