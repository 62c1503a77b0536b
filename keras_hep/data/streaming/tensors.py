"""Batches into TensorFlow without a copy.

NumPy memory becomes tensors through DLPack, several batches at once, which TensorFlow then slices where they lie.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from keras_hep._optional import require
from keras_hep.data.cutting import empty_events
from keras_hep.errors import FeatureError, nearest

if TYPE_CHECKING:
    from keras_hep.data.events import Events
    from keras_hep.data.streaming.dataset import Dataset

__all__ = ["tensors_of"]


_GROUP_BYTES = 24_000_000
_MOST_BATCHES = 8


def tensors_of(data: Dataset, inputs: Iterable[str] | None, state: dict[str, Any] | None, group: int | None) -> Any:
    """Return a ``tf.data.Dataset``, see `Dataset.to_tf`."""
    tf = require("tensorflow", extra="all")
    # Keras says this whenever a dataset ends whose length it did not know; here that is the end of an epoch.
    warnings.filterwarnings("ignore", message="Your input ran out of data")
    spec, size = data.spec, data.config.batch_size
    empty = empty_events(spec, 0)
    names = list(empty.inputs) if inputs is None else list(inputs)
    for name in names:
        if name not in empty.inputs:
            raise FeatureError(f"the specification has no input '{name}': {nearest(name, empty.inputs)}")
    if group is None:
        bytes_of_one = sum(empty_events(spec, 1).inputs[name].nbytes for name in empty.inputs)
        group = int(min(max(_GROUP_BYTES // (size * bytes_of_one), 1), _MOST_BATCHES))
    labels, targets = bool(spec.classes), bool(spec.targets)
    pending = {"state": state}

    def arrays(events: Events) -> list[Any]:
        answers = [events.label] * labels + [events.target] * targets
        return [*(events.inputs[name] for name in names), *answers, events.weight]

    def tensor(array: Any) -> Any:
        whole = array.reshape(-1, size, *array.shape[1:]) if len(array) % size == 0 else array[None]
        return tf.experimental.dlpack.from_dlpack(whole.__dlpack__())

    def epoch_of() -> Iterator[Events]:
        begin, pending["state"] = pending["state"], None
        epoch = data.epoch if begin is None else int(begin["epoch"])
        data.epoch = epoch + 1
        return data.batches(epoch, begin, group)

    epochs: dict[int, Iterator[Events]] = {}

    def start() -> Any:
        key = max(epochs, default=-1) + 1
        epochs.clear()  # an epoch that was left before its end
        epochs[key] = epoch_of()
        return tf.constant(key, tf.int64)

    def following(key: Any) -> list[Any]:
        source = epochs.get(int(key))
        events = next(source, None) if source is not None else None
        if events is None:
            epochs.pop(int(key), None)
            nothing = arrays(empty)
            return [tf.zeros((0, 0, *array.shape[1:]), array.dtype) for array in nothing]
        return [tensor(array) for array in arrays(events)]

    templates = arrays(empty)
    types = [tf.as_dtype(array.dtype) for array in templates]

    def shaped(*tensors: Any) -> Any:
        for values, array in zip(tensors, templates, strict=True):
            values.set_shape((None, None, *array.shape[1:]))
        named = dict(zip(names, tensors, strict=False))
        answers = tensors[len(names) : -1]
        joined = (
            dict(zip(("label", "target"), answers, strict=True))
            if len(answers) == 2
            else answers[0]
            if answers
            else tensors[-1]
        )
        return named, joined, tensors[-1]

    def one_epoch(key: Any) -> Any:
        numbers = tf.data.Dataset.range(2**62)
        groups = numbers.map(lambda _: shaped(*tf.py_function(following, [key], types)))
        groups = groups.take_while(lambda *parts: tf.shape(parts[-1])[0] > 0)
        return groups.prefetch(1).flat_map(lambda *parts: tf.data.Dataset.from_tensor_slices(parts)).prefetch(group)

    begin = tf.data.Dataset.range(1).map(lambda _: tf.py_function(start, [], tf.int64))
    stream = begin.flat_map(lambda key: one_epoch(tf.ensure_shape(key, ())))
    # There is nothing to tune, and the end of an epoch would wait for the tuning thread, which sleeps ever longer.
    options = tf.data.Options()
    options.autotune.enabled = False
    return stream.with_options(options)
