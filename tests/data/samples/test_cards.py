"""Sample cards: what there is to know about a file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import ModuleType

import awkward as ak
import pytest

from keras_hep.data.samples import card, card_path
from keras_hep.data.samples.generate import generate_sample
from keras_hep.data.samples.sample import Checkpoint, ShardRequest
from keras_hep.errors import DataError
from tests.data.samples import toy as toys


def test_a_card_says_how_the_file_was_made(toy: ModuleType, tmp_path: Path) -> None:
    path = toys.run(toy, tmp_path / "toys.root", 33, seed=4, options={"depth": 5, "kind": "odd one"}, format="rntuple")
    described = card(path)
    assert described == card(card_path(path)) == json.loads((tmp_path / "toys.card.json").read_text("utf-8"))
    made_with = described.pop("made_with")
    assert made_with["command"] == (
        "keras-hep generate toy --entries 33 --seed 4 --set depth=5 --set 'kind=odd one' --format rntuple"
    )
    assert set(made_with) == {"command", "python", "machine"}
    assert described.pop("versions") == toy.SAMPLE.versions()
    assert len(described.pop("content_hash")) == len(described.pop("configuration_hash")) == 64
    # 17 entries of class a in shards of 5, 5, 5 and 2 that measured 1, 2, 3 and 4 pb from 50, 50, 50 and 20 collisions.
    measured = {"a": (1 * 50 + 2 * 50 + 3 * 50 + 4 * 20) / 170, "b": (2 * 50 + 3 * 50 + 4 * 50 + 5 * 10) / 160}
    assert described == {
        "sample": "toy",
        "description": "a toy",
        "tree": "toys",
        "format": "rntuple",
        "entry": "marbles",
        "entries": 33,
        "seed": 4,
        "options": {"scale": 1.0, "depth": 5, "noisy": False, "kind": "odd one"},
        "classes": {
            "a": {"label": 0, "entries": 17, "cross_section_pb": pytest.approx(measured["a"]), "collisions": 170},
            "b": {"label": 1, "entries": 16, "cross_section_pb": pytest.approx(measured["b"]), "collisions": 160},
        },
        "physics": "none",
        "configuration": {"revision": 1},
    }


def test_some_classes_stand_in_the_command(toy: ModuleType, tmp_path: Path) -> None:
    path = toys.run(toy, tmp_path / "toys.root", 5, classes=["b"])
    assert "--seed 1 --classes b --format ttree" in card(path)["made_with"]["command"]


def test_a_sample_that_measures_nothing_has_no_cross_section(toy: ModuleType, tmp_path: Path) -> None:
    def plain(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
        return ak.Array(toy.make_shard(request, checkpoint).layout)

    order = toys.order(toy, tmp_path / "toys.root", 4)
    order = dataclasses.replace(order, sample=dataclasses.replace(toy.SAMPLE, make_shard=plain))
    generate_sample(order, tmp_path / "toys.root", workers=1, progress=False)
    assert card(tmp_path / "toys.root")["classes"]["a"] == {"label": 0, "entries": 2}


def test_wrong_cards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no sample card .*jets\.card\.json"):
        card(tmp_path / "jets.root")
    path = tmp_path / "jets.card.json"
    for text, message in (
        ("{", "not valid JSON"),
        ("[]", "not a sample card: it lacks"),
        ('{"sample": "x"}', "not a sample card: it lacks"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            card(tmp_path / "jets.root")
