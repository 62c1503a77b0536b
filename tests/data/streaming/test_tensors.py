"""What reaches TensorFlow is what the batches hold, epoch by epoch."""

import keras
import numpy as np
import pytest

from keras_hep import models
from keras_hep.data import Dataset
from keras_hep.errors import FeatureError
from tests.conftest import toy_jets, toy_spec, write_tree


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    jets = toy_jets(300) | {"number": np.arange(300, dtype=np.int32)}
    return write_tree(tmp_path_factory.mktemp("tensors") / "jets.root", jets)


def dataset(file, **options):
    chosen = toy_spec().model_copy(update={"identity": "number", **options.pop("spec", {})})
    return Dataset(file, chosen, **{"batch_size": 32, "chunk": 70, "buffer": 120, **options})


def copied(batches):
    return [batch[np.arange(len(batch))] for batch in batches]


@pytest.mark.parametrize("group", [1, 3, 50])
def test_tensors_equal_the_batches_for_any_group(file, group):
    plain = dataset(file)
    tensors = dataset(file).to_tf(group=group)
    for _ in range(2):
        expected, found = copied(plain), list(tensors)
        assert len(expected) == len(found) == 10
        for batch, (inputs, label, weight) in zip(expected, found, strict=True):
            assert set(inputs) == set(batch.inputs)
            for name, values in batch.inputs.items():
                np.testing.assert_array_equal(inputs[name], values, err_msg=name)
            np.testing.assert_array_equal(label, batch.label)
            np.testing.assert_array_equal(weight, batch.weight)


def test_an_epoch_left_early_is_followed_by_the_next(file):
    tensors = dataset(file).to_tf(group=1)
    for _ in tensors.take(2):
        pass
    second = [label.numpy() for _, label, _ in tensors]
    plain = dataset(file)
    plain.epoch = 1
    np.testing.assert_array_equal(np.concatenate(second), np.concatenate([b.label for b in copied(plain)]))


def test_it_goes_on_inside_an_epoch(file):
    plain = dataset(file)
    whole, following = copied(plain), copied(plain)
    tensors = dataset(file).to_tf(state=plain.state(7, epoch=0))
    for expected in (whole[7:], following):
        found = [label.numpy() for _, label, _ in tensors]
        np.testing.assert_array_equal(np.concatenate(found), np.concatenate([b.label for b in expected]))


def test_only_the_inputs_of_the_model(file):
    (inputs, _, _) = next(iter(dataset(file).to_tf(["jet"])))
    assert list(inputs) == ["jet"]
    with pytest.raises(FeatureError, match="no input 'jets': did you mean 'jet'"):
        dataset(file).to_tf(["jets"])


def test_targets_take_the_place_of_labels(file):
    regression = dataset(file, spec={"classes": {}, "targets": {"number": "number"}})
    _, target, _ = next(iter(regression.to_tf()))
    assert target.shape == (32, 1)
    both = dataset(file, spec={"targets": {"number": "number"}})
    _, answers, _ = next(iter(both.to_tf()))
    assert set(answers) == {"label", "target"}


def test_fit_learns_from_the_stream_as_from_memory(file):
    data = dataset(file)
    spec = data.fit_spec()
    weights = []
    for streamed in (True, False):
        keras.utils.set_random_seed(3)
        model = models.build("dense_tagger", spec)
        model.compile("sgd", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
        fresh = dataset(file)
        if streamed:
            model.fit(fresh.to_tf(["jet"]), epochs=2, verbose=0, shuffle=False)
        else:
            for _ in range(2):
                for batch in copied(fresh):
                    model.train_on_batch({"jet": batch.inputs["jet"]}, batch.label, sample_weight=batch.weight)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_the_end_of_an_epoch_waits_for_no_tuning(file):
    # The tuning thread of tf.data sleeps up to a minute, and an iterator that ends waits until it wakes up.
    assert dataset(file).to_tf().options().autotune.enabled is False
