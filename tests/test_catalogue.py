"""Walks the catalogue of systems; ``python -m tests.test_catalogue`` prints how much of it is complete, as JSON."""

import importlib
import inspect
import json
from pathlib import Path

import pytest
import yaml

from keras_hep.models import entry
from tests import mutations

HERE = Path(__file__).parent
PARTS = ("registry", "contract", "property", "mutation", "benchmark")
GROUPS = {"T": 28, "G": 11, "A": 5, "R": 10, "F": 5, "E": 2}
ROWS = yaml.safe_load((HERE / "catalogue.yaml").read_text(encoding="utf-8"))


def with_parts(*parts):
    """Return one test parameter for each row that has all of these parts."""
    return [pytest.param(row, id=row["id"]) for row in ROWS if all(row[part] is not None for part in parts)]


def find(reference):
    """Return the function that ``module:function`` names."""
    module, _, function = reference.partition(":")
    return getattr(importlib.import_module(module), function)


def summary():
    """Return how many rows are complete, and which parts of each of the others are open."""
    missing = {row["id"]: [part for part in PARTS if row[part] is None] for row in ROWS}
    return {
        "rows": len(ROWS),
        "complete": sum(not parts for parts in missing.values()),
        "started": sum(0 < len(parts) < len(PARTS) for parts in missing.values()),
        "open": {row: parts for row, parts in missing.items() if parts},
    }


def test_every_row_is_there_exactly_once():
    expected = [f"{group}{number}" for group, count in GROUPS.items() for number in range(1, count + 1)]
    assert len(expected) == 61
    assert [row["id"] for row in ROWS] == expected


@pytest.mark.parametrize("row", with_parts())
def test_a_row_says_or_leaves_open_every_part(row):
    assert set(row) == {"id", "title", *PARTS}
    assert row["title"]
    for part in PARTS:
        without_model = part == "registry" and row["id"][0] in "RFE"
        assert row[part] is None or row[part] or without_model, f"{part} is empty; write null where it is open"
    assert row["registry"] is None or isinstance(row["registry"], list)


@pytest.mark.parametrize("row", with_parts("registry"))
def test_the_names_are_registered(row):
    for name in row["registry"]:
        assert entry(name).name == name


@pytest.mark.parametrize("part", ["contract", "property"])
@pytest.mark.parametrize("row", with_parts())
def test_the_tests_exist(row, part):
    if row[part] is not None:
        function = find(row[part])
        assert callable(function)
        assert function.__name__.startswith("test_"), "only what pytest collects is a test"


@pytest.mark.parametrize("row", with_parts("mutation"))
def test_the_mutation_is_named(row):
    assert row["mutation"] in mutations.__all__
    assert row["property"] is not None, "a mutation without a property test proves nothing"


def test_the_benchmarks_exist():
    for row in ROWS:
        if row["benchmark"] is not None:
            path = HERE.parent / row["benchmark"]
            assert path.is_relative_to(HERE.parent / "benchmarks"), row["id"]
            assert path.is_file(), row["id"]


@pytest.mark.parametrize("row", with_parts("property", "mutation"))
def test_the_property_fails_under_its_mutation(row):
    prove = find(row["property"])
    assert not inspect.signature(prove).parameters, "a property test takes no fixtures"
    prove()
    with getattr(mutations, row["mutation"])(), pytest.raises(AssertionError):
        prove()
    prove()


def test_every_mutation_is_used():
    assert set(mutations.__all__) == {row["mutation"] for row in ROWS} - {None}


def test_the_summary_counts_rows():
    found = summary()
    assert found["rows"] == 61
    assert found["complete"] + len(found["open"]) == 61
    assert found["complete"] == sum(all(row[part] is not None for part in PARTS) for row in ROWS)
    assert all(parts and set(parts) <= set(PARTS) for parts in found["open"].values())


if __name__ == "__main__":
    print(json.dumps(summary(), indent=2))
