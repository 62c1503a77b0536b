import json
import subprocess
import sys

import pytest

import keras_hep


def in_fresh_python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_brings_no_heavy_package():
    heavy = ["tensorflow", "keras", "torch", "jax", "uproot", "matplotlib", "sklearn", "hls4ml", "qkeras"]
    code = f"import json, sys, keras_hep; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    assert json.loads(in_fresh_python(code)) == []


def test_reading_data_brings_no_keras():
    code = "import json, sys, keras_hep; keras_hep.data.read_events; print(json.dumps('keras' in sys.modules))"
    assert json.loads(in_fresh_python(code)) is False


def test_samples_are_an_attribute_of_data_and_come_when_asked_for():
    code = "import sys; from keras_hep import data; a = 'keras_hep.data.samples.pythia' in sys.modules; data.samples.load; print(a)"
    assert in_fresh_python(code).strip() == "False"
    with pytest.raises(AttributeError, match="no attribute 'sample'"):
        _ = keras_hep.data.sample


@pytest.mark.parametrize("name", keras_hep.__all__)
def test_every_public_name_resolves(name):
    assert getattr(keras_hep, name) is not None


def test_dir_lists_the_public_names():
    assert set(dir(keras_hep)) == set(keras_hep.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'modles'"):
        _ = keras_hep.modles
