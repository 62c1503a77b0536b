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


@pytest.mark.parametrize("name", keras_hep.__all__)
def test_every_public_name_resolves(name):
    assert getattr(keras_hep, name) is not None


def test_dir_lists_the_public_names():
    assert set(dir(keras_hep)) == set(keras_hep.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'modles'"):
        _ = keras_hep.modles
