"""Networks with axes of any size, in C++: all calls, threads that ask for new sizes, memory."""

import json
import shutil
import subprocess

import keras
import pytest
from keras import layers

from keras_hep.export import export
from keras_hep.layers import Preprocessing
from tests.cpp.networks import plain_spec, randomised
from tests.cpp.programs import HERE, STRICT, build_program
from tests.cpp.test_runtime import changed, loads

__all__ = ["loads"]

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    x = keras.Input((None, 3), name="x")
    y = layers.Dense(2)(layers.GRU(128, return_sequences=True)(layers.Conv1D(4, 3, padding="same")(x)))
    parts = keras.Input((None, 2), name="parts")
    z = layers.LSTM(3)(Preprocessing(plain_spec("parts", 9), "parts")(parts))
    image = keras.Input((None, None, 2), name="image")
    w = layers.MaxPooling2D(2, padding="same", name="pool")(layers.Conv2D(3, 2, padding="same", name="conv")(image))
    w = layers.GlobalAveragePooling2D(name="mean")(w)
    return [
        export(randomised(keras.Model(x, y)), folder / "plain.json", length=12),
        export(randomised(keras.Model(parts, z)), folder / "sequence.json"),
        export(randomised(keras.Model(image, w)), folder / "image.json", length={"image": (4, 5)}),
    ]


FLAGS = {
    "plain": ("-O2", *STRICT),
    "thread": ("-O1", "-g", "-fsanitize=thread"),
    "address": ("-O1", "-g", "-fsanitize=undefined", "-fno-sanitize-recover=all"),
}


@pytest.mark.parametrize("build", FLAGS)
def test_calls_threads_and_memory(build, nets, tmp_path):
    program = build_program(HERE / "open_axes.cpp", tmp_path / "open_axes", "-pthread", *FLAGS[build])
    done = subprocess.run([program, *nets], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


# Path, value, and what the message says behind the path.
WRONG = [
    (("inputs", 0, "length"), None, "expected an array of whole numbers, found null"),
    (("inputs", 0, "length"), [4, 0], "a size is zero, or the shape is larger than 2**26 values"),
    (("inputs", 0, "length"), [2**20, 2**20], "a size is zero, or the shape is larger than 2**26 values"),
    (("inputs", 0, "shape"), [None, None, None], "at most two sizes may be null"),
    (("inputs", 0, "shape"), [None, 0, 2], "a size is zero"),
    (("nodes", 0, "shape"), [3, None, 2], "expected [4, 5, 2], found [3, null, 2]"),
    (("nodes", 1, "padding"), "valid", "expected numbers or 'same', found 'valid'"),
    (("nodes", 1, "window"), [None, 2], "expected an array of whole numbers, found an array"),
    (("nodes", 2, "shape"), [None, 2, 3], "expected [2, 3, 3], found [null, 2, 3]"),
    (("nodes", 3, "window"), [None], "expected 2 numbers, found 1"),
    (("nodes", 3, "window"), [None, 0], "a size is zero"),
    (("nodes", 4, "shape"), [None, None], "at most one size may be null"),
    (("nodes", 4, "shape"), [None, 2], "expected as many values as in [1, 1, 3], found [1, 2]"),
]


def test_wrong_documents_name_the_path(nets, loads):
    text = nets[2].read_bytes()
    document = json.loads(text)
    assert [node["type"] for node in document["nodes"]] == [
        "input",
        "convolution",
        "max_pooling",
        "average_pooling",
        "reshape",
    ]
    lines = loads([changed(text, path, value) for path, value, _ in WRONG])
    for line, ((kind, number, key), value, message) in zip(lines, WRONG, strict=True):
        assert f" $.{kind}[{number}].{key}: {message}" in line, (key, value, line)


def test_mutated_sizes_are_refused_or_run(nets, loads):
    text = nets[2].read_bytes()
    nodes = json.loads(text)["nodes"]
    places = [("nodes", n, key) for n, node in enumerate(nodes) for key in node.keys() & {"window", "shape", "padding"}]
    values = [[None], [None, None], [None, None, 3], [1, None, 3], "same", [2, 1], None, [None] * 8, [2**26, None, 3]]
    damaged = [changed(text, path, value) for path in places for value in values]
    damaged += [changed(text, ("inputs", 0, "length"), [h, w]) for h in (1, 3, 2**12) for w in (1, 5, 2**13)]
    lines = loads(damaged)
    assert any(line.startswith("ok") for line in lines) and any("2**26" in line for line in lines)
