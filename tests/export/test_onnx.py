"""Export to ONNX: ONNX Runtime against Keras, and what cannot be written."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_hep.cli.export import Format
from keras_hep.cli.export import export as cli_export
from keras_hep.errors import DataError, ExportError, MissingToolError, ParityError
from keras_hep.export import check_onnx, export_onnx
from keras_hep.export.document import trace
from keras_hep.export.vectors import synthetic_inputs
from keras_hep.models import save
from tests.cpp.networks import randomised, rich_spec, tagger


@pytest.fixture
def installed():
    pytest.importorskip("tf2onnx")
    pytest.importorskip("onnxruntime")


def drawn(model, events=300):
    return synthetic_inputs(trace(model), events)


def two_outputs():
    given = keras.Input((3,), name="x")
    x = layers.Dense(4, activation="elu")(given)
    return randomised(
        keras.Model(given, {"b": layers.Dense(3, activation="softmax", name="b")(x), "a": layers.Dense(1, name="a")(x)})
    )


MODELS = {
    "dense_tagger": lambda: tagger("dense_tagger", rich_spec(), units=(7, 5)),
    "deep_sets": lambda: tagger("deep_sets", rich_spec(4), phi=(6, 5), f=(4,)),
    "two outputs": two_outputs,
}


@pytest.mark.parametrize("name", MODELS)
def test_onnx_runtime_gives_what_keras_gives(name, installed, tmp_path):
    model = MODELS[name]()
    inputs = drawn(model)
    parity = check_onnx(export_onnx(model, tmp_path / "net.onnx"), model, inputs).require()
    assert [layer.name for layer in parity.layers] == list(model.output_names) and parity.output.events == 300
    other = randomised(MODELS[name](), seed=5)
    with pytest.raises(ParityError, match="ONNX Runtime differs from Keras"):
        check_onnx(tmp_path / "net.onnx", other, inputs).require()


def test_what_does_not_fit_is_named(installed, tmp_path):
    model = two_outputs()
    path = export_onnx(model, tmp_path / "net.onnx")
    with pytest.raises(DataError, match="values of the input 'x' are missing"):
        check_onnx(path, model, {"y": np.zeros((2, 3))})
    with pytest.raises(DataError, match="no events"):
        check_onnx(path, model, {"x": np.zeros((0, 3))})
    with pytest.raises(ExportError, match="not exported from the model 'dense_tagger', which takes jet"):
        check_onnx(path, MODELS["dense_tagger"](), {"jet": np.zeros((2, 6))})


def test_models_that_cannot_be_written(installed, tmp_path):
    class Own(keras.Model):
        def call(self, inputs):
            return ops.relu(inputs)

    with pytest.raises(ExportError, match="'own' has no graph"):
        export_onnx(Own(name="own"), tmp_path / "net.onnx")
    given = keras.Input((3,), name="x")
    model = keras.Model(given, layers.Lambda(ops.lgamma if hasattr(ops, "lgamma") else ops.erfinv)(given), name="odd")
    with pytest.raises(ExportError, match=r"'odd' holds what ONNX has not.*(?i:lgamma|erfinv)"):
        export_onnx(model, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_command_line(jet_file, fitted_spec, installed, tmp_path, capsys):
    model = save(tagger("dense_tagger", fitted_spec, units=(5,)), tmp_path / "model.keras")
    cli_export(model, tmp_path / "net.onnx", format=Format.onnx, check=jet_file)
    out = capsys.readouterr().out
    assert "net.onnx" in out and "ONNX Runtime against Keras, within 1e-05: equal" in out
    assert (tmp_path / "net.onnx").is_file()


def test_without_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "tf2onnx", None)
    with pytest.raises(MissingToolError, match=r"keras_hep\[onnx\]"):
        export_onnx(two_outputs(), tmp_path / "net.onnx")
