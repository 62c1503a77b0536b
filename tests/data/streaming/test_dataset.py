"""Streaming gives the same examples as reading all at once, in an order that nothing but the configuration decides."""

import json

import awkward as ak
import numpy as np
import pytest

from keras_hep.data import Dataset, read_events
from keras_hep.errors import DataError, FeatureError, FileReadError
from tests.conftest import rows, toy_jets, toy_spec, write_ntuple, write_tree

OPTIONS = {"batch_size": 32, "chunk": 60, "buffer": 150}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """400 toy jets in three files of different kinds and sizes, each with its own number."""
    path = tmp_path_factory.mktemp("stream")
    jets = numbered(400)
    write_tree(path / "a.root", rows(jets, 0, 130))
    write_ntuple(path / "b.root", rows(jets, 130, 310))
    write_tree(path / "c.root", rows(jets, 310, 400))
    return path


def numbered(events):
    return toy_jets(events) | {"number": np.arange(events, dtype=np.int32)}


def spec(**changes):
    return toy_spec().model_copy(update={"identity": "number", **changes})


def dataset(folder, **options):
    chosen = options.pop("spec", None) or spec()
    return Dataset(str(folder / "*.root"), chosen, **{**OPTIONS, **options})


def numbers(batches):
    return [int(n) for batch in batches for n in batch.index]


def same(left, right):
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        for name in one.inputs:
            np.testing.assert_array_equal(one.inputs[name], other.inputs[name], err_msg=name)
        for name in ("label", "weight", "index"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def copied(batches):
    """Batches outlive the memory that they came in."""
    return [batch[np.arange(len(batch))] for batch in batches]


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("buffer", [0, 100, 10_000])
def test_an_epoch_holds_every_example_once_with_its_own_values(folder, workers, buffer):
    whole = read_events(str(folder / "*.root"), spec())
    found = copied(dataset(folder, workers=workers, buffer=buffer))
    assert [len(batch) for batch in found] == [32] * 12 + [16]
    joined = type(whole).concatenate(found)
    order = np.argsort(joined.index)
    same([joined[order]], [whole])
    assert (joined.index.tolist() == list(range(400))) == (buffer == 0)


def test_the_order_depends_on_seed_and_epoch_but_not_on_workers(folder):
    first = dataset(folder, workers=0)
    epochs = [numbers(first), numbers(first)]
    again = dataset(folder, workers=3)
    assert [numbers(again), numbers(again)] == epochs
    assert epochs[0] != epochs[1]
    assert numbers(dataset(folder, seed=2)) not in epochs


def test_shuffling_mixes_across_files_and_within_the_buffer(folder):
    order = np.array(numbers(dataset(folder, buffer=400)))
    # A uniform permutation: the mean displacement of 400 numbers is (n - 1/n)/3, with a deviation of about 5.
    assert np.abs(order - np.arange(400)).mean() == pytest.approx(133, abs=20)
    halves = [set(half.tolist()) for half in np.split(order, 2)]
    for half in halves:
        assert all(len(half & set(file)) > 20 for file in (range(130), range(130, 310), range(310, 400)))


def test_batches_given_earlier_keep_their_values(folder):
    data = dataset(folder)
    kept = list(data)
    second = dataset(folder)
    same(kept, [batch for batch in second])


@pytest.mark.parametrize("batch", [0, 1, 5, 12, 13])
@pytest.mark.parametrize("options", [{}, {"buffer": 0}, {"workers": 2}, {"chunk": 30, "buffer": 90}])
def test_a_training_goes_on_inside_an_epoch(folder, batch, options):
    data = dataset(folder, **options)
    numbers(data)
    whole = copied(data.batches(1))
    state = json.loads(json.dumps(data.state(batch, epoch=1)))
    resumed = dataset(folder, **options)
    same(copied(resumed.batches(1, state)), whole[batch:])


def test_a_state_taken_in_the_middle_is_enough(folder):
    data = dataset(folder)
    batches = iter(data)
    seen = copied(next(batches) for _ in range(4))
    state = data.state(4)
    rest = copied(dataset(folder).batches(0, state))
    assert len(state["sizes"]) < 7, "only the chunks read so far are known"
    same(seen + rest, copied(dataset(folder)))


def test_a_state_of_another_configuration_is_refused(folder):
    data = dataset(folder)
    numbers(data)
    for other in (dataset(folder, seed=5), dataset(folder, batch_size=16), data.part("train")):
        with pytest.raises(DataError, match="the state belongs to another epoch, other files"):
            next(other.batches(0, data.state(3)))
    with pytest.raises(DataError, match="another epoch"):
        next(data.batches(1, data.state(3)))


def test_groups_of_batches_are_the_batches(folder):
    single = copied(dataset(folder))
    grouped = copied(dataset(folder).batches(0, group=5))
    joined = type(single[0]).concatenate
    same([joined(single)], [joined(grouped)])
    assert {len(batch) % 32 for batch in grouped[:-1]} == {0}
    assert len(grouped) < len(single)


def test_splits_are_those_of_the_events_in_memory(folder):
    whole = read_events(str(folder / "*.root"), spec()).split(seed=1)
    data = dataset(folder)
    for name, expected in whole.items():
        assert sorted(numbers(data.part(name))) == sorted(expected.index.tolist())
    other = dataset(folder, seed=2).part("train")
    assert sorted(numbers(other)) != sorted(whole["train"].index.tolist())
    with pytest.raises(DataError, match="there is no split 'tran': did you mean 'train'"):
        data.part("tran")


def test_selection_and_every_loss_of_events_is_reported(folder):
    data = dataset(folder, spec=spec(selection="number % 4 != 1")).part("train")
    found = numbers(data)
    report = data.report
    assert report["read"] == 400
    assert report["cut by the selection"] == 100
    assert report["read"] - report["cut by the selection"] - report["in other splits"] == len(found)
    assert all(n % 4 != 1 for n in found)


def test_the_report_counts_what_was_clipped_and_defaulted(folder):
    data = dataset(folder)
    numbers(data)
    jets = toy_jets()
    assert data.report["defaulted j_dispersion"] == int(np.isnan(jets["j_dispersion"]).sum())
    below = int((jets["j_mass"] < 1).sum() + (jets["j_mass"] > 1000).sum())
    assert data.report.get("clipped j_mass", 0) == below
    expected = int(ak.sum((jets["part_pt"] < 0.01) | (jets["part_pt"] > 1000)))
    assert data.report.get("clipped pt", 0) == expected > 0
    assert data.report["entries beyond the length of constituents"] == int(
        ak.sum(np.maximum(ak.num(jets["part_pt"]) - 8, 0))
    )


def test_negative_weights_pass_and_are_counted(folder):
    data = dataset(folder, spec=spec(weight="where(number % 3 == 0, -1, 2)"))
    weights = np.concatenate([batch.weight for batch in data])
    assert sorted(np.unique(weights)) == [-1, 2]
    assert data.report["with a negative weight"] == (weights < 0).sum() == 134


def test_targets_of_a_regression(folder):
    chosen = spec(classes={}, targets={"mass": "j_mass", "twice": "2 * number"})
    for batch in dataset(folder, spec=chosen):
        np.testing.assert_array_equal(batch.target[:, 1], 2 * batch.index)
        assert batch.target.shape == (len(batch), 2)


def test_only_whole_batches_when_asked(folder):
    data = dataset(folder, drop_last=True)
    assert [len(batch) for batch in data] == [32] * 12
    assert data.steps == 12


def test_the_specification_is_fitted_on_the_stream(folder):
    data = dataset(folder, batch_size=100).part("train")
    fitted = data.fit_spec()
    assert fitted.is_fitted
    mass = fitted.input("jet").features[1]
    values = np.log(np.concatenate([np.clip(b.inputs["jet"][:, 1], 1, 1000) for b in data]))
    assert mass.offset == pytest.approx(-values.mean(), rel=1e-5)
    assert data.with_spec(fitted).spec.is_fitted
    more = spec(selection="part_extra > 1")
    with pytest.raises(FeatureError, match="reads more branches: part_extra"):
        data.with_spec(more)


# Files that go wrong


def broken(tmp_path):
    jets = numbered(90)
    write_tree(tmp_path / "a.root", rows(jets, 0, 30))
    write_tree(tmp_path / "b.root", rows(jets, 30, 60))
    write_tree(tmp_path / "c.root", rows(jets, 60, 90))
    return tmp_path


@pytest.mark.parametrize("content", [b"", b"text", None])
def test_a_file_that_cannot_be_read_stops_or_is_skipped(content, tmp_path):
    folder = broken(tmp_path)
    whole = (folder / "b.root").read_bytes()
    (folder / "b.root").write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(FileReadError, match=r"b\.root"):
        dataset(folder)
    data = dataset(folder, on_error="skip")
    assert len(numbers(data)) == 60
    (skipped,) = data.report["skipped"]
    assert skipped["file"].endswith("b.root")
    assert "b.root" in skipped["reason"]


@pytest.mark.parametrize("buffer", [0, 100])
def test_a_file_that_disappears_while_reading(buffer, tmp_path):
    folder = broken(tmp_path)
    stopping = dataset(folder, buffer=buffer)
    skipping = dataset(folder, buffer=buffer, on_error="skip")
    (folder / "b.root").unlink()
    with pytest.raises(FileReadError, match=r"b\.root"):
        list(stopping)
    found = numbers(skipping)
    assert sorted(found) == [*range(30), *range(60, 90)], "the identity of the others stays"
    (skipped,) = skipping.report["skipped"]
    assert skipped["entries"] == 30


def test_a_file_left_out_in_several_chunks_is_told_of_once(tmp_path, caplog):
    folder = broken(tmp_path)
    data = dataset(folder, chunk=10, on_error="skip")
    (folder / "b.root").unlink()
    assert len(numbers(data)) == 60
    assert [entry["entries"] for entry in data.report["skipped"]] == [30]
    assert sum("left out" in message for message in caplog.messages) == 1


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"selection": "j_pt < 0"}, {}, r"no event is left to use.*\(400 read, 400 cut by the selection"),
        ({"classes": {"a": "j_g > 5", "b": "j_g > 6"}}, {}, r"no event is left to use.*400 without a class"),
        ({}, {"batch_size": 1000, "drop_last": True}, r"or fewer than a batch \(400 read"),
        ({"weight": "-j_pt"}, {}, r"the weight \(-j_pt\) is not above zero for any event"),
    ],
)
def test_an_epoch_that_nobody_can_train_on(folder, changes, options, message):
    with pytest.raises(DataError, match=message):
        list(dataset(folder, spec=spec(**changes), **options))


def test_a_class_without_events_is_told(folder, caplog):
    list(dataset(folder, spec=spec(classes={"gluon": "j_g >= 0", "none": "j_g < 0"})))
    assert any("the class 'none' (j_g < 0) has no events" in message for message in caplog.messages)


def test_a_file_that_changes_while_reading_is_noticed(tmp_path):
    folder = broken(tmp_path)
    data = dataset(folder)
    write_tree(folder / "c.root", rows(numbered(90), 60, 70))
    with pytest.raises(FileReadError, match=r"c\.root' has become shorter: it has 10 entries"):
        list(data)


def test_a_missing_pattern_stops_or_is_skipped(folder):
    files = [str(folder / "*.root"), str(folder / "none*.root")]
    with pytest.raises(DataError, match="no file matches"):
        Dataset(files, spec(), **OPTIONS)
    data = Dataset(files, spec(), on_error="skip", **OPTIONS)
    assert len(numbers(data)) == 400
    assert "none*.root" in data.report["skipped"][0]["file"]
    with pytest.raises(DataError, match="no input file is left"):
        Dataset(files[1:], spec(), on_error="skip", **OPTIONS)


def test_another_type_in_another_file_is_refused(tmp_path):
    jets = numbered(60)
    write_tree(tmp_path / "a.root", rows(jets, 0, 30))
    flat = rows(jets, 30, 60) | {"part_eta": np.zeros(30, np.float32)}
    write_tree(tmp_path / "b.root", flat)
    message = r"'part_eta' is of type float32 in '.*b\.root', but var \* float32 in '.*a\.root'"
    with pytest.raises(DataError, match=message):
        dataset(tmp_path)


def test_wider_numbers_in_another_file_are_fine(tmp_path):
    jets = numbered(60)
    write_tree(tmp_path / "a.root", rows(jets, 0, 30))
    wide = rows(jets, 30, 60)
    write_tree(
        tmp_path / "b.root", wide | {"j_pt": wide["j_pt"].astype(np.float64), "number": wide["number"].astype(np.int64)}
    )
    assert sorted(numbers(dataset(tmp_path))) == list(range(60))


def test_zero_events(tmp_path):
    write_tree(tmp_path / "a.root", rows(numbered(10), 0, 0))
    with pytest.raises(DataError, match=r"there are no events in the 1 file\(s\)"):
        dataset(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named(value, tmp_path):
    jets = numbered(60)
    write_tree(
        tmp_path / "a.root", jets | {"j_pt": np.where(jets["number"] == 7, value, jets["j_pt"]).astype(np.float32)}
    )
    with pytest.raises(DataError, match=r"a\.root:jets: 'j_pt' is NaN, infinite or missing in 1 of 60 values"):
        list(dataset(tmp_path))
    chosen = spec(selection="number != 7")
    assert len(numbers(dataset(tmp_path, spec=chosen))) == 59


def test_wrong_options_are_named(folder):
    with pytest.raises(FeatureError, match=r"batch_size: .*greater than or equal to 1. Received: '0'"):
        dataset(folder, batch_size=0)
    with pytest.raises(FeatureError, match="bufer: unknown key"):
        dataset(folder, bufer=3)
    with pytest.raises(FeatureError, match=r"on_error: .*'stop' or 'skip'"):
        dataset(folder, on_error="ignore")
    with pytest.raises(FeatureError, match="needs a feature specification"):
        Dataset(str(folder / "*.root"))
