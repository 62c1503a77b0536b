import copy

import pytest
import yaml

from keras_hep.data import Feature, FeatureSpec, HardwareFormat, InputSpec
from keras_hep.errors import FeatureError

FULL = {
    "version": 1,
    "tree": "events/jets",
    "each": "jet_pt",
    "identity": "event_number",
    "selection": "jet_pt > 20",
    "inputs": [
        {
            "name": "jet",
            "features": [
                {"name": "mass", "branch": "jet_mass", "unit": "GeV", "clip": [0.1, 500.0], "transform": "log"},
                {"name": "ratio", "expression": "jet_mass / jet_pt", "default": -1.0, "offset": 0.5, "scale": 2.0},
                {"name": "jet_n", "hardware": {"bits": 8, "signed": False, "exponent": -2}},
            ],
        },
        {"name": "tracks", "length": 5, "order": "-track_pt", "features": [{"name": "track_pt"}, {"name": "track_d0"}]},
    ],
    "classes": {"b": "flavour == 5", "light": "flavour != 5"},
    "weight": "w * 2",
}


def changed(path, value):
    """Return FULL with the value at a dotted path replaced (or added)."""
    result = copy.deepcopy(FULL)
    *parents, last = path.split(".")
    place = result
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    place[int(last) if last.isdigit() else last] = value
    return result


def test_a_specification_goes_through_yaml_unchanged(tmp_path):
    spec = FeatureSpec.from_dict(FULL)
    assert FeatureSpec.load(spec.save(tmp_path / "deep" / "spec.yaml")) == spec
    assert spec.to_dict()["inputs"][0]["features"][0]["clip"] == [0.1, 500.0]


def test_plain_values_leave_out_what_is_not_set():
    plain = FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": [{"name": "pt"}]}]}).to_dict()
    assert "selection" not in plain
    assert "default" not in plain["inputs"][0]["features"][0]


def test_numbers_survive_yaml_exactly(tmp_path):
    spec = FeatureSpec.from_dict(changed("inputs.0.features.1.offset", 0.1 + 0.2))
    loaded = FeatureSpec.load(spec.save(tmp_path / "spec.yaml"))
    assert loaded.inputs[0].features[1].offset == 0.1 + 0.2


def test_scientific_notation_without_a_point_is_a_number(tmp_path):
    (tmp_path / "spec.yaml").write_text("inputs: [{name: jet, features: [{name: pt, scale: 1e-3}]}]")
    assert FeatureSpec.load(tmp_path / "spec.yaml").inputs[0].features[0].scale == 1e-3


def test_branches_are_all_that_must_be_read():
    spec = FeatureSpec.from_dict(FULL)
    inputs = ["jet_pt", "jet_mass", "jet_n", "track_pt", "track_d0"]
    assert spec.branches(labels=False) == [*inputs, "event_number"]
    assert spec.branches() == [*inputs, "event_number", "flavour", "w"]


def test_names_shapes_and_fitted():
    spec = FeatureSpec.from_dict(FULL)
    assert spec.class_names == ("b", "light")
    assert [i.shape for i in spec.inputs] == [(3,), (5, 2)]
    assert [i.is_sequence for i in spec.inputs] == [False, True]
    assert spec.input("tracks").mask_name == "tracks_mask"
    assert [f.is_fitted for f in spec.inputs[0].features] == [False, True, False]
    assert not spec.is_fitted


def test_select_keeps_the_order_asked_for():
    spec = FeatureSpec.from_dict(FULL)
    assert [i.name for i in spec.select(["tracks", "jet"]).inputs] == ["tracks", "jet"]
    assert [i.name for i in spec.select(["tracks"]).inputs] == ["tracks"]
    with pytest.raises(FeatureError, match=r"no input 'trakcs': did you mean 'tracks'"):
        spec.select(["trakcs"])


def test_with_input_replaces_one_input():
    spec = FeatureSpec.from_dict(FULL)
    shorter = spec.input("tracks").model_copy(update={"length": 2})
    assert [i.shape for i in spec.with_input(shorter).inputs] == [(3,), (2, 2)]
    with pytest.raises(FeatureError, match="no input 'muons'"):
        spec.with_input(InputSpec(name="muons", features=(Feature(name="mu_pt"),)))


def test_a_specification_does_not_change():
    spec = FeatureSpec.from_dict(FULL)
    with pytest.raises(ValueError, match="frozen"):
        spec.inputs[0].features[0].scale = 2.0


@pytest.mark.parametrize(
    ("bits", "signed", "minimum", "maximum"),
    [(8, True, -128, 127), (8, False, 0, 255), (1, True, -1, 0), (1, False, 0, 1)],
)
def test_hardware_integers(bits, signed, minimum, maximum):
    form = HardwareFormat(bits=bits, signed=signed, exponent=-3)
    assert (form.minimum, form.maximum) == (minimum, maximum)


FEATURE = "inputs.0.features.0"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("inputs", [], r"inputs: .*at least 1"),
        ("inputs.0.features", [], r"inputs\.0\.features: .*at least 1"),
        ("inputs.0.name", "", r"inputs\.0\.name: .*at least 1 character"),
        ("inputs.0.lenght", 3, r"inputs\.0\.lenght: unknown key"),
        (f"{FEATURE}.units", "GeV", r"inputs\.0\.features\.0\.units: unknown key"),
        ("tres", "x", r"tres: unknown key"),
        ("version", 2, r"version: Input should be 1.*Received: '2'"),
        ("inputs.1.length", 0, r"inputs\.1\.length: .*greater than or equal to 1.*Received: '0'"),
        ("inputs.1.length", 2.5, r"inputs\.1\.length: .*Received: '2\.5'"),
        ("inputs.0.order", "-jet_pt", r"'jet' has an order but no length"),
        (f"{FEATURE}.default", "often", r"features\.0\.default: .*valid number.*Received: 'often'"),
        (f"{FEATURE}.default", float("nan"), r"features\.0\.default: .*finite number.*Received: 'nan'"),
        (f"{FEATURE}.offset", float("inf"), r"features\.0\.offset: .*finite number.*Received: 'inf'"),
        (f"{FEATURE}.clip", [0.1, float("nan")], r"features\.0\.clip\.1: .*finite number.*Received: 'nan'"),
        (f"{FEATURE}.clip", [0.1], r"features\.0\.clip\.1: "),
        (f"{FEATURE}.clip", [5.0, 5.0], r"feature 'mass': clip \[5\.0, 5\.0\] must be \[smaller, larger\]"),
        (f"{FEATURE}.clip", [0.0, 5.0], r"feature 'mass': transform log needs a clip that starts above 0"),
        (f"{FEATURE}.clip", [1e-60, 5.0], r"feature 'mass': transform log needs a clip that starts above 0"),
        (f"{FEATURE}.clip", None, r"feature 'mass': transform log needs a clip"),
        (f"{FEATURE}.clip", [1.0, 1e39], r"feature 'mass': clip \[1\.0, 1e\+39\] is larger than a float32"),
        (f"{FEATURE}.default", 1e39, r"feature 'mass': default 1e\+39 is larger than a float32"),
        (f"{FEATURE}.offset", -1e39, r"feature 'mass': offset -1e\+39 is larger than a float32"),
        (f"{FEATURE}.scale", 1e39, r"feature 'mass': scale 1e\+39 is larger than a float32"),
        (f"{FEATURE}.scale", 0.0, r"feature 'mass': scale 0 would remove"),
        (f"{FEATURE}.scale", 1e-60, r"feature 'mass': scale 1e-60 would remove"),
        (f"{FEATURE}.transform", "ln", r"features\.0\.transform: .*'log'.*Received: 'ln'"),
        (f"{FEATURE}.expression", "jet_mass", r"feature 'mass' has both a branch and an expression"),
        ("inputs.0.features.1.expression", "jet[0]", r"features\.1\.expression: .*'jet\[0\]' is not allowed"),
        ("inputs.0.features.2.hardware.bits", 0, r"features\.2\.hardware\.bits: .*Received: '0'"),
        ("inputs.0.features.2.hardware.exponent", 99, r"features\.2\.hardware\.exponent: .*Received: '99'"),
        ("inputs.0.features.1.name", "mass", r"the feature name 'mass' is used twice"),
        ("inputs.1.features.1.name", "mass", r"the feature name 'mass' is used twice"),
        ("inputs.1.name", "jet", r"the input name 'jet' is used twice"),
        ("inputs.0.name", "tracks_mask", r"the input name 'tracks_mask' is used twice"),
        ("classes", {"b": "flavour == 5"}, r"classes holds one class"),
        ("classes.b", "flavour = 5", r"'flavour = 5' cannot be read"),
        ("identity", "run[0]", r"'run\[0\]' is not allowed"),
        ("selection", "open('x')", r"unknown function 'open'"),
        ("weight", "w[0]", r"'w\[0\]' is not allowed"),
        ("inputs.1.order", "-track[0]", r"'track\[0\]' is not allowed"),
    ],
)
def test_every_wrong_value_is_named(path, value, message):
    with pytest.raises(FeatureError, match=message):
        FeatureSpec.from_dict(changed(path, value), "jets.yaml")


def test_the_error_names_the_file_and_every_problem():
    values = changed("tres", "x")
    values["inputs"][1]["length"] = -1
    with pytest.raises(FeatureError) as caught:
        FeatureSpec.from_dict(values, "jets.yaml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith("jets.yaml: ") for line in lines)


def test_a_missing_key_is_named():
    with pytest.raises(FeatureError, match=r"inputs\.0\.features\.0\.name: Field required"):
        FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": [{"unit": "GeV"}]}]})


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_not_a_mapping_is_refused(value):
    with pytest.raises(FeatureError, match="the whole: "):
        FeatureSpec.from_dict(value)


@pytest.mark.parametrize(
    ("transform", "clip", "allowed"),
    [
        ("sqrt", [0.0, 1.0], True),
        ("sqrt", [-0.1, 1.0], False),
        ("sqrt", None, False),
        ("log1p", [-1.0, 1.0], False),
        ("log1p", [-0.5, 1.0], True),
        ("log1p", None, False),
        ("asinh", None, True),
        ("none", None, True),
    ],
)
def test_a_transform_needs_a_clip_inside_its_domain(transform, clip, allowed):
    values = {"inputs": [{"name": "jet", "features": [{"name": "x", "transform": transform, "clip": clip}]}]}
    if allowed:
        FeatureSpec.from_dict(values)
    else:
        with pytest.raises(FeatureError, match=f"feature 'x': transform {transform} needs a clip"):
            FeatureSpec.from_dict(values)


def test_nan_in_yaml_is_refused(tmp_path):
    (tmp_path / "spec.yaml").write_text("inputs: [{name: jet, features: [{name: pt, default: .nan}]}]")
    with pytest.raises(FeatureError, match=r"spec\.yaml: inputs\.0\.features\.0\.default: .*finite.*'nan'"):
        FeatureSpec.load(tmp_path / "spec.yaml")


def test_bad_yaml_names_file_and_line(tmp_path):
    (tmp_path / "spec.yaml").write_text("version: 1\ninputs:\n  - name: jet\n   features: []\n")
    with pytest.raises(FeatureError, match=r"spec\.yaml is not valid YAML: line 4"):
        FeatureSpec.load(tmp_path / "spec.yaml")


@pytest.mark.parametrize("text", ["tree: 2001-13-45\n", "tree: !!python/object:os.system x\n", "a: \x00\n", "[" * 5000])
def test_strange_yaml_is_a_feature_error(tmp_path, text):
    (tmp_path / "spec.yaml").write_text(text)
    with pytest.raises(FeatureError, match="is not valid YAML"):
        FeatureSpec.load(tmp_path / "spec.yaml")


@pytest.mark.parametrize("text", ["", "just text", "- 1\n", "a: &a [*a]\n"])
def test_yaml_of_another_kind_is_a_feature_error(tmp_path, text):
    (tmp_path / "spec.yaml").write_text(text)
    with pytest.raises(FeatureError, match=r"spec\.yaml: "):
        FeatureSpec.load(tmp_path / "spec.yaml")


def test_a_missing_file_is_a_feature_error(tmp_path):
    with pytest.raises(FeatureError, match=r"cannot read the feature specification .*absent\.yaml: No such file"):
        FeatureSpec.load(tmp_path / "absent.yaml")


def test_the_saved_yaml_is_plain(tmp_path):
    path = FeatureSpec.from_dict(FULL).save(tmp_path / "spec.yaml")
    plain = yaml.safe_load(path.read_text())
    assert list(plain) == ["version", "tree", "each", "identity", "selection", "inputs", "classes", "weight"]
    assert list(plain["classes"]) == ["b", "light"]
