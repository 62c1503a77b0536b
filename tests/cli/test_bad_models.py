"""Models, layers and designs that cannot be used are named."""

import pytest
import yaml

from tests.cli.conftest import DESIGN, FEATURES, write_spec, write_train


def test_an_unknown_model_shows_the_nearest(refused, work):
    refused(
        "there is no model 'dense_tager': did you mean 'dense_tagger'", "train", write_train(work, model="dense_tager")
    )


def test_an_unknown_argument_of_a_model_shows_the_nearest(refused, work):
    refused("'dense_tagger' has no argument 'unit': did you mean 'units'", "train", write_train(work, unit=4))
    refused("units must be positive whole numbers. Received: .0.", "train", write_train(work, units=[0]))


@pytest.mark.parametrize(
    "arguments",
    [
        ["quantize", "absent.keras", "--data", "jets.root"],
        ["export", "absent.keras", "--output", "net.json"],
        ["firmware", "build", "design.yaml", "--model", "absent.keras"],
    ],
)
def test_a_missing_model(refused, arguments):
    refused(r"the model file 'absent\.keras' does not exist", *arguments)


@pytest.mark.parametrize("text", [b"PK\x03\x04half", b""])
def test_a_damaged_model(refused, work, text):
    (work / "half.keras").write_bytes(text)
    for arguments in (
        ["export", "half.keras", "--output", "net.json"],
        ["quantize", "half.keras", "--data", "jets.root"],
    ):
        refused(r"the model 'half\.keras' cannot be loaded", *arguments)


@pytest.mark.parametrize(
    ("model", "pattern"),
    [
        ("curved.keras", r"the layer 'activation_1' \(Activation\) cannot be quantised: the activation 'tanh'"),
        ("images.keras", r"the layer 'reshape\w*' \(Reshape\) cannot be quantised.* Dense"),
    ],
)
def test_a_layer_that_cannot_be_quantised_is_named(refused, model, pattern):
    refused(pattern, "quantize", model, "--data", "jets.root")


@pytest.mark.parametrize("option", ["--bits", "--input-bits", "--hardware-bits"])
def test_impossible_bits_are_named(refused, option):
    refused(
        "bits must lie between . and 16. Received: 99", "quantize", "model.keras", "--data", "jets.root", option, 99
    )


def test_an_unknown_method_is_named(refused):
    arguments = ["quantize", "model.keras", "--data", "jets.root", "--method", "magic"]
    refused("unknown quantisation method. Received: 'magic'. Known: qkeras", *arguments)


@pytest.mark.parametrize(
    ("format", "model", "pattern"),
    [("json", "unusual", "'sparse'.* 'sparsemax'"), ("lwtnn", "images", r"'convolution'.*Conv1D|'reshape")],
)
def test_a_layer_that_cannot_be_exported_is_named(refused, format, model, pattern):
    refused(pattern, "export", f"{model}.keras", "--output", "net.json", "--format", format)


def test_a_quantised_model_is_neither_exported_nor_quantised_again(refused):
    refused("the layer 'digitize' .* cannot be exported", "export", "quantized.keras", "--output", "net.json")
    refused("the layer 'digitize' .* cannot be quantised", "quantize", "quantized.keras", "--data", "jets.root")


# Bad input: designs


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"clock": 200}, r"own\.yaml: clock: unknown key"),
        ({"budget": {"luts": 3}}, r"own\.yaml: budget\.luts: unknown key"),
        ({"device": "xcvu13q"}, r"unknown device 'xcvu13q': did you mean 'xcvu13p'"),
        ({"clock_mhz": -1}, r"own\.yaml: clock_mhz: .*Received: '-1'"),
        ({"hls": {"backends": ["Quartus"]}}, r"own\.yaml: hls\.backends\.0: .*Received: 'Quartus'"),
    ],
)
def test_a_design_that_is_wrong_is_named(refused, work, changes, pattern):
    (work / "own.yaml").write_text(yaml.safe_dump(DESIGN | changes))
    refused(pattern, "firmware", "build", "own.yaml", "--model", "quantized.keras", "--data", "jets.root")
    refused(pattern, "quickstart", "--design", "own.yaml")


def test_a_design_that_does_not_fit_the_model_is_named(refused, work):
    (work / "own.yaml").write_text(yaml.safe_dump(DESIGN | {"precision": {"bits": 4}}))
    refused(r"the layer 'dense_1' has .*6 bits, but the design 'tiny' allows 4",
            "firmware", "build", "own.yaml", "--model", "quantized.keras", "--data", "jets.root")  # fmt: skip


def test_a_missing_design_model_or_vectors_are_named(refused):
    refused(r"cannot read the design absent\.yaml", "firmware", "build", "absent.yaml")
    refused(r"design\.yaml names no model; give one with --model", "firmware", "build", "design.yaml")
    refused(r"golden_vectors\.npz cannot be read", "firmware", "build", "design.yaml", "--model", "quantized.keras")
    refused("holds no quantised model", "firmware", "build", "design.yaml", "--model", "model.keras")


def test_a_transform_that_firmware_cannot_compute_is_refused_at_once(refused, work):
    features = [{**FEATURES[0], "clip": [1, 5000], "transform": "log"}, *FEATURES[1:]]
    spec = write_spec(work, inputs=[{"name": "jet", "features": features}])
    refused("the feature 'j_pt' has the transform log, which firmware cannot compute",
            "quickstart", "--input", "jets.root", "--spec", spec, "--output", "out")  # fmt: skip
