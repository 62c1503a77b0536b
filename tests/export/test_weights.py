"""Weights as text and as base64."""

import base64
import json
import shutil

import jsonschema
import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.cli.export import Weights
from keras_hep.errors import ExportError
from keras_hep.export import check, export, schema
from keras_hep.export.schema import json_schema
from tests.cpp.networks import plain_spec, randomised, tagger
from tests.cpp.test_runtime import loads  # noqa: F401 - a fixture


def shared_and_wide():
    both = layers.Dense(40, activation="tanh", name="both")
    given = keras.Input((40,), name="x")
    return randomised(keras.Model(given, layers.Dense(3)(layers.BatchNormalization()(both(both(given))))))


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_base64_is_the_same_network_in_less_space(tmp_path):
    model = shared_and_wide()
    text = export(model, tmp_path / "text.json")
    packed = export(model, tmp_path / "packed.json", weights="base64")
    assert packed.stat().st_size < 0.75 * text.stat().st_size
    raw = json.loads(packed.read_text())
    jsonschema.validate(raw, json_schema())
    assert raw["nodes"][1]["weights"].keys() == {"base64"}
    assert schema.read(packed) == schema.read(text)
    inputs = {"x": np.random.default_rng(1).normal(size=(100, 40)).astype(np.float32)}
    assert check(packed, model, inputs).require() == check(text, model, inputs).require()
    assert Weights("base64").value == "base64"


def test_other_encodings_are_refused(tmp_path):
    with pytest.raises(ExportError, match=r"'text' or 'base64'\. Received: 'hex'"):
        export(shared_and_wide(), tmp_path / "net.json", weights="hex")
    with pytest.raises(ExportError, match="something else than base64"):
        schema.unpacked({"weights": {"base64": "A"}})
    with pytest.raises(ExportError, match="something else than base64"):
        schema.unpacked({"weights": {"base64": "AAAA"}})


def encoded(numbers):
    return base64.b64encode(np.asarray(numbers, "<f4").tobytes()).decode()


def test_base64_in_cpp(loads, tmp_path):  # noqa: F811
    text = export(tagger("dense_tagger", plain_spec("jet"), units=(18, 5)), tmp_path / "net.json").read_bytes()
    weights = json.loads(text)["nodes"][2]["weights"]
    good = encoded(weights)
    here = "ParseError $.nodes[2].weights.base64: "
    cases = {
        json.dumps({"base64": good}): "ok",
        json.dumps([*weights[:-1], weights[-1] + 1]): "ok, but differs",
        json.dumps({"base64": encoded(weights[:-1])}): "ShapeError $.nodes[2].weights: expected 36 numbers, found 35",
        json.dumps({"base64": encoded([*weights[:-1], np.nan])}): here + "expected base64 of finite",
        json.dumps({"base64": ""}): "ShapeError $.nodes[2].weights: expected 36 numbers, found 0",
        json.dumps({"base64": good[:-1]}): here + "expected base64",
        json.dumps({"base64": "=" + good[1:]}): here + "expected base64",
        json.dumps({"base64": "é" * len(good)}): here + "expected base64",
        json.dumps({"base64": "AAA="}): here + "expected base64",
        json.dumps({"base64": 1}): here + "expected base64 in quotes, found '1'",
        json.dumps({"base64": good, "more": 1}): "ParseError $.nodes[2].weights: expected '}' behind base64",
        '{"base64": "AAAA': here + "expected",
    }
    place = json.dumps(weights).encode()
    assert place in text
    lines = loads([text.replace(place, case.encode()) for case in cases])
    for line, (case, expected) in zip(lines, cases.items(), strict=True):
        assert line.startswith(expected), (case, line)
    # A shape is written as numbers.
    assert loads([text.replace(b'"shape": [18]', b'"shape": {"base64": "AACQQQ=="}')])[0].startswith(
        "ParseError $.nodes[2].shape"
    )


def test_numbers_are_read_to_the_nearest_double(loads, tmp_path):  # noqa: F811
    """Every way to write a number gives the same network, also those that the quick reader leaves to the exact one."""
    text = export(tagger("dense_tagger", plain_spec("jet"), units=(18, 5)), tmp_path / "net.json").read_bytes()
    weights = json.loads(text)["nodes"][2]["weights"]
    ways = ["{!r}", "{:.30f}", "{:.20e}", "{:+.9e}", "{:.9E}", "{:.15g}", "  {!r}\t\n"]
    documents = []
    for way in ways:
        numbers = ",".join(way.format(value).replace("+0.", "0.").lstrip("+") for value in weights)
        documents.append(text.replace(json.dumps(weights).encode(), f"[{numbers}]".encode()))
    assert loads(documents) == ["ok"] * len(ways)
    wrong = ["01", "1.", ".5", "-", "1e", "1e+", "+1", "1e999", "--1", "1.e5", "0x1", "NaN"]
    lines = loads([text.replace(json.dumps(weights).encode(), f"[0.5, {number}]".encode()) for number in wrong])
    assert all(line.startswith("ParseError $.nodes[2].weights") for line in lines), lines
