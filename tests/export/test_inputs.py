"""Inputs of any shape: plain tensors, grids of features, whole numbers."""

import shutil
import subprocess

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.data import FeatureSpec
from keras_hep.errors import DataError, ExportError
from keras_hep.export import export, include_dir
from keras_hep.export.document import trace
from keras_hep.export.graph import calls_of
from keras_hep.export.inputs import inputs_of
from keras_hep.export.vectors import checked_inputs, synthetic_inputs
from keras_hep.layers import Preprocessing
from tests.contracts.exportable import check_exportable
from tests.cpp import test_runtime
from tests.cpp.networks import plain_spec, randomised


def drawn(model, events=100):
    return synthetic_inputs(trace(model), events, seed=4)


def cells_spec():
    features = [{"name": "e", "default": 1.0, "offset": -2.0, "scale": 0.5}, {"name": "t", "offset": 0.1, "scale": 0.8}]
    return FeatureSpec.from_dict({"inputs": [{"name": "cells", "grid": [2], "features": features}]})


def mixed():
    image, cells, jet = (
        keras.Input((2, 3, 1), name="image"),
        keras.Input((2, 2), name="cells"),
        keras.Input((1,), name="jet"),
    )
    grid = layers.Flatten()(Preprocessing(cells_spec(), "cells")(cells))
    pixels = layers.Flatten()(layers.Dense(2, activation="tanh")(image))
    return randomised(keras.Model([image, cells, jet], layers.Dense(3)(layers.Concatenate()([pixels, grid, jet]))))


@pytest.mark.parametrize("shape", [(40, 40, 1), (7, 3), (2, 3, 2, 2)])
def test_plain_tensors(shape, tmp_path):
    given = keras.Input(shape, name="x")
    x = layers.BatchNormalization()(layers.Dense(2, activation="elu")(given))
    model = randomised(keras.Model(given, layers.Dense(3)(layers.Flatten()(x))))
    document, _ = check_exportable(model, drawn(model), tmp_path)
    assert document["inputs"] == [{"name": "x", "shape": list(shape), "length": None, "features": None}]
    assert len(document["test_vectors"][0]["inputs"]["x"]) == np.prod(shape)


def test_tensors_grids_and_vectors_together(tmp_path):
    model = mixed()
    inputs = drawn(model)
    assert np.isnan(inputs["cells"][:, :, 0]).any()
    document, _ = check_exportable(model, inputs, tmp_path)
    assert [entry["shape"] for entry in document["inputs"]] == [[2, 3, 1], [2, 2], [1]]
    assert [feature["name"] for feature in document["inputs"][1]["features"]] == ["e", "t"]


def test_images_that_a_specification_draws(tmp_path):
    drawn_from = {"pixels": 5, "half_width": 1.0, "x": "part_eta", "y": "part_phi"}
    features = [{"name": "pt", "default": 0.0, "clip": [0.0, 10.0], "transform": "sqrt", "offset": -1.0, "scale": 0.5}]
    spec = FeatureSpec.from_dict({"inputs": [{"name": "image", "image": drawn_from, "features": features}]})
    given = keras.Input((5, 5, 1), name="image")
    model = randomised(keras.Model(given, layers.Dense(2)(layers.Flatten()(Preprocessing(spec, "image")(given)))))
    check_exportable(model, drawn(model), tmp_path)


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_calls_in_cpp(tmp_path):
    program = tmp_path / "tensors"
    source = test_runtime.HERE / "tensors.cpp"
    flags = ["-std=c++17", "-O0", *test_runtime.STRICT, "-I", str(include_dir()), "-I", str(test_runtime.HERE)]
    subprocess.run(["g++", *flags, str(source), "-o", str(program)], check=True)
    done = subprocess.run(
        [program, export(mixed(), tmp_path / "net.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_whole_numbers_are_drawn_and_checked():
    index = keras.Input((4,), name="index", dtype="int32")
    other = keras.Input((2, 2), name="other")
    embedded = [layers.Embedding(5, 2)(index), layers.Embedding(3, 2)(layers.Reshape((4,))(index))]
    model = keras.Model([index, other], [*embedded, layers.Embedding(9, 1)(layers.Flatten()(other))])
    inputs = {entry.name: entry for entry in inputs_of(calls_of(model)[0])}
    assert inputs["index"].categories == 3 and inputs["other"].categories == 9
    traced = trace(keras.Model(index, layers.Flatten()(index)))
    values = synthetic_inputs(traced, 50)["index"]
    assert set(values.ravel()) == set(range(10))
    with pytest.raises(DataError, match=r"'index' \(int32\) takes whole numbers"):
        checked_inputs(traced, {"index": np.full((2, 4), 0.5)})


def test_values_that_do_not_fit(tmp_path):
    model = mixed()
    inputs = drawn(model, 3)
    inputs["image"][1, 0, 0] = np.inf
    with pytest.raises(DataError, match="input 'image' is NaN or infinite in event 1"):
        export(model, tmp_path / "net.json", inputs)
    with pytest.raises(DataError, match=r"'cells' takes the shape \(events, 2, 2\)"):
        export(model, tmp_path / "net.json", {**inputs, "cells": inputs["cells"][:, :1]})
    given = keras.Input((None, 3), name="x")
    with pytest.raises(ExportError, match=r"'x' has the shape \(None, None, 3\).*pad and mask"):
        export(keras.Model(given, layers.Dense(2)(given)), tmp_path / "net.json")
    tracks = keras.Input((5, 2), name="tracks")
    with pytest.raises(ExportError, match=r"'tracks' has the shape \(5, 2\), its specification \(4, 2\)"):
        export(keras.Model(tracks, Preprocessing(plain_spec("tracks", 4), "tracks")(tracks)), tmp_path / "net.json")
