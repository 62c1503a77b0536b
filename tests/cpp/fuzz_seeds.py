"""Small documents of all that the loader reads, for a fuzzer to begin with."""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

from keras_hep.export import export
from keras_hep.layers import Highway, Maxout
from tests.cpp.networks import randomised, rich_spec, tagger
from tests.export.layer_makers import random_graph
from tests.export.lwtnn_samples import SAMPLES

__all__ = ["write_seeds"]

GRAPHS = 60  # random ones; those that are long are left out
LONGEST = 6000  # bytes


def write_seeds(folder: Path) -> None:
    """Write networks of this format, with text and base64, and of both dialects of lwtnn."""
    for number, model in enumerate(_models()):
        export(randomised(model), folder / f"model_{number}.json", vectors=1)
        export(model, folder / f"model_{number}_base64.json", vectors=1, weights="base64")
    for seed in range(GRAPHS):
        path = export(random_graph(np.random.default_rng(seed)), folder / f"graph_{seed}.json", vectors=1)
        if path.stat().st_size > LONGEST:
            path.unlink()
    for name, document in SAMPLES.items():
        (folder / f"lwtnn_{name}.json").write_text(json.dumps(document))


def _models():
    given, mask = keras.Input((4, 3), name="x"), keras.Input((4,), dtype="bool", name="mask")
    yield keras.Model(given, layers.Bidirectional(layers.LSTM(2, return_sequences=True))(layers.Masking()(given)))
    for kind in (layers.GRU, layers.LSTM, layers.SimpleRNN):
        yield keras.Model(given, kind(2, go_backwards=True)(given))
    yield keras.Model([given, mask], layers.GRU(2, reset_after=False)(given, mask=mask))
    yield keras.Model(given, layers.MultiHeadAttention(2, 1)(given, given, use_causal_mask=True))
    yield keras.Model(given, layers.AdditiveAttention()([given, given]))
    yield keras.Model(given, layers.TimeDistributed(layers.Dense(2, "softmax"))(given))
    yield keras.Model(given, Highway()(Maxout(2, pieces=2)(given)))
    shared = layers.Dense(3)
    yield keras.Model(given, shared(shared(given)))
    categories = keras.Input((2,), dtype="int32", name="x")
    yield keras.Model(categories, layers.Flatten()(layers.Embedding(3, 2)(categories)))
    yield tagger("deep_sets", rich_spec(3), phi=(2,), f=(2,))
