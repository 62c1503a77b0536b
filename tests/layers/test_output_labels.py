import numpy as np
import pytest

from keras_hep.layers import OutputLabels
from tests.contracts.layer import check_layer


def test_it_changes_nothing():
    values = np.random.default_rng(1).normal(size=(3, 2)).astype(np.float32)
    check_layer(lambda **keywords: OutputLabels(["b", "c"], origin={"kept": [1, "two"]}, **keywords), values, (3, 2))
    np.testing.assert_array_equal(np.asarray(OutputLabels(["b", "c"])(values)), values)


def test_labels_belong_to_the_values():
    with pytest.raises(ValueError, match=r"2 labels\. Received: shape"):
        OutputLabels(["b", "c"]).build((None, 3))
    with pytest.raises(ValueError, match="labels of an output must differ"):
        OutputLabels(["b", "b"])
