"""The C++ runtime called from Python gives what Keras gives, and its errors are ours."""

import gc
import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_hep.cpp import tools_dir
from keras_hep.errors import DataError, ExportError, ParityError
from keras_hep.export import Network, export
from keras_hep.layers import MaskedSum, Preprocessing
from tests.cpp.networks import plain_spec, randomised, rich_spec, tagger
from tests.cpp.test_runtime import STRICT, build_program

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

LENGTH = 4


def tracks(events, seed=3):
    random = np.random.default_rng(seed)
    mask = (np.arange(LENGTH) < random.integers(0, LENGTH + 1, events)[:, None]).astype(np.float32)
    values = random.normal(30, 10, (events, LENGTH, 2)).astype(np.float32)
    return {"tracks": values * mask[..., None], "tracks_mask": mask}


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    model = tagger("dense_tagger", plain_spec("jet"), units=(18, 5), activation="elu")
    return model, export(model, tmp_path_factory.mktemp("dense") / "net.json")


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    model = tagger("deep_sets", plain_spec("tracks", LENGTH), phi=(6, 5), f=(4,), activation="elu")
    return model, export(model, tmp_path_factory.mktemp("sets") / "net.json")


def test_it_says_what_it_takes_and_gives(dense, sets):
    net, sequence = Network(dense[1]), Network(str(sets[1]))
    assert net.inputs == {"jet": (2,)} and sequence.inputs == {"tracks": (LENGTH, 2)}
    assert net.outputs == sequence.outputs == {"probabilities": ("a", "b", "c")}


@pytest.mark.parametrize("reproducible", [False, True])
def test_vectors(dense, reproducible):
    model, path = dense
    jets = np.random.default_rng(1).normal(30, 20, (333, 2))
    jets[::7, 0] = np.nan  # has a default
    net = Network(path, reproducible=reproducible)
    found = net.predict({"jet": jets})
    assert list(found) == ["probabilities"]
    np.testing.assert_allclose(found["probabilities"], model({"jet": jets.astype(np.float32)}), atol=1e-5)
    assert net.predict({"jet": np.zeros((0, 2))})["probabilities"].shape == (0, 3)
    assert net.predict({"jet": [[81, 0.7]]})["probabilities"].shape == (1, 3)
    backwards = net.predict({"jet": np.asfortranarray(jets)})
    np.testing.assert_array_equal(backwards["probabilities"], found["probabilities"])


def test_sequences(sets):
    model, path = sets
    net = Network(path)
    inputs = tracks(200)
    found = net.predict(inputs)["probabilities"]
    np.testing.assert_allclose(found, model(inputs), atol=1e-5)
    whole = net.predict({"tracks": inputs["tracks"]})["probabilities"]
    ones = np.ones_like(inputs["tracks_mask"])
    np.testing.assert_allclose(whole, model({**inputs, "tracks_mask": ones}), atol=1e-5)
    assert np.abs(whole - found).max() > 1e-3
    padding = np.where(inputs["tracks_mask"][..., None] > 0, inputs["tracks"], np.float32(np.nan))
    np.testing.assert_array_equal(net.predict({**inputs, "tracks": padding})["probabilities"], found)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A network with a vector, a sequence, and two outputs."""
    spec = rich_spec(5)
    jet, parts = keras.Input((6,), name="jet"), keras.Input((5, 6), name="parts")
    mask = keras.Input((5,), name="parts_mask")
    x = MaskedSum(scale=0.2)([Preprocessing(spec, "parts")(parts), mask])
    x = keras.layers.Concatenate()([Preprocessing(spec, "jet")(jet), x])
    outputs = {
        "score": keras.layers.Dense(1, activation="sigmoid", name="score")(x),
        "hidden": keras.layers.Dense(4, activation="tanh", name="hidden")(x),
    }
    model = randomised(keras.Model({"jet": jet, "parts": parts, "parts_mask": mask}, outputs))
    return model, export(model, tmp_path_factory.mktemp("both") / "net.json")


def test_several_inputs_outputs_and_threads(both):
    model, path = both
    net = Network(path)
    assert net.inputs == {"jet": (6,), "parts": (5, 6)}
    random = np.random.default_rng(4)
    inputs = {name: random.uniform(0.1, 2, (500, *shape)).astype(np.float32) for name, shape in net.inputs.items()}
    inputs["parts_mask"] = (np.arange(5) < random.integers(0, 6, 500)[:, None]).astype(np.float32)
    expected = model(inputs)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(net.predict, [inputs] * 12):
            assert found.keys() == net.outputs.keys() == {"score", "hidden"}
            for name, values in found.items():
                np.testing.assert_allclose(values, expected[name], atol=1e-5)
    with pytest.raises(DataError, match=r"different numbers of events: \{'jet': 500, 'parts': 3\}"):
        net.predict({**inputs, "parts": inputs["parts"][:3]})


def test_every_thread_gets_what_keras_gives():
    """Named features with defaults for NaN, scaling, matrices, a scan that minds its mask; one network for all threads."""
    spec = rich_spec(5)
    jet, parts = keras.Input((6,), name="jet"), keras.Input((5, 6), name="parts")
    mask = keras.Input((5,), name="parts_mask")
    x = keras.layers.Dense(6, activation="elu")(Preprocessing(spec, "jet")(jet))
    scanned = keras.layers.LSTM(6)(Preprocessing(spec, "parts")(parts), mask=mask)
    x = keras.layers.Concatenate()([keras.layers.BatchNormalization()(x), scanned])
    scores = keras.layers.Dense(3, activation="softmax", name="scores")(x)
    model = randomised(keras.Model([jet, parts, mask], scores))
    random = np.random.default_rng(9)
    inputs = {
        "jet": random.uniform(0.1, 40, (300, 6)).astype(np.float32),
        "parts": random.uniform(0.1, 40, (300, 5, 6)).astype(np.float32),
        "parts_mask": (np.arange(5) < random.integers(0, 6, 300)[:, None]).astype(np.float32),
    }
    for column, feature in enumerate(spec.inputs[0].features):
        if feature.default is not None:
            inputs["jet"][column::7, column] = np.nan
    with tempfile.TemporaryDirectory() as folder:
        net = Network(export(model, Path(folder) / "net.json", inputs))
    expected = np.asarray(model(inputs))
    assert np.isnan(inputs["jet"]).any() and np.ptp(expected, axis=0).min() > 0.1
    with ThreadPoolExecutor(4) as pool:
        answers = [answer["scores"] for answer in pool.map(net.predict, [inputs] * 8)]
    np.testing.assert_allclose(answers[0], expected, atol=1e-5)
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])


def test_the_test_vectors_of_the_file(dense, tmp_path):
    assert 0 <= Network(dense[1]).self_check() < 1e-5
    document = json.loads(dense[1].read_text())
    document["test_vectors"][0]["outputs"]["probabilities"][0] += 0.5
    (tmp_path / "other.json").write_text(json.dumps(document))
    with pytest.raises(ParityError, match=r"other.json': test vector 0, output 'probabilities'"):
        Network(tmp_path / "other.json").self_check()


def test_files_that_are_no_networks(dense, tmp_path):
    with pytest.raises(ExportError, match=r"^'[^']*nowhere.json': \$: cannot be read"):
        Network(tmp_path / "nowhere.json")
    (tmp_path / "empty.json").write_text("")
    with pytest.raises(ExportError, match=r"empty.json': \$: expected a value"):
        Network(tmp_path / "empty.json")
    document = json.loads(dense[1].read_text())
    document["nodes"][2]["weights"] = [1.0]
    (tmp_path / "short.json").write_text(json.dumps(document))
    with pytest.raises(ExportError, match=r"\$\.nodes\[2\]\.weights: expected 36 numbers, found 1"):
        Network(tmp_path / "short.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tracks": None}, "the values of the input 'tracks' are missing: did you mean 'track'"),
        ({"tracks": np.zeros((3, 2))}, r"'tracks' takes the shape \(events, 4, 2\). Received: \(3, 2\)"),
        ({"tracks": np.zeros((3, 2, 4))}, r"Received: \(3, 2, 4\)"),
        ({"tracks": [["a", "b"]]}, "the values of 'tracks' are no array of numbers"),
        ({"tracks": [[1.0], [1.0, 2.0]]}, "the values of 'tracks' are no array of numbers"),
        ({"tracks_mask": np.ones((2, 4))}, r"the mask of 'tracks' takes the shape \(3, 4\). Received: \(2, 4\)"),
        ({"tracks_mask": np.eye(3, 4)}, "the mask of 'tracks' must be 1 for the first entries"),
        ({"tracks_mask": np.full((3, 4), 0.5)}, "the mask of 'tracks' must be 1 for the first entries"),
    ],
)
def test_wrong_inputs(sets, change, message):
    inputs = {**tracks(3), **change, "track": np.zeros(3)}
    with pytest.raises(DataError, match=message):
        Network(sets[1]).predict({name: value for name, value in inputs.items() if value is not None})


def test_networks_can_go(dense):
    net = Network(dense[1])
    other = Network(dense[1])
    expected = net.predict({"jet": [[1, 2]]})
    del net
    gc.collect()
    np.testing.assert_array_equal(other.predict({"jet": [[1, 2]]})["probabilities"], expected["probabilities"])


def test_the_library_compiles_without_warning(tmp_path):
    build_program(tools_dir() / "library.cpp", tmp_path / "library.so", "-O0", "-shared", "-fPIC", *STRICT)
