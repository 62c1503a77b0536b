"""Random graphs of every layer: C++ in all its ways against Keras."""

import os
import shutil
import subprocess

import keras
import numpy as np
import pytest

from keras_hep.export import export
from tests.cpp.networks import randomised
from tests.cpp.programs import HERE, STRICT, build_program
from tests.export.layer_makers import LAYERS, random_graph

pytestmark = [
    pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++"),
    # An attention over a single entry is a graph like another one.
    pytest.mark.filterwarnings("ignore:[^Y]*You are using a softmax over axis"),
]

NIGHTLY = os.environ.get("KERAS_HEP_NIGHTLY") == "1"
BATCHES, GRAPHS = (50, 50) if NIGHTLY else (4, 55)  # graphs of a batch, which one call of the program evaluates
TOLERANCE = 1e-5  # relative to the largest value of any node, at least 1


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    return build_program(HERE / "graphs.cpp", tmp_path_factory.mktemp("graphs") / "graphs", "-O1", *STRICT)


@pytest.fixture(scope="module")
def seen():
    return set()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_graphs(batch, graphs, seen, tmp_path):
    seeds = range(batch * GRAPHS, (batch + 1) * GRAPHS)
    paths = []
    for seed in seeds:
        keras.utils.clear_session(free_memory=False)
        model = randomised(random_graph(np.random.default_rng(seed)), seed)
        seen.update(type(layer).__name__ for layer in model.layers)
        paths.append(export(model, tmp_path / f"{seed}.json", vectors=6))
    done = subprocess.run([graphs, *paths], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == GRAPHS, f"seed {seeds[min(len(lines), GRAPHS) - 1]}: {done.stderr}"
    for seed, line in zip(seeds, lines, strict=True):
        *differences, scale = map(float, line.split())
        assert max(differences) <= TOLERANCE, f"seed {seed}: differences {differences} at values up to {scale}"


def test_every_layer_of_the_table_was_there(seen):
    assert len(seen) > len(LAYERS) / 2
