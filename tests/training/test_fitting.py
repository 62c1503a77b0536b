"""Fitting: which weights are kept, when it ends, and that an interrupted fit loses nothing."""

import errno
import json
import shutil

import keras
import numpy as np
import pytest

from keras_hep import models, seeds
from keras_hep.errors import DataError, OutputError
from keras_hep.training import OptimizerConfig, checkpoints, feeding, fit_classifier

EPOCHS = 5
INTERRUPTED = 2


@pytest.fixture(scope="module")
def splits(events):
    return events.split()


@pytest.fixture(scope="module")
def make(fitted_spec):
    """A function that builds the same small model each time, with a layer that draws random numbers."""

    def build(**arguments):
        seeds.seed(3)
        return models.build("dense_tagger", fitted_spec, **{"units": (8,), "dropout": 0.2, **arguments})

    return build


def run(model, splits, **arguments):
    settings = {"epochs": EPOCHS, "batch_size": 64, "optimizer": OptimizerConfig(learning_rate=0.02)}
    return fit_classifier(model, splits["train"], splits["validation"], **settings | arguments)


class Told(list):
    """What `on_epoch` was called with."""

    def __init__(self, stop=None):
        self.stop = stop

    def __call__(self, number, epochs, figures):
        self.append((number, epochs, figures))
        if number == self.stop:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def whole(make, splits):
    """A fit without interruption: model, history, what was told."""
    model, told = make(), Told()
    return model, run(model, splits, on_epoch=told), told


@pytest.fixture(scope="module")
def interrupted(make, splits, tmp_path_factory):
    """The folder that an interrupted fit leaves."""
    folder = tmp_path_factory.mktemp("interrupted")
    with pytest.raises(KeyboardInterrupt):
        run(make(), splits, on_epoch=Told(INTERRUPTED), checkpoint=folder)
    return folder


@pytest.fixture(scope="module")
def continued(make, splits, interrupted, tmp_path_factory):
    """The interrupted fit, started again: model, history, what was told, folder."""
    folder = shutil.copytree(interrupted, tmp_path_factory.mktemp("continued") / "state")
    model, told = make(), Told()
    return model, run(model, splits, on_epoch=told, checkpoint=folder), told, folder


def state(model):
    return [*model.get_weights(), *(np.array(v.numpy()) for v in model.optimizer.variables)]


def assert_same(model, other):
    for one, two in zip(state(model), state(other), strict=True):
        np.testing.assert_array_equal(one, two)


def files(folder):
    return sorted(p.name for p in folder.iterdir())


def test_history_has_one_figure_an_epoch_and_is_told_as_it_goes(whole):
    _, history, told = whole
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
    assert {len(values) for values in history.values()} == {EPOCHS}
    assert [(number, epochs) for number, epochs, _ in told] == [(n, EPOCHS) for n in range(1, EPOCHS + 1)]
    assert [figures for _, _, figures in told] == [{k: v[i] for k, v in history.items()} for i in range(EPOCHS)]
    assert history["loss"][-1] < history["loss"][0]


def test_the_rate_decays_like_a_cosine(whole):
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(EPOCHS) / EPOCHS))
    np.testing.assert_allclose(whole[1]["learning_rate"], expected)


def test_the_model_ends_with_the_balanced_weights_of_its_best_epoch(make, splits):
    model, rates = make(dropout=0.0), OptimizerConfig(learning_rate=0.3, schedule="constant")
    history = run(model, splits, optimizer=rates, epochs=8, balance=True)
    assert np.argmin(history["val_loss"]) < 7, "the best epoch must not be the last one for this test to say anything"
    validation = splits["validation"]
    found = np.asarray(model({"jet": validation.inputs["jet"]}))[np.arange(len(validation)), validation.label]
    # Every class counts the same, however many events it has.
    losses = [np.average(-np.log(found[chosen]), weights=validation.weight[chosen])
              for chosen in (validation.label == label for label in range(5))]  # fmt: skip
    assert min(history["val_loss"]) == pytest.approx(np.mean(losses), rel=1e-4)
    assert history["val_loss"][-1] != pytest.approx(np.mean(losses), rel=1e-3)


def test_a_fit_ends_when_patience_does(make, splits):
    standing = OptimizerConfig(learning_rate=1e-30, schedule="constant")
    history = run(make(dropout=0.0), splits, epochs=20, optimizer=standing, patience=3)
    assert len(history["loss"]) == 1 + 3
    assert len(set(history["val_loss"])) == 1
    assert history["learning_rate"] == [1e-30] * 4


def test_another_seed_gives_another_order(make, splits, whole):
    assert run(make(), splits, epochs=1, seed=2)["loss"][0] != whole[1]["loss"][0]


def test_an_interrupted_fit_goes_on_to_the_same_bits(interrupted, continued, whole):
    model, history, told, folder = continued
    assert files(interrupted) == [f"epoch_{INTERRUPTED}.npz", "state.json"]
    assert [number for number, _, _ in told] == list(range(INTERRUPTED + 1, EPOCHS + 1))
    assert history == whole[1]
    assert_same(model, whole[0])
    assert files(folder) == [f"epoch_{EPOCHS}.npz", "state.json"]


def test_a_fit_that_was_killed_while_it_kept_its_state_goes_on_to_the_same_bits(
    make, splits, interrupted, whole, tmp_path, monkeypatch
):
    folder, write = shutil.copytree(interrupted, tmp_path / "state"), checkpoints.write_json

    def killed(path, value):
        if value["epoch"] == INTERRUPTED + 2:
            raise KeyboardInterrupt
        write(path, value)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoints, "write_json", killed)
        run(make(), splits, checkpoint=folder)
    left = [f"epoch_{INTERRUPTED + n}.npz" for n in (1, 2)]
    assert files(folder) == [*left, "state.json"]
    # And as a cut of power leaves it: a file of the next epoch that is not whole.
    (folder / left[1]).write_bytes(b"PK\x03\x04half")
    model = make()
    assert run(model, splits, checkpoint=folder) == whole[1]
    assert_same(model, whole[0])
    assert files(folder) == [f"epoch_{EPOCHS}.npz", "state.json"]


def test_a_full_disk_leaves_the_state_of_the_epoch_before(make, splits, interrupted, tmp_path, monkeypatch):
    folder = shutil.copytree(interrupted, tmp_path / "state")

    def full(path, **values):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints.np, "savez", full)
    with pytest.raises(OutputError, match=r"no space left on the disk while writing .*epoch_3\.npz"):
        run(make(), splits, checkpoint=folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {p.name: p.read_bytes() for p in interrupted.iterdir()}


def test_a_finished_fit_is_not_repeated(make, splits, continued):
    model, told = make(), Told()
    assert run(model, splits, checkpoint=continued[3], on_epoch=told) == continued[1]
    assert told == []
    assert_same(model, continued[0])


STATE = f"epoch_{INTERRUPTED}.npz"
DAMAGES = {
    "cut short": lambda folder: (folder / STATE).write_bytes((folder / STATE).read_bytes()[:-200]),
    "not an archive": lambda folder: (folder / STATE).write_bytes(b"\x00" * 100),
    "missing": lambda folder: (folder / STATE).unlink(),
    "of another kind": lambda folder: np.savez(folder / STATE, last_0=np.zeros(3)),
    "without history": lambda folder: (folder / "state.json").write_text(json.dumps({"epoch": INTERRUPTED})),
    "a list": lambda folder: (folder / "state.json").write_text("[]"),
    "not json": lambda folder: (folder / "state.json").write_text("{"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_named(make, splits, interrupted, tmp_path, damage):
    folder = shutil.copytree(interrupted, tmp_path / "state")
    DAMAGES[damage](folder)
    with pytest.raises(DataError, match=r"the checkpoint .*state.*(cannot be read|not valid JSON)"):
        run(make(), splits, checkpoint=folder)


def test_a_checkpoint_of_another_model_is_named(make, splits, interrupted):
    with pytest.raises(DataError, match=r"cannot be read .*delete this folder to start from the beginning"):
        run(make(units=(4,)), splits, checkpoint=interrupted)


def test_logits_train_as_probabilities_do(make, splits, whole):
    model = make()
    logits = keras.Model(model.inputs, model.get_layer("logits").output)
    found = run(logits, splits, from_logits=True)
    for key, values in whole[1].items():
        np.testing.assert_allclose(found[key], values, rtol=1e-3)


def test_balanced_classes_weigh_the_same(events):
    uneven = events[(events.label > 1) | (np.arange(len(events)) % 4 == 0)]
    weight = feeding.class_balance(uneven)
    sums = np.bincount(uneven.label, weights=weight)
    np.testing.assert_allclose(sums, len(uneven) / 5, rtol=1e-5)
    assert weight.dtype == np.float32
    for label in range(5):
        ratio = weight[uneven.label == label] / uneven.weight[uneven.label == label]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)


def test_a_class_without_events_cannot_be_balanced(events):
    with pytest.raises(DataError, match="class 2 has a sum of weights of 0"):
        feeding.class_balance(events[events.label != 2])


@pytest.mark.parametrize("which", ["training", "validation"])
def test_no_events_are_named(make, splits, which):
    given = {"train": splits["train"], "validation": splits["validation"]}
    given["train" if which == "training" else which] = splits["test"][:0]
    with pytest.raises(DataError, match=f"there are no {which} events"):
        run(make(), given)


def test_a_loss_that_is_no_number_ends_the_fit(make, splits, tmp_path):
    runaway = OptimizerConfig(learning_rate=1e30)
    with pytest.raises(DataError, match=r"the loss became (nan|inf) in epoch 1; lower the learning rate"):
        run(make(), splits, optimizer=runaway, checkpoint=tmp_path)
    assert files(tmp_path) == []


def test_weights_that_are_no_numbers_end_the_fit_although_the_loss_is_one(make, splits):
    training = splits["train"][np.arange(len(splits["train"]))]
    training.inputs["jet"][5, 0] = np.nan
    with pytest.raises(DataError, match=r"(weights|the loss) became (NaN|nan) in epoch 1; .*look at the inputs"):
        run(make(), splits | {"train": training})
