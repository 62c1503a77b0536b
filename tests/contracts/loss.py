"""The contract of a loss."""

import json

import keras
import numpy as np
import tensorflow as tf

__all__ = ["check_loss"]


def check_loss(make_loss, y_true, y_pred, per_event=True):
    """Check what every loss owes its user.

    1. Value: one finite number, the same when asked again.
    2. Gradient: finite with respect to the predictions, also where they are exact, and not zero everywhere.
    3. Descent: a few steps against the gradient lower the loss.
    4. Weights: events of weight zero do not count; a loss that is a mean over events is linear in the weights.
    5. Configuration: goes through JSON, and gives a loss with equal value.

    Args:
        make_loss: function without arguments that returns a new ``keras.losses.Loss``.
        y_true: what the loss takes as truth, array (events, ...).
        y_pred: predictions, array (events, ...), not the best ones.
        per_event: whether the loss is a mean over events; False for one that compares the events of a batch.
    """
    loss = make_loss()
    value = _number(loss(y_true, y_pred))
    assert np.isfinite(value), "the loss is not finite"
    assert _number(loss(y_true, y_pred)) == value

    gradient = _gradient(loss, y_true, y_pred)
    assert np.isfinite(gradient).all(), "the gradient is not finite"
    assert np.abs(gradient).max() > 0, "the gradient is zero"
    if np.shape(y_true) == np.shape(y_pred):
        assert np.isfinite(_gradient(loss, y_true, np.asarray(y_true, np.float32))).all()

    moved = np.asarray(y_pred, dtype=np.float32)
    step = 0.01 / np.abs(gradient).max()
    for _ in range(5):
        moved = moved - step * _gradient(loss, y_true, moved)
    assert _number(loss(y_true, moved)) < value, "steps against the gradient do not lower the loss"

    number = len(y_pred)
    weight = np.where(np.arange(number) % 2 == 0, 1.0, 0.0).astype(np.float32)
    spoilt = np.where(weight.reshape(-1, *[1] * (np.ndim(y_pred) - 1)) > 0, y_pred, np.roll(y_pred, 1, axis=-1))
    weighted = _number(loss(y_true, y_pred, sample_weight=weight))
    np.testing.assert_allclose(_number(loss(y_true, spoilt, sample_weight=weight)), weighted, rtol=1e-6)
    assert not np.isclose(_number(loss(y_true, spoilt)), value, rtol=1e-6), "the loss does not see the predictions"
    if per_event:
        other = _number(loss(y_true, y_pred, sample_weight=1 - weight))
        np.testing.assert_allclose(weighted + other, value, rtol=1e-5)
        np.testing.assert_allclose(_number(loss(y_true, y_pred, sample_weight=3 * weight)), 3 * weighted, rtol=1e-5)

    again = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    assert type(again) is type(loss)
    assert _number(again(y_true, y_pred)) == value


def _number(value):
    array = np.asarray(keras.ops.convert_to_numpy(value))
    assert array.shape == (), f"a loss is one number, not of shape {array.shape}"
    return float(array)


def _gradient(loss, y_true, y_pred):
    predictions = tf.convert_to_tensor(np.asarray(y_pred, dtype=np.float32))
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        value = loss(y_true, predictions)
    return tape.gradient(value, predictions).numpy()
