"""Shared fixtures: small toy jets, the files they stand in, their feature specification; seeds and the cache directory."""

import os
import random
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import awkward as ak
import hypothesis
import numpy as np
import pytest
import uproot

from keras_hep.data import FeatureSpec, fit
from keras_hep.data.cutting import cut_columns

# The same examples on every run, and one error a failure: a mutation test must see the assertion itself.
hypothesis.settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, report_multiple_bugs=False
)
hypothesis.settings.load_profile("repeatable")

CLASSES = ("g", "q", "w", "z", "t")
OBSERVABLES = ("j_pt", "j_mass", "j_mult", "j_dispersion", *(f"j_shape{i}" for i in range(1, 13)))


def toy_jets(events=400, seed=1):
    """Return columns of toy jets of five classes: 16 flat observables, jagged constituents, labels and weights.

    Some jets have no constituents, some have more than any padding length used here, and ``j_dispersion`` is NaN for jets
    without constituents, as a real observable would be.
    """
    rng = np.random.default_rng(seed)
    label = rng.integers(0, len(CLASSES), events)
    number = rng.poisson(4 + 2 * label)
    number[rng.random(events) < 0.03] = 0
    total = int(number.sum())
    pt = rng.exponential(20.0, total) * np.repeat(1 + 0.5 * label, number)
    jagged = {
        "part_pt": pt,
        "part_eta": rng.normal(0, 0.1, total) * np.repeat(1 + label, number),
        "part_phi": rng.normal(0, 0.2, total),
        "part_charge": rng.integers(-1, 2, total),
    }
    columns = {f"j_{name}": (label == i).astype(np.int32) for i, name in enumerate(CLASSES)}
    columns["j_pt"] = 500 + 200 * rng.exponential(1.0, events)
    columns["j_mass"] = np.where(label > 1, 80.0, 10.0) + 20 * label * rng.random(events)
    columns["j_mult"] = number.astype(np.int32)
    columns["j_dispersion"] = np.where(number > 0, rng.random(events) + 0.1 * label, np.nan)
    for i in range(1, 13):
        columns[f"j_shape{i}"] = rng.normal(0.3 * (label == i % 5), 0.5 + 0.1 * i, events)
    columns["j_weight"] = rng.uniform(0.5, 1.5, events)
    flat = {n: v.astype(np.float32) if v.dtype == np.float64 else v for n, v in columns.items()}
    return flat | {
        n: ak.unflatten(v.astype(np.float32 if v.dtype == np.float64 else np.int32), number) for n, v in jagged.items()
    }


def toy_spec(length=8):
    """Return the unfitted specification of the toy jets: the vector ``jet`` and the sequence ``constituents``."""
    special = {
        "j_mass": {"clip": [1.0, 1000.0], "transform": "log", "unit": "GeV"},
        "j_pt": {"clip": [0.0, 4000.0], "transform": "sqrt", "unit": "GeV"},
        "j_mult": {"transform": "asinh"},
        "j_dispersion": {"default": -1.0},
    }
    constituents = [
        {"name": "pt", "branch": "part_pt", "unit": "GeV", "clip": [0.01, 1000.0], "transform": "log"},
        {"name": "eta", "branch": "part_eta"},
        {"name": "phi", "branch": "part_phi"},
        {"name": "charged", "expression": "abs(part_charge)"},
    ]
    return FeatureSpec.from_dict(
        {
            "tree": "jets",
            "inputs": [
                {"name": "jet", "features": [{"name": name, **special.get(name, {})} for name in OBSERVABLES]},
                {"name": "constituents", "length": length, "order": "-part_pt", "features": constituents},
            ],
            "classes": {name: f"j_{name} == 1" for name in CLASSES},
            "weight": "j_weight",
        }
    )


def toy_events(events=400, seed=1, length=8):
    """Return the toy jets as tensors, and the specification fitted on them."""
    spec = toy_spec(length)
    cut = cut_columns(toy_jets(events, seed), spec, "toy jets", 0).events()
    return cut, fit(spec, cut)


def write_tree(path, columns, name="jets"):
    """Write columns to a TTree (`uproot` writes an RNTuple when a mapping is assigned)."""
    kinds = {
        n: f"var * {ak.type(v).content.content}" if isinstance(v, ak.Array) else v.dtype for n, v in columns.items()
    }
    with uproot.recreate(path) as file:
        file.mktree(name, kinds).extend(columns)
    return path


def write_ntuple(path, columns, name="jets"):
    """Write columns to an RNTuple."""
    with uproot.recreate(path) as file:
        file[name] = columns
    return path


def rows(columns, start, stop):
    """Return the entries from `start` to `stop` of every column."""
    return {name: values[start:stop] for name, values in columns.items()}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Keep the tests away from the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def seeds():
    """Start every test from the same random state."""
    random.seed(1)
    np.random.seed(1)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(1)


@pytest.fixture(scope="session")
def jets():
    """Columns of 400 toy jets; not to be changed in place."""
    return toy_jets()


@pytest.fixture(scope="session")
def jet_file(jets, tmp_path_factory):
    """The toy jets in a TTree called ``jets``."""
    return write_tree(tmp_path_factory.mktemp("jets") / "jets.root", jets)


@pytest.fixture(scope="session")
def spec():
    """The unfitted specification of the toy jets."""
    return toy_spec()


@pytest.fixture(scope="session")
def events(jets, spec):
    """The toy jets as tensors."""
    return cut_columns(jets, spec, "toy jets", 0).events()


@pytest.fixture(scope="session")
def fitted_spec(spec, events):
    """The specification fitted on the toy jets."""
    return fit(spec, events)
