"""Layers for random graphs: a new layer that can be exported joins with one line of the table."""

from functools import partial

import keras
from keras import layers

from keras_hep.layers import Highway, Maxout

SMOOTH = (
    "elu",
    "gelu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanh",
    "relu",
    "leaky_relu",
    "hard_sigmoid",
    None,
)


def _pick(random, *choices):
    return choices[random.integers(len(choices))]


def _activation(random):
    return _pick(random, *SMOOTH)


def _windowed(kind, axes, random, x, **more):
    """Return a layer of windows that fit into the shape of x."""
    sizes = [int(random.integers(1, min(3, size) + 1)) for size in x.shape[1 : axes + 1]]
    return kind(sizes, strides=int(random.integers(1, 3)), padding=_pick(random, "same", "valid"), **more)(x)


def _convolution(kind, axes, random, x):
    more = {"activation": _activation(random), "use_bias": bool(random.integers(2))}
    return _windowed(partial(kind, int(random.integers(1, 6))), axes, random, x, **more)


def _recurrent(kind, random, x):
    names = ["return_sequences", "go_backwards", "use_bias", *(["reset_after"] if kind is layers.GRU else [])]
    switches = {name: bool(random.integers(2)) for name in names}
    return kind(int(random.integers(1, 20)), activation=_pick(random, "tanh", "softsign"), **switches)(x)


def _masked_recurrent(random, x):
    """Recurrent layers behind a mask, which ends with the second one."""
    x = layers.Masking(mask_value=0.0)(layers.ReLU()(x))
    first, second = (_pick(random, layers.LSTM, layers.GRU, layers.SimpleRNN) for _ in range(2))
    return second(3, go_backwards=bool(random.integers(2)))(first(int(random.integers(1, 6)), return_sequences=True)(x))


def _both_directions(random, x):
    kind = _pick(random, layers.LSTM, layers.GRU, layers.SimpleRNN)
    merge = _pick(random, "concat", "sum", "mul", "ave")
    return layers.Bidirectional(
        kind(int(random.integers(1, 5)), return_sequences=bool(random.integers(2))), merge_mode=merge
    )(x)


def _twice(random, x):
    """A layer that is called twice: its weights stand in the file once."""
    shared = layers.Dense(x.shape[-1], _activation(random))
    return layers.Add()([shared(x), shared(shared(x))])


def _nested(random, x):
    """A model inside the model, which is called twice."""
    given = keras.Input(x.shape[1:])
    inner = keras.Model(given, layers.Dense(x.shape[-1], _activation(random))(layers.BatchNormalization()(given)))
    return layers.Average()([inner(x), inner(layers.Activation("tanh")(x))])


def _sums(random, x):
    """A product of two matrices of one shape along the last axis."""
    return layers.Dot(2, normalize=bool(random.integers(2)))([x, layers.Activation("tanh")(x)])


def _reshaped(random, x):
    sizes = list(x.shape[1:])
    return layers.Reshape([sizes[-1], *sizes[:-1]])(x)


def _permuted(random, x):
    return layers.Permute([int(axis) + 1 for axis in random.permutation(len(x.shape) - 1)])(x)


# name -> numbers of axes (without that of the events) for which it is made, and a function of random numbers and the tensor
LAYERS = {
    "dense": ((1, 2, 3), lambda r, x: layers.Dense(int(r.integers(1, 20)), _activation(r), use_bias=bool(r.integers(2)))(x)),
    "wide": ((1,), lambda r, x: layers.Dense(int(r.integers(30, 70)), _activation(r))(x)),
    "softmax": ((1, 2), lambda r, x: layers.Softmax(axis=-1)(layers.Dense(int(r.integers(2, 7)))(x))),
    "function": ((1, 2, 3, 4), lambda r, x: layers.Activation(_pick(r, *SMOOTH[:-1]))(x)),
    "batch_normalization": ((1, 2, 3), lambda r, x: layers.BatchNormalization()(x)),
    "another_axis": ((2, 3), lambda r, x: layers.BatchNormalization(axis=1)(x)),
    "layer_normalization": ((1, 2), lambda r, x: layers.LayerNormalization(epsilon=0.1)(x)),
    "prelu": ((1, 2), lambda r, x: layers.PReLU()(x)),
    "dropout": ((1, 2, 3), lambda r, x: layers.Dropout(0.5)(x)),
    "flatten": ((2, 3, 4), lambda r, x: layers.Flatten()(x)),
    "reshape": ((2, 3), _reshaped),
    "permute": ((2, 3), _permuted),
    "repeat": ((1,), lambda r, x: layers.RepeatVector(int(r.integers(1, 4)))(x)),
    "conv1d": ((2,), partial(_convolution, layers.Conv1D, 1)),
    "conv2d": ((3,), partial(_convolution, layers.Conv2D, 2)),
    "separable1d": ((2,), partial(_convolution, layers.SeparableConv1D, 1)),
    "transposed1d": ((2,), partial(_convolution, layers.Conv1DTranspose, 1)),
    "max_pooling1d": ((2,), partial(_windowed, layers.MaxPooling1D, 1)),
    "max_pooling2d": ((3,), partial(_windowed, layers.MaxPooling2D, 2)),
    "average_pooling1d": ((2,), partial(_windowed, layers.AveragePooling1D, 1)),
    "average_pooling2d": ((3,), partial(_windowed, layers.AveragePooling2D, 2)),
    "global_average1d": ((2,), lambda r, x: layers.GlobalAveragePooling1D()(x)),
    "global_average2d": ((3,), lambda r, x: layers.GlobalAveragePooling2D()(x)),
    "global_max1d": ((2,), lambda r, x: layers.GlobalMaxPooling1D()(x)),
    "zero_padding1d": ((2,), lambda r, x: layers.ZeroPadding1D((int(r.integers(3)), 1))(x)),
    "lstm": ((2,), partial(_recurrent, layers.LSTM)),
    "gru": ((2,), partial(_recurrent, layers.GRU)),
    "simple_rnn": ((2,), partial(_recurrent, layers.SimpleRNN)),
    "both_directions": ((2,), _both_directions),
    "for_each_entry": ((2, 3), lambda r, x: layers.TimeDistributed(layers.Dense(int(r.integers(1, 9)), _activation(r)))(x)),
    "heads": ((2,), lambda r, x: layers.MultiHeadAttention(int(r.integers(1, 4)), 3)(x, x, use_causal_mask=bool(r.integers(2)))),
    "attention": ((2,), lambda r, x: layers.Attention(use_scale=True)([x, layers.Dense(x.shape[-1])(x)])),
    "maxout": ((1, 2), lambda r, x: Maxout(int(r.integers(1, 20)), pieces=int(r.integers(1, 4)))(x)),
    "highway": ((1, 2), lambda r, x: Highway(_activation(r))(x)),
    "upsampling1d": ((2,), lambda r, x: layers.UpSampling1D(2)(x)),
    "upsampling2d": ((3,), lambda r, x: layers.UpSampling2D((1, 2))(x)),
    "shared": ((1, 2, 3), _twice),
    "nested": ((1, 2), _nested),
    "masked_recurrent": ((2,), _masked_recurrent),
    "masked_mean": ((2,), lambda r, x: layers.GlobalAveragePooling1D()(layers.Masking(mask_value=0.0)(layers.ReLU()(x)))),
    "additive_attention": ((2,), lambda r, x: layers.AdditiveAttention()([x, layers.Dense(x.shape[-1])(x)])),
    "group_query": ((2,), lambda r, x: layers.GroupQueryAttention(2, 4, int(r.choice([1, 2, 4])))(x, x)),
    "dot": ((2,), _sums),
    "subtract": ((1, 2, 3), lambda r, x: layers.Subtract()([x, layers.Activation(_activation(r) or "tanh")(x)])),
    "softmax_of_an_axis": ((2, 3), lambda r, x: layers.Softmax(axis=int(r.integers(1, len(x.shape))))(x)),
    "log_softmax": ((1, 2), lambda r, x: layers.Activation("log_softmax")(x)),
    "einsum": ((2,), lambda r, x: layers.EinsumDense("abc,cde->abde", (x.shape[1], 2, 3), bias_axes="de")(x)),
    "group_normalization": ((1, 2, 3), lambda r, x: layers.GroupNormalization(1, epsilon=0.1)(x)),
    "rms_normalization": ((1, 2), lambda r, x: layers.RMSNormalization(epsilon=0.1)(x)),
    "unit_normalization": ((1, 2), lambda r, x: layers.UnitNormalization()(layers.Activation("softplus")(x))),
    "rescaling": ((1, 2, 3), lambda r, x: layers.Rescaling(float(r.normal()), offset=float(r.normal()))(x)),
    "noise": ((1, 2, 3), lambda r, x: layers.GaussianNoise(0.1)(x)),
    "depthwise1d": ((2,), partial(_windowed, partial(layers.DepthwiseConv1D, depth_multiplier=2), 1)),
    "depthwise2d": ((3,), partial(_windowed, partial(layers.DepthwiseConv2D, depth_multiplier=2), 2)),
    "separable2d": ((3,), partial(_convolution, layers.SeparableConv2D, 2)),
    "transposed2d": ((3,), partial(_convolution, layers.Conv2DTranspose, 2)),
    "conv3d": ((3,), lambda r, x: _convolution(layers.Conv3D, 3, r, layers.Reshape((*x.shape[1:], 1))(x))),
    "transposed3d": ((4,), partial(_convolution, layers.Conv3DTranspose, 3)),
    "max_pooling3d": ((4,), partial(_windowed, layers.MaxPooling3D, 3)),
    "average_pooling3d": ((4,), partial(_windowed, layers.AveragePooling3D, 3)),
    "global_average3d": ((4,), lambda r, x: layers.GlobalAveragePooling3D()(x)),
    "zero_padding2d": ((3,), lambda r, x: layers.ZeroPadding2D((1, int(r.integers(3))))(x)),
    "cropping1d": ((2,), lambda r, x: layers.Cropping1D((0, 1))(layers.ZeroPadding1D(1)(x))),
    "cropping2d": ((3,), lambda r, x: layers.Cropping2D(((1, 0), (0, 1)))(layers.ZeroPadding2D(1)(x))),
    # Numbers between 1 and 2: rounding does not change which category they are of.
    "embedding": ((1,), lambda r, x: layers.Embedding(3, int(r.integers(1, 5)))(layers.Rescaling(0.2, offset=1.5)(layers.Activation("tanh")(x)))),
}  # fmt: skip

# of several tensors of one shape
MERGES = (layers.Add, layers.Average, layers.Maximum, layers.Minimum, layers.Multiply, layers.Concatenate)

MOST = 300  # values of a tensor that further layers are put behind


def random_graph(random):
    """Return a functional model: branches, merges, results used twice, one to three outputs, from one or two inputs."""
    given = [_input(random, number) for number in range(int(random.integers(1, 3)))]
    tensors = list(given)
    for _ in range(int(random.integers(2, 9))):
        x = _pick(random, *tensors[-4:])
        alike = [y for y in tensors if y.shape == x.shape and y is not x]
        if alike and random.random() < 0.4:
            tensors.append(_pick(random, *MERGES)()([x, _pick(random, *alike)]))
            continue
        names = [name for name, (ranks, _) in LAYERS.items() if len(x.shape) - 1 in ranks]
        if (size := _size(x)) and size <= MOST:
            tensors.append(LAYERS[_pick(random, *names)][1](random, x))
    unread = [x for x in tensors[len(given) :] if not x._keras_history.operation._outbound_nodes]
    outputs = unread[-3:] or [layers.Dense(2)(layers.Flatten()(given[0]))]
    if random.random() < 0.3 and len(tensors) > len(given) + 1 and tensors[len(given)] not in outputs:
        outputs.append(tensors[len(given)])
    return keras.Model(given, [layers.Identity(name=f"out_{i}")(x) for i, x in enumerate(outputs)])


def _size(x):
    total = 1
    for size in x.shape[1:]:
        total *= size
    return total


def _input(random, number):
    shape = [int(random.integers(1, 8)) for _ in range(int(random.integers(1, 4)))]
    return keras.Input(shape, name=f"given_{number}")
