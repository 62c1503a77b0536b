"""Training on a stream: interrupted inside of an epoch it goes on to the same weights, bit for bit."""

import json

import keras
import numpy as np
import pytest

from keras_hep import models
from keras_hep.data import Dataset
from keras_hep.errors import DataError
from keras_hep.training import TrainConfig, feeding, fit_classifier
from keras_hep.workflow.train import train
from tests.conftest import toy_jets, toy_spec, write_tree


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    jets = toy_jets(400) | {"number": np.arange(400, dtype=np.int32)}
    return write_tree(tmp_path_factory.mktemp("streamed") / "jets.root", jets)


def streamed(file, part, **options):
    spec = toy_spec().model_copy(update={"identity": "number"})
    return Dataset(file, spec, part=part, **{"batch_size": 16, "chunk": 70, "buffer": 120, **options})


def trained(file, checkpoint=None, epochs=3):
    train_part, validation = streamed(file, "train"), streamed(file, "validation")
    spec = train_part.fit_spec()
    keras.utils.set_random_seed(5)
    model = models.build("deep_sets", spec, phi=[8], f=[8], dropout=0.2)
    history = fit_classifier(model, train_part, validation, epochs=epochs, checkpoint=checkpoint, patience=20)
    return model, history


class Interrupt(keras.callbacks.Callback):
    """Stands in for Ctrl-C after a number of batches."""

    left = None

    def on_train_batch_end(self, batch, logs=None):
        if Interrupt.left is not None:
            Interrupt.left -= 1
            if Interrupt.left == 0:
                raise KeyboardInterrupt


@pytest.mark.parametrize("batches", [3, 25])
def test_interrupted_inside_of_an_epoch_it_goes_on_bit_for_bit(file, tmp_path, monkeypatch, batches):
    whole, expected = trained(file)
    monkeypatch.setattr(feeding, "KEEP_SECONDS", 0.0)

    class Stopped(feeding._Keeper):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            Interrupt.on_train_batch_end(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(feeding, "_Keeper", Stopped)
        Interrupt.left = batches
        with pytest.raises(KeyboardInterrupt):
            trained(file, tmp_path)
        Interrupt.left = None
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["inside"]["batch"] == batches - 17 * state["epoch"]
    resumed, history = trained(file, tmp_path)
    assert history == expected
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stream_without_events_is_refused(file):
    empty = streamed(file, "train", chunk=10_000).with_spec(
        toy_spec().model_copy(update={"identity": "number", "selection": "j_pt < 0"})
    )
    model = models.build("dense_tagger", streamed(file, "train").fit_spec())
    with pytest.raises(DataError, match="no event is left to use"):
        fit_classifier(model, streamed(file, "train"), empty, epochs=1)
    with pytest.raises(DataError, match="balanced by their sampling"):
        fit_classifier(model, streamed(file, "train"), streamed(file, "validation"), epochs=1, balance=True)


def test_a_class_without_events_ends_the_training_after_its_first_epoch(file, caplog):
    validation = streamed(file, "validation")
    name = validation.spec.class_names[0]
    lacking = validation.with_spec(
        validation.spec.model_copy(update={"selection": f"not ({validation.spec.classes[name]})"})
    )
    model = models.build("dense_tagger", streamed(file, "train").fit_spec())
    with pytest.raises(DataError, match=f"the class '{name}' .* has no events to train on or to validate with"):
        fit_classifier(model, streamed(file, "train"), lacking, epochs=3)
    assert sum("has no events" in message for message in caplog.messages) == 1
    for _ in range(2):
        list(lacking)
    assert sum("has no events" in message for message in caplog.messages) == 1, "told once"


@pytest.mark.parametrize("sampling", [None, {"classes": "balanced"}])
def test_train_streams_when_asked(file, tmp_path, sampling):
    toy_spec().model_copy(update={"identity": "number"}).save(tmp_path / "spec.yaml")
    plain = {
        "data": {
            "files": str(file),
            "spec": str(tmp_path / "spec.yaml"),
            "stream": True,
            "chunk": 100,
            "sampling": sampling,
        },
        "model": {"name": "dense_tagger"},
        "epochs": 2,
        "batch_size": 32,
    }
    result = train(TrainConfig.from_dict(plain), tmp_path / "out")
    assert len(result.history["loss"]) == 2
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["events"]["counts"]["read"] == 400
    assert record["metrics"]["float"]["accuracy"] > 0.2
    plain["data"]["stream"] = False
    if sampling is None:
        memory = train(TrainConfig.from_dict(plain), tmp_path / "memory")
        assert len(memory.splits["test"]) == sum(len(b) for b in result.splits["test"])
    else:
        with pytest.raises(DataError, match="only streamed events are resampled"):
            train(TrainConfig.from_dict(plain), tmp_path / "memory")
