"""Events that cannot be read are refused by every command that reads events."""

import numpy as np
import pytest

from tests.cli.conftest import SPEC, write_spec, write_train
from tests.conftest import rows, write_ntuple, write_tree


@pytest.fixture
def readers(work):
    """Every command that reads events, with the arguments that let it read `file` as `spec` says."""

    def readers(file, spec="spec.yaml"):
        train = write_train(work, file, spec)
        yield ["train", train, "--output", "out"]
        yield ["quickstart", "--input", file, "--spec", spec, "--output", "out"]
        if spec == "spec.yaml":
            yield ["quantize", "model.keras", "--data", file, "--output", "out.keras"]
            yield ["export", "model.keras", "--output", "out.json", "--check", file]
            yield ["firmware", "build", "design.yaml", "--model", "quantized.keras", "--data", file, "--output", "out"]

    return readers


@pytest.fixture
def all_refused(refused, readers):
    """Have bad events refused by every command that reads events."""

    def all_refused(pattern, file, spec="spec.yaml"):
        for arguments in readers(file, spec):
            refused(pattern, *arguments)

    return all_refused


def test_a_missing_file_is_named(all_refused):
    all_refused(r"DataError: the file '.*absent\.root' does not exist", "absent.root")


def test_a_missing_tree_is_named_with_those_that_are_there(all_refused, work, jets):
    path = write_tree(work / "other.root", rows(jets, 0, 50), "jetz")
    all_refused(r"other\.root' has no tree 'jets': did you mean 'jetz'\?", path)


def test_a_missing_branch_is_named_with_the_nearest(all_refused, work, jets):
    columns = {name: values for name, values in jets.items() if name != "j_shape1"}
    path = write_tree(work / "other.root", columns)
    all_refused(r"other\.root:jets: there is no branch 'j_shape1': did you mean 'j_shape", path)


@pytest.mark.parametrize(("left", "state"), [(0.9, "cut short"), (0.5, "cut short"), (0.0, "empty")])
def test_a_file_cut_short_is_named(all_refused, work, jets, left, state):
    needed = {name: jets[name] for name in ("j_g", "j_q", "j_mult", "j_shape1", "j_mass", "j_pt")}
    whole = write_tree(work / "short.root", needed).read_bytes()
    path = work / "short.root"
    path.write_bytes(whole[: int(len(whole) * left)])
    all_refused(rf"FileReadError: .*short\.root' is {state}", path)


def test_a_file_of_another_kind_is_named(all_refused, work):
    path = work / "text.root"
    path.write_text("pt eta phi\n" * 100)
    all_refused(r"FileReadError: .*text\.root' is neither a ROOT nor an HDF5 file", path)


def test_a_jagged_branch_where_a_number_is_needed(all_refused, work, jets):
    path = write_tree(work / "other.root", {**jets, "j_mass": jets["part_pt"]})
    all_refused(r"other\.root:jets: 'j_mass' \(j_mass\) is jagged, but one number an example is needed", path)


def test_a_branch_of_text(all_refused, work, jets):
    columns = {name: jets[name] for name in ("j_pt", "j_mult", "j_shape1", "j_g", "j_q")}
    path = write_ntuple(work / "other.root", {**columns, "j_mass": np.array(["a"] * 400).tolist()})
    all_refused(r"other\.root:jets: 'j_mass' holds string, not numbers", path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_names_the_branch(all_refused, work, jets, value):
    mass = jets["j_mass"].copy()
    mass[[3, 7]] = value
    path = write_tree(work / "other.root", {**jets, "j_mass": mass})
    all_refused(
        r"other\.root:jets: 'j_mass' is NaN, infinite or missing in 2 of 400 values, first in example 3 .*'default'",
        path,
    )


def test_zero_events(all_refused, work, jets):
    path = write_tree(work / "none.root", rows(jets, 0, 0))
    all_refused(r"none\.root: no event is left to use", path)


def test_a_selection_that_leaves_nothing(all_refused, work):
    spec = write_spec(work, selection="j_pt < 0")
    all_refused(r"jets\.root: no event is left to use \(400 read, 400 cut by the selection", work / "jets.root", spec)


def test_a_class_without_events(all_refused, work):
    spec = write_spec(work, classes={**SPEC["classes"], "fat": "j_mass > 1e9"})
    all_refused(r"jets\.root: the class 'fat' \(j_mass > 1e9\) has no events", work / "jets.root", spec)


def test_a_specification_with_an_unknown_key(all_refused, work):
    spec = write_spec(work, selektion="j_pt > 0")
    all_refused(r"own\.yaml: selektion: unknown key", work / "jets.root", spec)


def test_a_missing_specification(refused, work):
    refused("no feature specification '.*absent.yaml'", "train", write_train(work, spec="absent.yaml"))
    refused("no feature specification 'five_jet'.*'five_jets'", "train", write_train(work, spec="five_jet"))


def test_a_missing_configuration(refused):
    refused(r"cannot read the training configuration absent\.yaml: No such file", "train", "absent.yaml")


def test_a_configuration_that_is_no_yaml(refused, work):
    (work / "train.yaml").write_text("data: {files: [\n")
    refused(r"train\.yaml is not valid YAML: line 2", "train", "train.yaml")


def test_an_unknown_sample(refused):
    refused("there is no sample 'five-jet'; did you mean 'five-jets'", "generate", "five-jet")
    refused("needs at least 5 jets", "generate", "five-jets", "--entries", 3)
    refused(r"must end in \.root or \.hdf5 or \.h5", "generate", "five-jets", "--output", "jets.txt")
