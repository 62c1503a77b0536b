import functools

import awkward as ak
import numpy as np
import pytest
import uproot

from keras_hep.data import EventSource, FeatureSpec, read_events
from keras_hep.errors import DataError, FeatureError
from tests.conftest import rows, write_ntuple, write_tree
from tests.contracts.source import check_source


@pytest.fixture(scope="module")
def ntuple_file(jets, tmp_path_factory):
    return write_ntuple(tmp_path_factory.mktemp("ntuple") / "jets.root", jets)


@pytest.fixture(scope="module")
def many_files(jets, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for number, (start, stop) in enumerate([(0, 10), (10, 10), (10, 250), (250, 400)]):
        write_tree(folder / f"part{number}.root", rows(jets, start, stop))
    return folder


def test_a_tree_keeps_the_contract_of_a_source(jet_file, spec, events):
    check_source(functools.partial(EventSource, jet_file, spec, None), events)


def test_an_ntuple_equals_a_tree(ntuple_file, spec, events):
    check_source(functools.partial(EventSource, ntuple_file, spec, None), events, chunks=(133, 10_000))


def test_many_files_equal_one(many_files, spec, events):
    check_source(
        functools.partial(EventSource, str(many_files / "part*.root"), spec, None), events, chunks=(90, 10_000)
    )


def test_files_are_read_in_the_order_given(many_files, spec, events):
    found = read_events([many_files / "part3.root", many_files / "part0.root"], spec)
    np.testing.assert_array_equal(found.inputs["jet"][:150], events.inputs["jet"][250:])
    np.testing.assert_array_equal(found.index, np.arange(160))


def test_identities_count_entries_that_are_cut(many_files, spec, jets):
    chosen = spec.model_copy(update={"selection": "j_mult > 8"})
    found = read_events(str(many_files / "*.root"), chosen)
    np.testing.assert_array_equal(found.index, np.flatnonzero(jets["j_mult"] > 8))


def test_identities_of_objects_do_not_depend_on_chunks(jet_file, jets):
    spec = FeatureSpec.from_dict(
        {"each": "part_pt", "inputs": [{"name": "part", "features": [{"name": "part_pt"}, {"name": "j_mass"}]}]}
    )
    whole = read_events(jet_file, spec)
    np.testing.assert_array_equal(whole.inputs["part"][:, 0], ak.flatten(jets["part_pt"]))
    np.testing.assert_array_equal(whole.index, np.repeat(np.arange(400), ak.num(jets["part_pt"])))
    check_source(functools.partial(EventSource, jet_file, spec, None), whole, chunks=(10_000,))
    chunks = list(EventSource(jet_file, spec, chunk=100))
    np.testing.assert_array_equal(np.concatenate([part.index for part in chunks]), whole.index)
    assert [len(part) for part in chunks] == [
        int(ak.sum(ak.num(jets["part_pt"][i : i + 100]))) for i in range(0, 400, 100)
    ]


def test_the_tree_need_not_be_named_when_it_is_the_only_one(jet_file, spec, events):
    unnamed = spec.model_copy(update={"tree": None})
    assert len(read_events(jet_file, unnamed)) == len(events)


def test_a_tree_given_by_hand_goes_before_the_one_in_the_specification(jets, spec, tmp_path):
    path = write_tree(tmp_path / "x.root", jets, "folder/other")
    assert len(read_events(path, spec, tree="folder/other")) == 400


def test_several_trees_need_a_name(jets, spec, tmp_path):
    path = tmp_path / "two.root"
    with uproot.recreate(path) as file:
        for name in ("one", "two"):
            file.mktree(name, {"x": "float32"}).extend({"x": np.ones(3, np.float32)})
    with pytest.raises(FeatureError, match=r"holds 2 trees \(one, two\); say which with 'tree'"):
        read_events(path, spec.model_copy(update={"tree": None}))


def test_a_file_without_trees(spec, tmp_path):
    path = tmp_path / "none.root"
    with uproot.recreate(path) as file:
        file["text"] = "nothing else"
    with pytest.raises(FeatureError, match=r"holds 0 trees \(none\)"):
        read_events(path, spec.model_copy(update={"tree": None}))


def test_without_labels_the_truth_branches_need_not_exist(jets, spec, tmp_path):
    path = write_tree(tmp_path / "x.root", {n: v for n, v in jets.items() if n not in ("j_g", "j_weight")})
    with pytest.raises(DataError, match="no branch 'j_g'"):
        read_events(path, spec)
    assert set(read_events(path, spec, labels=False).label) == {-1}


def test_a_file_whose_name_looks_like_a_pattern(jets, spec, tmp_path):
    assert len(read_events(write_tree(tmp_path / "jets[1].root", jets), spec)) == 400


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("absent.root", r"the file '.*absent\.root' does not exist"),
        ("*.absent", r"no file matches '.*\*\.absent'"),
        ("", r"'.*' is not a file"),
    ],
)
def test_missing_files_are_named(tmp_path, spec, files, message):
    with pytest.raises(DataError, match=message):
        read_events(str(tmp_path / files), spec)


def test_no_file_at_all(spec):
    with pytest.raises(DataError, match="no input file was given"):
        read_events([], spec)


@pytest.mark.parametrize("chunk", [0, -5])
def test_a_chunk_holds_at_least_one_entry(jet_file, spec, chunk):
    with pytest.raises(DataError, match=f"Received: chunk={chunk}"):
        EventSource(jet_file, spec, chunk=chunk)


def test_a_specification_without_branches_is_refused(jet_file):
    spec = FeatureSpec.from_dict({"inputs": [{"name": "x", "features": [{"name": "one", "expression": "1"}]}]})
    with pytest.raises(FeatureError, match="names no branch"):
        read_events(jet_file, spec)


def test_a_missing_tree_is_named_with_the_nearest(jet_file, spec):
    with pytest.raises(DataError, match=r"jets\.root' has no tree 'jet': did you mean 'jets'\? Known: jets"):
        read_events(jet_file, spec, tree="jet")


@pytest.mark.parametrize("file", ["jet_file", "ntuple_file"])
def test_a_missing_branch_is_named_with_the_nearest(file, spec, request):
    plain = spec.to_dict()
    plain["inputs"][0]["features"][1]["branch"] = "j_mas"
    with pytest.raises(DataError, match=r"jets\.root:jets: there is no branch 'j_mas': did you mean 'j_mass'"):
        read_events(request.getfixturevalue(file), FeatureSpec.from_dict(plain))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
@pytest.mark.parametrize("file", ["jet_file", "ntuple_file"])
def test_a_file_cut_short_is_a_data_error(file, share, spec, tmp_path, request):
    content = request.getfixturevalue(file).read_bytes()
    path = tmp_path / "cut.root"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"cut\.root.*(cut short|not be a ROOT file|is empty)"):
        read_events(path, spec)


def test_a_damaged_basket_is_a_data_error(jet_file, spec, tmp_path):
    content = bytearray(jet_file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    (tmp_path / "bad.root").write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.root"):
        read_events(tmp_path / "bad.root", spec)


def test_a_file_without_its_last_bytes_is_a_data_error_whatever_is_read(jet_file, spec, tmp_path):
    content = jet_file.read_bytes()
    (tmp_path / "cut.root").write_bytes(content[:-1])
    with pytest.raises(DataError, match=rf"cut\.root' is cut short: it has {len(content) - 1} of {len(content)} bytes"):
        read_events(tmp_path / "cut.root", spec)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"not a ROOT file", "is neither a ROOT nor an HDF5 file"),
        (b"root", "cannot be opened as a ROOT file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(500), "cannot be opened as an HDF5 file"),
    ],
)
def test_another_kind_of_file_is_a_data_error(content, message, spec, tmp_path):
    path = tmp_path / "other.root"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"other\.root' {message}"):
        read_events(path, spec)


@pytest.mark.parametrize("write", [write_tree, write_ntuple])
def test_zero_events_are_refused(write, jets, spec, tmp_path):
    path = write(tmp_path / "empty.root", rows(jets, 0, 0))
    with pytest.raises(DataError, match=r"empty\.root: no event is left to use \(0 read\)"):
        read_events(path, spec)


def test_when_every_event_is_cut_the_counts_say_why(jet_file, spec):
    with pytest.raises(DataError, match=r"no event is left to use \(400 read, 400 cut by the selection"):
        read_events(jet_file, spec.model_copy(update={"selection": "j_pt < 0"}))


def test_a_class_without_events_is_named(jets, spec, tmp_path):
    path = write_tree(tmp_path / "x.root", {n: v[jets["j_w"] == 0] for n, v in jets.items()})
    with pytest.raises(DataError, match=r"the class 'w' \(j_w == 1\) has no events"):
        read_events(path, spec)


def test_text_where_numbers_are_needed(jets, spec, tmp_path):
    columns = dict(rows(jets, 0, 20)) | {"j_mass": ak.Array(["heavy"] * 20)}
    with pytest.raises(DataError, match=r"'j_mass' holds string, not numbers"):
        read_events(write_ntuple(tmp_path / "x.root", columns), spec)


def test_a_jagged_branch_where_a_flat_one_was_declared(jet_file, spec):
    plain = spec.to_dict()
    plain["inputs"][0]["features"][0]["branch"] = "part_phi"
    with pytest.raises(DataError, match=r"jets\.root:jets: 'j_pt' \(part_phi\) is jagged"):
        read_events(jet_file, FeatureSpec.from_dict(plain))


def test_a_flat_branch_where_a_jagged_one_was_declared(jet_file, spec):
    plain = spec.to_dict()
    plain["inputs"][1]["features"][1]["branch"] = "j_mass"
    with pytest.raises(DataError, match=r"'eta' of the sequence 'constituents' must be jagged"):
        read_events(jet_file, FeatureSpec.from_dict(plain))


def test_nan_without_default_is_refused(jet_file, spec, jets):
    plain = spec.to_dict()
    plain["inputs"][0]["features"][3].pop("default")
    number = int(np.isnan(jets["j_dispersion"]).sum())
    assert number > 0
    with pytest.raises(DataError, match=rf"'j_dispersion' is NaN, infinite or missing in {number} of 400 values"):
        read_events(jet_file, FeatureSpec.from_dict(plain))


@pytest.mark.parametrize("factor", [0, -1])
def test_weights_that_are_nowhere_above_zero_are_refused(jets, spec, tmp_path, factor):
    path = write_tree(tmp_path / "x.root", jets | {"j_weight": factor * jets["j_weight"]})
    with pytest.raises(
        DataError, match=r"x\.root: the weight \(j_weight\) is not above zero for any of the 400 events"
    ):
        read_events(path, spec)
    assert len(read_events(path, spec, labels=False)) == 400


def test_labels_outside_of_the_classes_are_counted_aloud(jets, spec, tmp_path, caplog):
    none = (jets["j_g"] == 1) & (np.arange(400) % 2 == 0)
    path = write_tree(tmp_path / "x.root", jets | {"j_g": np.where(none, 0, jets["j_g"])})
    assert len(read_events(path, spec)) == 400 - none.sum()
    assert f"x.root: {none.sum()} of 400 events belong to no class and are left out" in caplog.text
    caplog.clear()
    read_events(path, spec, labels=False)
    assert not caplog.records


@pytest.mark.parametrize("write", [write_tree, write_ntuple])
def test_a_file_cut_at_any_place_is_a_data_error(write, jets, spec, tmp_path):
    content = write(tmp_path / "whole.root", jets).read_bytes()
    path = tmp_path / "cut.root"
    for place in np.random.default_rng(7).integers(0, len(content), 20):
        path.write_bytes(content[:place])
        with pytest.raises(DataError, match=r"cut\.root"):
            read_events(path, spec)


def test_a_file_that_disappears_is_named(jets, spec, tmp_path):
    files = [write_tree(tmp_path / f"{name}.root", jets) for name in ("first", "second")]
    source = iter(EventSource(files, spec, chunk=400))
    assert len(next(source)) == 400
    files[1].unlink()
    with pytest.raises(DataError, match=r"second\.root' cannot be read: No such file or directory"):
        next(source)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("branch", ["j_pt", "j_shape3", "part_eta", "j_weight"])
def test_a_value_that_is_not_finite_in_any_branch_is_refused(jets, spec, tmp_path, branch, value):
    columns = ak.flatten(jets[branch]) if branch.startswith("part") else jets[branch]
    changed = ak.to_numpy(columns).copy()
    changed[7] = value
    if branch.startswith("part"):
        changed = ak.unflatten(changed, ak.num(jets[branch]))
    path = write_tree(tmp_path / "x.root", jets | {branch: changed})
    name = {"part_eta": "eta"}.get(branch, branch)
    with pytest.raises(DataError, match=rf"x\.root:jets: .*'{name}'.* is NaN.*1 "):
        read_events(path, spec)


def test_a_branch_that_is_flat_in_one_file_and_jagged_in_another(jet_file, jets, spec, tmp_path):
    other = write_tree(tmp_path / "other.root", jets | {"j_mass": jets["part_pt"]})
    with pytest.raises(DataError, match=r"other\.root:jets: 'j_mass' \(j_mass\) is jagged"):
        read_events([jet_file, other], spec)
