"""Axes of any size: C++ gives what Keras gives for each size, without padding."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.errors import DataError, ExportError, UnsupportedLayerError
from keras_hep.export import Network, check, codegen, export
from keras_hep.layers import Preprocessing
from tests.contracts.exportable import check_exportable
from tests.cpp.networks import plain_spec, randomised

LENGTH = 9


def ragged(*shapes, seed=3):
    random = np.random.default_rng(seed)
    return [random.normal(size=shape).astype(np.float32) for shape in shapes]


def sequences(size=3, least=1):
    """Two events of each length, the lengths mixed."""
    return ragged(*[(length, size) for length in [*range(least, LENGTH + 1), *range(LENGTH, least - 1, -1)]])


def checked(model, inputs, folder, length=LENGTH):
    """Check the contract layer by layer for all events, and each output that users get, in batches."""
    document, _ = check_exportable(model, inputs, folder, length=length)
    net = Network(folder / "first.json")
    assert net.self_check() < 1e-5
    results = net.predict(inputs)
    events = len(next(iter(inputs.values())))
    for number in range(events):
        given = [values[number][None] for values in inputs.values()]
        outputs = keras.tree.flatten(model(given if len(given) > 1 else given[0]))
        for found, expected in zip(results.values(), outputs, strict=True):
            flat = np.ravel(expected)
            assert np.abs(found[number, : flat.size] - flat).max() < 1e-5
            assert np.isnan(found[number, flat.size :]).all()
    return document


def of_sequence(make, size=3):
    x = keras.Input((None, size), name="x")
    return randomised(keras.Model(x, make(x)))


STACKS = {
    "lstm": lambda x: layers.LSTM(5)(x),
    "backwards": lambda x: layers.GRU(4, go_backwards=True, return_sequences=True)(x),
    "both_directions": lambda x: layers.Bidirectional(layers.SimpleRNN(4, return_sequences=True), merge_mode="sum")(x),
    "same_strides": lambda x: layers.Conv1D(4, 4, strides=3, padding="same", activation="relu")(x),
    "same": lambda x: layers.GlobalMaxPooling1D()(layers.Conv1D(17, 3, padding="same", dilation_rate=2)(x)),
    "causal": lambda x: layers.Conv1D(4, 3, padding="causal", strides=2)(x),
    "separable": lambda x: layers.SeparableConv1D(4, 3, padding="same", strides=2, depth_multiplier=2)(x),
    "depthwise": lambda x: layers.DepthwiseConv1D(3, padding="same", strides=2)(x),
    "transposed": lambda x: layers.Conv1DTranspose(4, 3, strides=2, padding="same")(x),
    "pooling": lambda x: layers.AveragePooling1D(3, strides=2, padding="same")(layers.MaxPooling1D(2, 1, "same")(x)),
    "global": lambda x: layers.GlobalAveragePooling1D(keepdims=True)(x),
    "dense": lambda x: layers.TimeDistributed(layers.Dense(4, activation="softmax"))(layers.Dense(5)(x)),
    "attention": lambda x: layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True),
    "softmax": lambda x: layers.Dot(axes=1)([layers.Softmax(axis=1)(layers.Dense(2)(x)), x]),
    "masking": lambda x: layers.GlobalAveragePooling1D()(layers.Dense(2)(layers.Masking(7.0)(x))),
    "normalization": lambda x: layers.GroupNormalization(3)(layers.LayerNormalization()(layers.BatchNormalization()(x))),
    "up_sampling": lambda x: layers.UpSampling1D(2)(layers.ZeroPadding1D((1, 2))(x)),
    "beside_the_mean": lambda x: layers.Subtract()([x, layers.GlobalAveragePooling1D(keepdims=True)(x)]),
    "joined": lambda x: layers.Concatenate(axis=1)([x, layers.Conv1D(3, 2, strides=2, padding="same")(x)]),
    "reshaped": lambda x: layers.LSTM(3)(layers.Reshape((-1, 6))(layers.Dense(12)(x))),
    "flat": lambda x: layers.Flatten()(layers.Dense(2)(x)),
    "prelu": lambda x: layers.PReLU(shared_axes=[1])(x),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*using a softmax over axis:UserWarning")
@pytest.mark.parametrize("key", STACKS)
def test_each_length(key, tmp_path):
    document = checked(of_sequence(STACKS[key]), {"x": sequences()}, tmp_path)
    assert document["inputs"] == [{"name": "x", "shape": [None, 3], "length": LENGTH, "features": None}]
    assert document["nodes"][0]["shape"] == [None, 3]


def test_windows_that_short_sequences_do_not_fill(tmp_path):
    model = of_sequence(lambda x: layers.GlobalMaxPooling1D()(layers.Conv1D(4, 4, strides=2)(x)))
    checked(model, {"x": sequences(least=4)}, tmp_path)
    with pytest.raises(ExportError, match=r"open axes have the sizes \[3\]: .*a window of 4 is larger than .* 3"):
        Network(tmp_path / "first.json").predict({"x": ragged((5, 3), (3, 3))})
    export(model, tmp_path / "drawn.json", length=LENGTH)
    lengths = {
        len(vector["inputs"]["x"]["values"]) // 3
        for vector in json.loads((tmp_path / "drawn.json").read_text())["test_vectors"]
    }
    assert min(lengths) >= 4 and max(lengths) == LENGTH and len(lengths) > 1


def test_images_of_any_size(tmp_path):
    image = keras.Input((None, None, 2), name="image")
    x = layers.Conv2D(5, 3, strides=(2, 1), padding="same", activation="relu")(image)
    x = layers.MaxPooling2D(2, padding="same")(layers.SeparableConv2D(4, 3, padding="same")(x))
    model = randomised(keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x))))
    images = ragged(*[(height, width, 2) for height in (1, 2, 5, 6) for width in (1, 4, 7)])
    document = checked(model, {"image": images}, tmp_path, length={"image": (6, 7)})
    assert document["inputs"][0] == {"name": "image", "shape": [None, None, 2], "length": [6, 7], "features": None}


def test_a_sequence_of_objects_has_the_length_of_its_specification(tmp_path):
    parts, jet = keras.Input((None, 2), name="parts"), keras.Input((3,), name="jet")
    x = Preprocessing(plain_spec("parts", LENGTH), "parts")(parts)
    x = layers.Concatenate()([layers.LSTM(4)(x), jet])
    model = randomised(keras.Model([parts, jet], layers.Dense(2)(x)))
    values = sequences(2)
    inputs = {"parts": values, "jet": np.stack(ragged(*[(3,)] * len(values)))}
    document = checked(model, inputs, tmp_path, length=None)
    assert document["inputs"][0]["length"] == LENGTH and document["inputs"][0]["shape"] == [None, 2]
    assert len(document["test_vectors"][1]["inputs"]["parts"]) == len(values[np.linspace(0, 17, 5).astype(int)[1]])
    padded = np.stack([np.pad(v, ((0, LENGTH - len(v)), (0, 0))) for v in values])
    mask = (np.arange(LENGTH) < [[len(v)] for v in values]).astype(np.float32)
    net = Network(tmp_path / "first.json")
    (a,), (b,) = (
        net.predict(i).values() for i in (inputs, {"parts": padded, "parts_mask": mask, "jet": inputs["jet"]})
    )
    assert (a == b).all()


def test_words_and_a_mask_beside_them(tmp_path):
    words = keras.Input((None,), name="words", dtype="int32")
    x = layers.Bidirectional(layers.GRU(3))(layers.Embedding(6, 4, mask_zero=True)(words))
    model = randomised(keras.Model(words, x))
    random = np.random.default_rng(1)
    checked(
        model,
        {"words": [random.integers(0, 6, length) * (random.random(length) > 0.2) for length in range(1, 10)]},
        tmp_path,
    )


def test_two_sequences_of_their_own_lengths(tmp_path):
    a, b = keras.Input((None, 3), name="a"), keras.Input((4, None, 2), name="b")
    x = layers.GlobalMaxPooling1D()(layers.TimeDistributed(layers.LSTM(3))(b))
    model = randomised(keras.Model([a, b], layers.Concatenate()([layers.GRU(2)(a), x])))
    inputs = {"a": ragged(*[(n % 5 + 1, 3) for n in range(12)]), "b": ragged(*[(4, n % 3 + 1, 2) for n in range(12)])}
    checked(model, inputs, tmp_path, length={"a": 6, "b": 3})


def test_batches_have_the_bits_of_single_events(tmp_path):
    model = of_sequence(lambda x: layers.GRU(17, name="gru")(layers.Conv1D(9, 3, padding="same", strides=2)(x)))
    net = Network(export(model, tmp_path / "net.json", length=LENGTH), reproducible=True)
    values = [event for event in sequences() for _ in range(3)]
    together = net.predict({"x": values})["gru"]
    apart = np.concatenate([net.predict({"x": event[None]})["gru"] for event in values])
    assert (together == apart).all()


def test_what_is_not_said_or_not_so_is_an_error(tmp_path):
    model = of_sequence(STACKS["lstm"])
    with pytest.raises(
        ExportError, match=r"input 'x' has the shape \(None, None, 3\), whose axis 1 has any size.*--length"
    ):
        export(model, tmp_path / "net.json")
    with pytest.raises(ExportError, match=r"'y' is no input with an axis of any size; these are x"):
        export(model, tmp_path / "net.json", length={"y": 4})
    with pytest.raises(ExportError, match=r"'x' takes 1 lengths of at least 1. Received: 0"):
        export(model, tmp_path / "net.json", length=0)
    fixed = keras.Model(given := keras.Input((3,), name="x"), layers.Dense(2)(given))
    with pytest.raises(ExportError, match=r"have fixed sizes. Received: length=4"):
        export(fixed, tmp_path / "net.json", length=4)
    image = keras.Input((None, None, 2), name="x")
    with pytest.raises(ExportError, match=r"output 'deep' has axes of any size behind the first one"):
        export(keras.Model(image, layers.Dense(2, name="deep")(image)), tmp_path / "net.json", length=4)
    pooled = layers.GlobalMaxPooling2D()(layers.UpSampling2D(2, name="up")(image))
    with pytest.raises(ExportError, match=r"layer 'up/reshape' gives a shape with several sizes that differ"):
        export(keras.Model(image, pooled), tmp_path / "net.json", length=4)
    path = export(model, tmp_path / "net.json", length=4)
    with pytest.raises(DataError, match=r"takes events of the shape \(1 to 4, 3\). Received: \(5, 3\) in event 1"):
        check(path, model, {"x": ragged((2, 3), (5, 3))})
    for shape in [(5, 3), (0, 3), (2, 4)]:
        with pytest.raises(DataError, match=r"takes events of the shape \(1 to 4, 3\)"):
            Network(path).predict({"x": ragged(shape)})


def test_layers_are_refused_by_name_as_with_fixed_sizes(tmp_path):
    with pytest.raises(UnsupportedLayerError, match=r"'odd' .*Lambda"):
        export(of_sequence(lambda x: layers.Lambda(lambda y: y, name="odd")(x)), tmp_path / "net.json", length=3)


def test_generated_code_needs_fixed_sizes(tmp_path):
    path = export(of_sequence(STACKS["lstm"]), tmp_path / "net.json", length=3)
    with pytest.raises(ExportError, match=r"\$\.inputs\[0\]\.shape: code has fixed sizes"):
        codegen.generate(path)
