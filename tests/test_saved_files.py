"""Files of every released version stay readable and mean the same; a new version adds a folder, and changes none."""

import json
from pathlib import Path

import numpy as np
import pytest

from keras_hep import models
from keras_hep.data import FeatureSpec
from keras_hep.firmware import Design
from keras_hep.layers import feature_spec_of
from keras_hep.quantization import firmware_core, load_quantized

VERSIONS = sorted((Path(__file__).parent / "fixtures" / "saved").iterdir())


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def saved(request):
    return request.param


@pytest.fixture
def expected(saved):
    return json.loads((saved / "expected.json").read_text())


def test_specification(saved, expected):
    assert FeatureSpec.load(saved / "spec.yaml").to_dict() == expected["spec"]


def test_float_model(saved, expected):
    model = models.load(saved / "model.keras")
    inputs = {name: np.array(values, np.float32) for name, values in expected["inputs"].items()}
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected["probabilities"], atol=1e-6)
    assert feature_spec_of(model).to_dict() == FeatureSpec.load(saved / "spec.yaml").to_dict()


def test_deep_sets(saved, expected):
    model = models.load(saved / "deep_sets.keras")
    inputs = {name: np.array(values, np.float32) for name, values in expected["set_inputs"].items()}
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected["set_probabilities"], atol=1e-6)


def test_quantized_model(saved, expected):
    model = load_quantized(saved / "quantized.keras")
    integers = np.array(expected["integers"], np.float32)
    assert np.array_equal(firmware_core(model).predict(integers, verbose=0), np.array(expected["logits"], np.float32))


def test_design(saved, expected):
    design = Design.load(saved / "design.yaml")
    assert design.model_dump(mode="json") == expected["design"]
