"""Threads, and the sanitisers of the compiler over everything that users call."""

import shutil
import subprocess

import keras
import numpy as np
import pytest

from keras_hep.export import export
from tests.cpp.networks import plain_spec, randomised, sequences, tagger
from tests.cpp.programs import ADDRESS, HERE, STRICT, THREAD, build_with_sanitiser
from tests.export.layer_makers import random_graph

pytestmark = [
    pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++"),
    # An attention over a single entry is a graph like another one.
    pytest.mark.filterwarnings("ignore:[^Y]*You are using a softmax over axis"),
]

FLAGS = {"thread": THREAD, "address": ADDRESS}


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    dense = tagger("dense_tagger", plain_spec("jet"), units=(18, 5), activation="elu")
    sets = tagger("deep_sets", plain_spec("tracks", 4), phi=(6, 5), f=(4,), activation="elu")
    return [export(dense, folder / "dense.json"), export(sets, folder / "sets.json", vectors=4)]


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphs")
    models = [randomised(random_graph(np.random.default_rng(seed)), seed) for seed in range(5000, 5012)]
    models.append(sequences())
    keras.utils.clear_session(free_memory=False)
    return [export(model, folder / f"{number}.json", vectors=2) for number, model in enumerate(models)]


def run(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("sanitiser", FLAGS)
def test_threads_share_a_network(sanitiser, nets, graphs, tmp_path):
    run(build_with_sanitiser(HERE / "threads.cpp", tmp_path / "threads", FLAGS[sanitiser], *STRICT), *nets, *graphs)


def test_the_interface_under_the_sanitisers(nets, tmp_path):
    run(build_with_sanitiser(HERE / "interface.cpp", tmp_path / "interface", ADDRESS), *nets)


def test_all_ways_of_evaluation_under_the_sanitisers(graphs, tmp_path):
    run(build_with_sanitiser(HERE / "graphs.cpp", tmp_path / "graphs", ADDRESS), *graphs)
