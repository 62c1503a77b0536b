import inspect
import re

import keras
import numpy as np
import pytest

from keras_hep.errors import FeatureError, ModelError
from keras_hep.layers import feature_spec_of
from keras_hep.models import build, entry, load, names, register, registry, save


@pytest.fixture
def own_entries(monkeypatch):
    """A registry that the test may change."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))


def test_names_are_sorted_and_hold_the_first_two_taggers():
    assert names() == sorted(names())
    assert {"deep_sets", "dense_tagger"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_every_entry_is_complete(name):
    known = entry(name)
    assert known.name == name
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert re.fullmatch(r"\d{4}\.\d{4,5}", known.paper), known.paper
    assert known.task
    assert known.inputs
    assert known.paper in inspect.getdoc(known.builder)
    assert inspect.Parameter.empty not in known.arguments.values(), "every argument has a default"
    assert next(iter(inspect.signature(known.builder).parameters)) == "spec"


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(
        ModelError, match=r"there is no model 'dense_tager': did you mean 'dense_tagger'.*Known: .*deep_sets"
    ):
        entry("dense_tager")


def test_a_name_is_given_once(own_entries):
    with pytest.raises(ModelError, match=r"'deep_sets' is taken by keras_hep\.models\.taggers\.deep_sets"):
        register("deep_sets", task="classification", inputs=("features",), paper="1703.06114")(lambda spec: None)


def test_a_registered_builder_is_built_with_its_inputs_only(own_entries, fitted_spec):
    received = {}

    @register("mine", task="classification", inputs=("constituents", "features"), paper="1703.06114")
    def mine(spec, depth=2):
        received.update(inputs=[i.name for i in spec.inputs], depth=depth, classes=spec.class_names)

    build("mine", fitted_spec, depth=5)
    assert received == {"inputs": ["constituents", "jet"], "depth": 5, "classes": ("g", "q", "w", "z", "t")}
    assert entry("mine").arguments == {"depth": 2}


def test_a_model_of_two_inputs_of_one_kind_needs_two(own_entries, fitted_spec):
    @register("two", task="classification", inputs=("features", "features"), paper="1703.06114")
    def two(spec):
        raise AssertionError("must not be built")

    with pytest.raises(
        ModelError, match=r"'two' needs an input that is a vector .*: jet \(16,\), constituents \(8, 4\)"
    ):
        build("two", fitted_spec)


def test_what_keras_refuses_is_a_model_error(fitted_spec):
    with pytest.raises(ModelError, match=r"'dense_tagger' cannot be built with .*'activation': 'rellu'.*rellu"):
        build("dense_tagger", fitted_spec, activation="rellu")
    with pytest.raises(ModelError, match=r"'deep_sets' cannot be built with .*dropout"):
        build("deep_sets", fitted_spec, dropout=1.5)


def test_an_unfitted_specification_is_refused(spec):
    with pytest.raises(FeatureError, match="is not fitted"):
        build("dense_tagger", spec)


@pytest.fixture
def model(fitted_spec):
    return build("dense_tagger", fitted_spec, units=(4,))


def test_a_model_goes_through_its_file(model, events, tmp_path):
    path = save(model, tmp_path / "deep" / "model.keras")
    inputs = {"jet": events.inputs["jet"]}
    np.testing.assert_array_equal(load(path).predict(inputs, verbose=0), model.predict(inputs, verbose=0))
    assert feature_spec_of(load(str(path))) == feature_spec_of(model)
    assert [p.name for p in path.parent.iterdir()] == ["model.keras"]


def test_saving_asks_for_the_right_suffix(model, tmp_path):
    with pytest.raises(ModelError, match=r"saved as \.keras\. Received: '.*model\.h5'"):
        save(model, tmp_path / "model.h5")


@pytest.mark.parametrize("file", ["absent.keras", ""])
def test_loading_a_missing_file(file, tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        load(tmp_path / file)


def test_loading_another_kind_of_file(tmp_path):
    (tmp_path / "model.h5").touch()
    with pytest.raises(ModelError, match=r"is not a \.keras file"):
        load(tmp_path / "model.h5")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_loading_a_file_cut_short(model, share, tmp_path):
    content = save(model, tmp_path / "model.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match=r"cut\.keras' cannot be loaded"):
        load(tmp_path / "cut.keras")


def test_loading_runs_no_code_from_the_file(tmp_path):
    values = keras.Input((2,))
    model = keras.Model(values, keras.layers.Lambda(lambda x: x * 2, output_shape=(2,))(values))
    model.save(tmp_path / "model.keras")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(tmp_path / "model.keras")


class Doubled(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2


def test_a_layer_that_is_not_known_must_be_handed_over(tmp_path):
    values = keras.Input((2,))
    keras.Model(values, Doubled()(values)).save(tmp_path / "model.keras")
    loaded = load(tmp_path / "model.keras", {"Doubled": Doubled})
    np.testing.assert_array_equal(loaded.predict(np.ones((1, 2)), verbose=0), [[2, 2]])
