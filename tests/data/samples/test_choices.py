"""What a user may choose: classes, options, numbers; and what is refused before anything is made."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from keras_hep.data.samples import card, generate
from keras_hep.data.samples.generate import generate_sample
from keras_hep.data.samples.order import checked_options
from keras_hep.errors import DataError, MissingToolError
from tests.data.samples import toy as toys
from tests.data.samples.toy import content, finished_shards, shards_made


def entries_of(path: Path) -> ak.Array:
    with uproot.open(path) as file:
        arrays = file["toys"].arrays()
        return arrays[np.argsort(ak.to_numpy(arrays.event))]


def test_some_classes_are_the_entries_of_these_classes(toy: ModuleType, tmp_path: Path) -> None:
    everything = entries_of(toys.run(toy, tmp_path / "all.root", 40))
    one = toys.run(toy, tmp_path / "one.root", 20, classes=["b"])
    assert shards_made(tmp_path) == 8, "the shards of the class are there already"
    chosen = entries_of(one)
    assert set(chosen.label.tolist()) == {1}, "the class keeps its number"
    assert chosen.tolist() == everything[everything.label == 1].tolist()
    assert card(one)["classes"] == {
        "b": {"label": 1, "entries": 20, "cross_section_pb": pytest.approx(3.5), "collisions": 200}
    }
    assert card(one)["configuration_hash"] == card(tmp_path / "all.root")["configuration_hash"]


def test_the_order_of_chosen_classes_does_not_matter(toy: ModuleType, tmp_path: Path) -> None:
    one = toys.run(toy, tmp_path / "one.root", 9, classes=["b", "a"])
    assert content(one) == content(toys.run(toy, tmp_path / "two.root", 9))
    assert [about["entries"] for about in card(one)["classes"].values()] == [5, 4]


def test_options_reach_the_shards_the_card_and_the_hash(toy: ModuleType, tmp_path: Path) -> None:
    plain = toys.run(toy, tmp_path / "plain.root")
    scaled = toys.run(toy, tmp_path / "scaled.root", options={"scale": "4"})
    assert shards_made(tmp_path) == 16
    assert content(scaled)["value"] == pytest.approx(4 * np.array(content(plain)["value"]), rel=1e-6)
    assert card(plain)["options"] == {"scale": 1.0, "depth": 3, "noisy": False, "kind": "plain"}
    assert card(scaled)["options"] == {"scale": 4.0, "depth": 3, "noisy": False, "kind": "plain"}
    assert card(plain)["configuration_hash"] != card(scaled)["configuration_hash"]
    assert toys.run(toy, tmp_path / "again.root", options={"scale": 1}) and shards_made(tmp_path) == 16


def test_another_configuration_does_not_use_the_shards(toy: ModuleType, tmp_path: Path) -> None:
    toys.run(toy, tmp_path / "one.root")
    order = toys.order(toy, tmp_path / "two.root")
    changed = dataclasses.replace(order, sample=dataclasses.replace(toy.SAMPLE, configuration={"revision": 2}))
    generate_sample(changed, tmp_path / "two.root", workers=1, progress=False)
    assert shards_made(tmp_path) == 16


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"scale": "2.5"}, 2.5), ({"scale": 2}, 2.0), ({"scale": np.float32(0.5)}, 0.5), ({"scale": "-1e3"}, -1000.0),
        ({"depth": "7"}, 7), ({"depth": 7.0}, 7), ({"depth": np.int64(7)}, 7),
        ({"noisy": "on"}, True), ({"noisy": "False"}, False), ({"noisy": 1}, True), ({"noisy": False}, False),
        ({"kind": "7"}, "7"),
    ],
)  # fmt: skip
def test_values_become_the_type_of_the_default(toy: ModuleType, given: dict[str, Any], expected: object) -> None:
    (name,) = given
    value = checked_options(toy.SAMPLE, given)[name]
    assert value == expected
    assert type(value) is type(toy.SAMPLE.options[name])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"scale": "much"}, "a finite number"), ({"scale": True}, "a finite number"), ({"scale": None}, "a finite number"),
        ({"scale": "nan"}, "a finite number"), ({"scale": float("inf")}, "a finite number"),
        ({"depth": 2.5}, "a whole number"), ({"depth": "2.5"}, "a whole number"), ({"depth": True}, "a whole number"),
        ({"depth": float("nan")}, "a whole number"), ({"depth": float("inf")}, "a whole number"),
        ({"noisy": "maybe"}, "true or false"), ({"noisy": 2}, "true or false"), ({"kind": 3}, "text"),
    ],
)  # fmt: skip
def test_values_of_another_type_are_refused(toy: ModuleType, given: dict[str, Any], wanted: str) -> None:
    ((name, value),) = given.items()
    with pytest.raises(DataError) as error:
        checked_options(toy.SAMPLE, given)
    default = toy.SAMPLE.options[name]
    assert str(error.value) == f"the option '{name}' of toy is {wanted} (default: {default}); received {value!r}"


def test_unknown_wishes_are_refused_with_the_nearest(toy: ModuleType, tmp_path: Path) -> None:
    def refused(message: str, **wishes: Any) -> None:
        with pytest.raises(DataError, match=message):
            toys.run(toy, tmp_path / "toys.root", **wishes)

    refused("toy has no option 'noise'; did you mean 'noisy'", options={"noise": 1})
    refused("toy has no class 'c'; Known: a, b", classes=["a", "c"])
    refused("no class of toy is chosen; there are a, b", classes=[])
    refused("the class 'a' of toy is chosen twice", classes=["a", "b", "a"])
    refused(r"at least 2 marbles, one for each of its classes \(a, b\); received 1", entries=1)
    refused("number of marbles must be a whole number; received 10.5", entries=10.5)
    refused("seed must be a whole number; received '1'", seed="1")
    assert finished_shards() == []
    assert toys.run(toy, tmp_path / "toys.root", entries=1, classes="b").exists()


def test_wrong_arguments_are_refused_before_anything_is_made(cache: Path, tmp_path: Path) -> None:
    output = tmp_path / "jets.root"
    with pytest.raises(DataError, match="there is no sample 'five_jet'; did you mean 'five-jets'"):
        generate("five_jet", 100, output)
    with pytest.raises(DataError, match=r"at least 5 jets, one for each of its classes .*; received 4"):
        generate("five-jets", 4, output)
    with pytest.raises(DataError, match="received 0"):
        generate("five-jets", 0, output)
    with pytest.raises(DataError, match="seed must not be negative; received -1"):
        generate("five-jets", 10, output, seed=-1)
    with pytest.raises(DataError, match="workers must be at least 1; received 0"):
        generate("five-jets", 10, output, workers=0)
    with pytest.raises(DataError, match=r"must end in \.root or \.hdf5 or \.h5; received .*jets\.txt"):
        generate("five-jets", 10, tmp_path / "jets.txt")
    with pytest.raises(DataError, match=r"in the format hdf5 must end in \.h5 or \.hdf5; received .*jets\.root"):
        generate("five-jets", 10, output, format="hdf5")
    with pytest.raises(DataError, match="no file format 'ntuple'; did you mean 'rntuple'"):
        generate("five-jets", 10, output, format="ntuple")
    assert not cache.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["pythia8mc", "fastjet"])
def test_a_missing_generator_names_the_extra(
    package: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingToolError, match=rf"'{package}' is not installed.*keras_hep\[samples\]"):
        generate("five-jets", 10, tmp_path / "jets.root", progress=False)
