"""The contract of a source of events."""

import numpy as np

__all__ = ["check_source"]


def check_source(make_source, expected, chunks=(64, 399, 10_000)):
    """Check that a source gives the expected events, however it is cut into chunks.

    1. Chunks put together equal the expected events: tensors, labels, weights, identities and counts, with their types.
    2. No chunk is larger than was asked for, and the size of the chunks changes nothing.
    3. A source can be walked twice.

    Args:
        make_source: function of a chunk size that returns an iterable of `Events`.
        expected: all `Events` that the source holds.
        chunks: sizes to try.
    """
    for chunk in chunks:
        source = make_source(chunk)
        for _ in range(2):
            parts = list(source)
            assert all(len(part) <= chunk for part in parts), f"a chunk is larger than {chunk}"
            found = type(expected).concatenate(parts)
            assert found.inputs.keys() == expected.inputs.keys()
            for name, values in expected.inputs.items():
                assert found.inputs[name].dtype == values.dtype == np.float32, name
                np.testing.assert_array_equal(found.inputs[name], values, err_msg=name)
            for name in ("label", "weight", "index"):
                assert getattr(found, name).dtype == getattr(expected, name).dtype, name
                np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
            assert found.counts == expected.counts
