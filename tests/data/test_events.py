import awkward as ak
import numpy as np
import pytest

from keras_hep.data import Events, FeatureSpec
from keras_hep.data.cutting import cut_columns
from keras_hep.data.events import SPLITS
from keras_hep.errors import DataError
from tests.conftest import rows, toy_jets

FLAT = np.array([1.0, 2.0, 3.0, 4.0])
PT = ak.Array([[10.0, 30.0, 20.0], [], [5.0], [1.0, 4.0, 2.0, 3.0, 5.0]])
ETA = ak.Array([[0.1, 0.3, 0.2], [], [0.5], [0.01, 0.04, 0.02, 0.03, 0.05]])
LABEL = np.array([0, 1, 1, 0], dtype=np.int32)
COLUMNS = {"x": FLAT, "pt": PT, "eta": ETA, "label": LABEL}


def vector(*features, **top):
    return FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": list(features)}], **top})


def sequence(*features, length=3, order=None, **top):
    entry = {"name": "parts", "length": length, "order": order, "features": list(features)}
    return FeatureSpec.from_dict({"inputs": [entry], **top})


def cut(spec, columns=COLUMNS, first=0, labels=True):
    return cut_columns(columns, spec, "file.root:jets", first, labels).events()


PARTS = ({"name": "pt"}, {"name": "eta"})
CLASSES = {"a": "label == 0", "b": "label == 1"}


def test_sequences_are_padded_with_zeros_and_cut_at_the_length():
    events = cut(sequence(*PARTS))
    expected = np.zeros((4, 3, 2))
    expected[0] = [[10, 0.1], [30, 0.3], [20, 0.2]]
    expected[2, 0] = [5, 0.5]
    expected[3] = [[1, 0.01], [4, 0.04], [2, 0.02]]
    np.testing.assert_array_equal(events.inputs["parts"], expected.astype(np.float32))
    np.testing.assert_array_equal(events.inputs["parts_mask"], [[1, 1, 1], [0, 0, 0], [1, 0, 0], [1, 1, 1]])
    assert events.inputs["parts"].dtype == events.inputs["parts_mask"].dtype == np.float32
    assert events.counts == {"read": 4, "entries beyond the length of parts": 2}


def test_the_order_decides_which_entries_are_cut_and_moves_all_features_together():
    down = cut(sequence(*PARTS, order="-pt")).inputs["parts"]
    np.testing.assert_array_equal(down[0, :, 0], [30, 20, 10])
    np.testing.assert_array_equal(down[3, :, 0], [5, 4, 3])
    np.testing.assert_allclose(down[3, :, 1], [0.05, 0.04, 0.03], rtol=1e-6)
    up = cut(sequence(*PARTS, order="pt")).inputs["parts"]
    np.testing.assert_array_equal(up[3, :, 0], [1, 2, 3])


def test_entries_of_equal_rank_keep_their_order():
    columns = {"pt": ak.Array([[1.0, 1.0, 2.0, 1.0]]), "eta": ak.Array([[0.0, 1.0, 2.0, 3.0]])}
    np.testing.assert_array_equal(
        cut(sequence(*PARTS, length=4, order="-pt"), columns).inputs["parts"][0, :, 1], [2, 0, 1, 3]
    )


def test_unsigned_numbers_can_be_sorted_downwards():
    columns = {"pt": ak.values_astype(ak.Array([[0, 3, 1]]), np.uint8)}
    np.testing.assert_array_equal(
        cut(sequence({"name": "pt"}, order="-pt"), columns).inputs["parts"][0, :, 0], [3, 1, 0]
    )


def test_a_sequence_without_any_entry():
    columns = {"pt": PT[[1, 1]], "eta": ETA[[1, 1]]}
    events = cut(sequence(*PARTS, order="-pt"), columns)
    assert events.inputs["parts"].shape == (2, 3, 2)
    assert not events.inputs["parts"].any()
    assert not events.inputs["parts_mask"].any()


def test_an_order_of_other_lengths_is_refused():
    with pytest.raises(DataError, match=r"'-other' of the sequence 'parts' has other lengths"):
        cut(sequence(*PARTS, order="-other"), COLUMNS | {"other": PT[::-1]})
    with pytest.raises(DataError, match="'x' of the sequence 'parts' must be jagged"):
        cut(sequence(*PARTS, order="x"))


def test_features_of_other_lengths_are_refused():
    with pytest.raises(DataError, match=r"'eta' of the sequence 'parts' has other lengths than the features before it"):
        cut(sequence(*PARTS), COLUMNS | {"eta": ETA[::-1]})


def test_a_flat_feature_in_a_sequence_is_refused():
    with pytest.raises(DataError, match=r"file\.root:jets: 'x' of the sequence 'parts' must be jagged"):
        cut(sequence({"name": "x"}))


def test_a_jagged_feature_in_a_vector_is_refused():
    with pytest.raises(DataError, match=r"file\.root:jets: 'pt' \(pt\) is jagged, but one number an example is needed"):
        cut(vector({"name": "pt"}))


def test_a_vector_of_branches_expressions_and_constants():
    spec = vector(
        {"name": "x"},
        {"name": "half", "expression": "x / 2"},
        {"name": "number", "expression": "num(pt)"},
        {"name": "one", "expression": "1"},
        {"name": "is_a", "expression": "label == 0"},
    )
    expected = [[1, 0.5, 3, 1, 1], [2, 1, 0, 1, 0], [3, 1.5, 1, 1, 0], [4, 2, 5, 1, 1]]
    np.testing.assert_array_equal(cut(spec).inputs["jet"], expected)


BAD = np.array([1.0, np.nan, np.inf, -np.inf])


def test_values_that_are_not_finite_need_a_default():
    message = r"'x' is NaN, infinite or missing in 3 of 4 values, first in example 1 of those read; give the feature a 'default'"
    with pytest.raises(DataError, match=message):
        cut(vector({"name": "x"}), {"x": BAD})


def test_with_a_default_they_stay_for_the_network_to_replace_and_are_counted():
    events = cut(vector({"name": "x", "default": -9.0}), {"x": BAD})
    np.testing.assert_array_equal(events.inputs["jet"][:, 0], BAD)
    assert events.counts["defaulted x"] == 3


def test_a_value_beyond_float32_counts_as_infinite():
    events = cut(vector({"name": "x", "default": 0.0}), {"x": np.array([1e300, 1.0])})
    assert events.counts["defaulted x"] == 1


def test_a_missing_value_becomes_nan():
    events = cut(vector({"name": "x", "default": 0.0}), {"x": ak.Array([1, None, 3])})
    np.testing.assert_array_equal(events.inputs["jet"][:, 0], [1, np.nan, 3])
    with pytest.raises(DataError, match="in 1 of 3 values"):
        cut(vector({"name": "x"}), {"x": ak.Array([1, None, 3])})


def test_bad_values_in_sequences():
    columns = {"pt": ak.Array([[1.0, np.nan], [2.0]])}
    events = cut(sequence({"name": "pt", "default": 0.0}), columns)
    np.testing.assert_array_equal(events.inputs["parts"][0, :, 0], [1, np.nan, 0])
    assert events.counts["defaulted pt"] == 1
    with pytest.raises(DataError, match="'pt' is NaN, infinite or missing in 1 of 3 values"):
        cut(sequence({"name": "pt"}), columns)


@pytest.mark.parametrize("values", [ak.Array(["a", "b"]), ak.Array([{"y": 1}, {"y": 2}])])
def test_text_and_records_are_refused(values):
    with pytest.raises(DataError, match=r"'x' holds .*, not numbers"):
        cut(vector({"name": "x"}), {"x": values})


def test_the_selection_cuts_examples_and_keeps_their_identity():
    events = cut(vector({"name": "x"}, selection="x > 1 and num(pt) > 0"), first=100)
    np.testing.assert_array_equal(events.inputs["jet"][:, 0], [3, 4])
    np.testing.assert_array_equal(events.index, [102, 103])
    assert events.counts == {"read": 4, "cut by the selection": 2}


def test_values_cut_away_need_no_default():
    events = cut(vector({"name": "x"}, selection="isfinite(x)"), {"x": BAD})
    np.testing.assert_array_equal(events.inputs["jet"], [[1.0]])


def test_a_missing_truth_value_is_not_true():
    columns = {"x": FLAT, "good": ak.Array([True, None, False, True])}
    np.testing.assert_array_equal(cut(vector({"name": "x"}, selection="good"), columns).index, [0, 3])


def test_labels_follow_the_order_of_the_classes_and_others_are_left_out():
    columns = COLUMNS | {"label": np.array([2, 0, 7, 1])}
    spec = vector({"name": "x"}, classes={"two": "label == 2", "one": "label == 1", "zero": "label == 0"})
    events = cut(spec, columns)
    np.testing.assert_array_equal(events.label, [0, 2, 1])
    np.testing.assert_array_equal(events.index, [0, 1, 3])
    assert events.label.dtype == np.int64
    assert events.counts["without a class"] == 1
    np.testing.assert_array_equal(events.weight, np.ones(3))


def test_overlapping_classes_are_refused():
    spec = vector({"name": "x"}, classes={"light": "label >= 0", "b": "label == 1"})
    with pytest.raises(DataError, match=r"2 examples belong to the classes 'light' and 'b' at once"):
        cut(spec)


def test_without_labels_neither_classes_nor_weight_are_read():
    spec = vector({"name": "x"}, classes=CLASSES, weight="w")
    events = cut(spec, {"x": FLAT}, labels=False)
    np.testing.assert_array_equal(events.label, [-1] * 4)
    np.testing.assert_array_equal(events.weight, np.ones(4))


def test_weights_belong_to_the_examples_that_are_left():
    columns = COLUMNS | {"w": np.array([0.5, -1.0, 2.0, 3.0])}
    spec = vector({"name": "x"}, classes=CLASSES, selection="x > 1", weight="2 * w")
    events = cut(spec, columns)
    np.testing.assert_array_equal(events.weight, [-2, 4, 6])
    assert events.weight.dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_a_weight_that_is_not_finite_is_refused(bad):
    with pytest.raises(DataError, match=r"the weight 'w' is NaN or infinite for 1 examples"):
        cut(vector({"name": "x"}, weight="w"), {"x": FLAT, "w": np.array([1.0, bad, 1.0, 1.0])})


def test_each_makes_every_object_an_example():
    spec = vector({"name": "pt"}, {"name": "x"}, each="pt", selection="pt > 1.5", classes=CLASSES)
    events = cut(spec, first=50)
    np.testing.assert_array_equal(events.inputs["jet"][:, 0], [10, 30, 20, 5, 4, 2, 3, 5])
    np.testing.assert_array_equal(events.inputs["jet"][:, 1], [1, 1, 1, 3, 4, 4, 4, 4])
    np.testing.assert_array_equal(events.label, [0, 0, 0, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(events.index, [50, 50, 50, 52, 53, 53, 53, 53])
    assert events.counts["read"] == 9


def test_each_leaves_the_lists_inside_the_objects_as_sequences():
    parts = ak.Array([[[1.0, 2.0], []], [], [[3.0]]])
    columns = {"parts_pt": parts, "jet_pt": ak.Array([[10.0, 20.0], [], [30.0]]), "met": np.array([7.0, 8.0, 9.0])}
    inputs = [
        {"name": "jet", "features": [{"name": "jet_pt"}, {"name": "met"}]},
        {"name": "parts", "length": 2, "features": [{"name": "parts_pt"}]},
    ]
    for each in ("jet_pt", "parts_pt"):
        events = cut(FeatureSpec.from_dict({"inputs": inputs, "each": each}), columns)
        np.testing.assert_array_equal(events.inputs["jet"], [[10, 7], [20, 7], [30, 9]])
        np.testing.assert_array_equal(events.inputs["parts"][..., 0], [[1, 2], [0, 0], [3, 0]])


def test_each_needs_a_jagged_branch_and_equal_numbers():
    with pytest.raises(DataError, match="'each: x' needs a jagged branch"):
        cut(vector({"name": "x"}, each="x"))
    with pytest.raises(DataError, match="'eta' and 'pt' hold different numbers of objects"):
        cut(vector({"name": "eta"}, each="pt"), COLUMNS | {"eta": ETA[::-1]})


def equal(one, other):
    assert one.inputs.keys() == other.inputs.keys()
    for name in one.inputs:
        np.testing.assert_array_equal(one.inputs[name], other.inputs[name])
    for name in ("label", "weight", "index"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.counts == other.counts


@pytest.mark.parametrize("size", [1, 7, 100, 399])
def test_chunks_put_together_equal_the_whole(jets, spec, events, size):
    columns = rows(jets, 0, 60) if size == 1 else jets
    whole = cut(spec, columns)
    number = len(columns["j_pt"])
    parts = [cut(spec, rows(columns, i, min(i + size, number)), first=i) for i in range(0, number, size)]
    equal(Events.concatenate(parts), whole)


def test_rows_are_chosen_by_slice_mask_and_position(events):
    chosen = events.label == 2
    equal(events[np.flatnonzero(chosen)], events[chosen])
    assert len(events[10:30]) == 20
    np.testing.assert_array_equal(events[10:30].index, np.arange(10, 30))
    np.testing.assert_array_equal(events[chosen].inputs["jet"], events.inputs["jet"][chosen])


def numbered(number):
    index = np.arange(number)
    return Events({"i": index[:, None].astype(np.float32)}, index % 5, np.ones(number, np.float32), index)


def test_splits_are_disjoint_complete_and_of_the_right_size():
    events = numbered(50_000)
    parts = events.split()
    assert tuple(parts) == SPLITS
    together = np.concatenate([part.index for part in parts.values()])
    np.testing.assert_array_equal(np.sort(together), events.index)
    for name, share in {"train": 0.64, "validation": 0.16, "test": 0.2}.items():
        # five standard deviations of a binomial
        assert abs(len(parts[name]) / 50_000 - share) < 5 * (share * (1 - share) / 50_000) ** 0.5
        # each class, and each stretch of the file, has its share
        assert abs(np.mean(parts[name].label == 0) - 0.2) < 0.02
        assert abs(np.mean(parts[name].index < 25_000) - 0.5) < 0.03


def test_appended_events_move_nobody():
    before, after = numbered(1000).split(), numbered(5000).split()
    for name in SPLITS:
        np.testing.assert_array_equal(before[name].index, after[name].index[after[name].index < 1000])


def test_the_split_knows_only_the_identity():
    events = numbered(1000)
    shuffled = events[np.random.default_rng(0).permutation(1000)]
    for name in SPLITS:
        assert set(events.split()[name].index) == set(shuffled.split()[name].index)


def test_the_objects_of_an_event_stay_on_one_side_of_a_split(jets):
    spec = FeatureSpec.from_dict({"each": "part_pt", "inputs": [{"name": "x", "features": [{"name": "part_pt"}]}]})
    parts = cut(spec, jets).split()
    together = np.concatenate([np.unique(part.index) for part in parts.values()])
    assert len(together) == len(np.unique(together)) == np.count_nonzero(ak.num(jets["part_pt"]))


def test_an_identity_of_ones_own_keeps_together_what_belongs_together():
    columns = COLUMNS | {"run": np.array([7, 7, 8, 8]), "number": np.array([1, 1, 1, 2])}
    events = cut(vector({"name": "x"}, identity="1000 * run + number", selection="x > 1"), columns, first=50)
    np.testing.assert_array_equal(events.index, [7001, 8001, 8002])
    assert events.index.dtype == np.int64


def test_an_identity_is_that_of_the_event_for_all_its_objects():
    columns = COLUMNS | {"number": np.array([11, 12, 13, 14])}
    events = cut(vector({"name": "pt"}, each="pt", identity="number"), columns)
    np.testing.assert_array_equal(events.index, [11, 11, 11, 13, 14, 14, 14, 14, 14])


@pytest.mark.parametrize("bad", [0.5, np.nan, np.inf])
def test_an_identity_that_is_no_whole_number_is_refused(bad):
    with pytest.raises(DataError, match="the identity 'x' must be a whole number"):
        cut(vector({"name": "x", "default": 0.0}, identity="x"), {"x": np.array([1.0, bad])})


def test_another_seed_is_another_and_independent_split():
    events = numbered(20_000)
    first, second = events.split(seed=0)["test"].index, events.split(seed=1)["test"].index
    assert abs(len(np.intersect1d(first, second)) / 20_000 - 0.04) < 0.01
    np.testing.assert_array_equal(first, events.split(seed=0)["test"].index)


def test_fractions_of_ones_own():
    parts = numbered(1000).split({"fit": 0.5, "calibrate": 0.5, "none": 0.0})
    assert len(parts["fit"]) + len(parts["calibrate"]) == 1000
    assert len(parts["none"]) == 0


@pytest.mark.parametrize("fractions", [{"a": 0.5, "b": 0.4}, {"a": 1.5, "b": -0.5}])
def test_fractions_that_do_not_add_up_are_refused(fractions):
    with pytest.raises(DataError, match="must be positive and add up to 1"):
        numbered(10).split(fractions)


def test_the_toy_jets_have_what_the_tests_need(events):
    number = np.asarray(ak.num(toy_jets()["part_pt"]))
    assert (number == 0).any()
    assert (number > 8).any()
    assert np.isnan(events.inputs["jet"]).any()
    assert set(events.label) == set(range(5))
