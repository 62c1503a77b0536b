"""docs/data.md shows configurations that are valid, and every key."""

import re
from pathlib import Path

import pytest
import yaml

from keras_hep.data import FeatureSpec
from keras_hep.data.features import Feature, HardwareFormat, ImageSpec, InputSpec
from keras_hep.data.streaming.config import DataConfig
from keras_hep.data.streaming.sampling import Sampling

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.S)]


def test_the_examples_are_valid():
    spec = FeatureSpec.from_dict(EXAMPLES[0])
    assert [entry.kind for entry in spec.inputs] == ["constituents", "image", "features"]
    config = DataConfig.from_dict(EXAMPLES[1])
    assert config.sampling is not None and config.on_error == "skip"
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize("model", [FeatureSpec, InputSpec, ImageSpec, Feature, HardwareFormat, DataConfig, Sampling])
def test_every_key_is_explained(model):
    for key, field in model.model_fields.items():
        rows = re.findall(rf"^\|[^|]*`{key}`.*$", PAGE, re.M) or re.findall(rf"`{key}`", PAGE)
        assert rows, key
        default = field.get_default(call_default_factory=True)
        if isinstance(default, int | float) and not isinstance(default, bool) and model in (DataConfig, Sampling):
            assert any(row.endswith(f"| {default:g} |") for row in rows), (key, default)
