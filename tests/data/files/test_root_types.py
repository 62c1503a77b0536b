import types

import awkward as ak
import numpy as np
import pytest
import uproot
from uproot.interpretation.identify import UnknownInterpretation

from keras_hep.data import Dataset, FeatureSpec, read_events
from keras_hep.data.files import open_columns, root
from keras_hep.data.files.baskets import BasketReader
from keras_hep.data.summary import summarise
from keras_hep.errors import DataError, FileReadError
from tests.conftest import write_tree


def spec_of(branch):
    return FeatureSpec.from_dict({"inputs": [{"name": "x", "features": [{"name": "pt", "branch": branch}]}]})


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A tree with branches that seem to hold classes: files of experiments do, but they cannot be written here."""
    path = write_tree(tmp_path / "a.root", {name: np.arange(3.0) for name in ("pt", "jets", "aux", "link", "bag")})
    no_class = uproot.model.UnknownClass
    kinds = {
        "jets": uproot.AsObjects(no_class),
        "aux": uproot.AsStridedObjects(no_class, [], original=None),
        "link": UnknownInterpretation("no rule", path, "link"),
        "bag": uproot.AsGrouped("bag", {"pt": None}),
    }
    real = uproot.TBranch.interpretation.fget
    monkeypatch.setattr(uproot.TBranch, "interpretation", property(lambda b: kinds.get(b.name) or real(b)))
    monkeypatch.setattr(uproot.TBranch, "typename", property(lambda b: f"xAOD::{b.name}"))
    return path


@pytest.mark.parametrize(
    ("branch", "what"),
    [
        ("jets", "objects of the type 'xAOD::jets'"),
        ("aux", "objects of the type 'xAOD::aux'"),
        ("link", "objects without a description of their type"),
    ],
)
def test_a_type_that_cannot_be_read_is_named_and_not_called_damage(file, branch, what):
    message = rf"a\.root:jets: the branch '{branch}' holds .*{what}.*, which cannot be read; only numbers"
    for reader in (read_events, Dataset):
        with pytest.raises(DataError, match=message) as caught:
            reader(file, spec_of(branch))
        assert "cut short" not in str(caught.value)
        assert not isinstance(caught.value, FileReadError), "on_error: skip would leave out every file of the kind"
    assert len(read_events(file, spec_of("pt"))) == 3


def test_a_summary_tells_types_that_cannot_be_read_from_numbers(file):
    (summary,) = summarise(str(file))
    found = {branch.name: branch for branch in summary.branches}
    assert set(found) == {"pt", "jets", "aux", "link"}, "a branch that only holds others is none"
    assert found["pt"].problem is None and found["pt"].high == 2
    assert found["jets"].problem == "cannot be" and found["jets"].type == "objects of the type 'xAOD::jets'"


def test_a_class_that_only_reading_finds_unreadable_is_named_too(tmp_path, monkeypatch):
    path = write_tree(tmp_path / "a.root", {"history": np.arange(3.0), "counts": np.arange(3.0)})
    monkeypatch.setattr(BasketReader, "of", classmethod(lambda cls, *_: None))
    names = {"history": "std::vector<edm::ProcessHistory>", "counts": "std::vector<std::map<std::string, uint32_t>>"}
    monkeypatch.setattr(uproot.TBranch, "typename", property(lambda branch: names[branch.name]))

    def fail(*args, **options):
        raise NotImplementedError("memberwise")

    monkeypatch.setattr(uproot.TBranch, "array", fail)
    with pytest.raises(
        DataError, match=r"'history' holds objects of the type 'std::vector<edm::.*memberwise"
    ) as caught:
        read_events(path, spec_of("history"))
    assert not isinstance(caught.value, FileReadError)
    with pytest.raises(FileReadError, match="the file may be cut short or damaged"):
        read_events(path, spec_of("counts"))


def test_a_branch_of_a_branch_has_its_own_name():
    number, group = uproot.AsDtype(">f4"), uproot.AsGrouped("x", {})
    kinds = {
        "Jet": number,
        "Jet/Jet.PT": number,
        "Aux": group,
        "Aux/Aux.a": number,
        "a/twice": number,
        "b/twice": number,
    }
    branches = {path: types.SimpleNamespace(interpretation=kind) for path, kind in kinds.items()}
    tree = types.SimpleNamespace(iteritems=branches.items)
    assert root._paths(tree) == {
        "Jet": "Jet",
        "Jet.PT": "Jet/Jet.PT",
        "Aux.a": "Aux/Aux.a",
        "a/twice": "a/twice",
        "b/twice": "b/twice",
    }


def test_bits_of_objects_are_refused():
    streamer = object.__new__(uproot.streamers.Model_TStreamerBasicType)
    for kind, readable in ((13, True), (15, False)):
        streamer._members = {"fType": kind}
        branch = types.SimpleNamespace(streamer=streamer, interpretation=uproot.AsJagged(uproot.AsDtype(">u4")))
        assert (root._unreadable(branch) is None) == readable


def test_lists_that_are_no_whole_numbers_are_damage(jets, tmp_path):
    path = write_tree(tmp_path / "a.root", {"pt": jets["part_pt"]})
    with open_columns(str(path)) as columns:
        branch = columns._branch("pt")
        # What lies there is float32: read as float64, lists of an odd length end within a number.
        branch._interpretation = uproot.AsJagged(uproot.AsDtype(">f8"))
        with pytest.raises(FileReadError, match="does not hold whole numbers of 8 bytes"):
            columns.read(["pt"], 0, columns.entries)
    with open_columns(str(path)) as columns:
        assert ak.array_equal(columns.read(["pt"], 0, 400)["pt"], jets["part_pt"])
