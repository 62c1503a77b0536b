"""Named mutations: ways to break the library on purpose, under which a property test must fail.

Each is a context manager without arguments. A property test that passes under its mutation tests nothing.
"""

from contextlib import contextmanager
from unittest import mock

import keras
import numpy as np
from keras import ops

from keras_hep.layers import MaskedSum

__all__ = [
    "exported_kernels_transposed",
    "hls_truncation",
    "lwtnn_with_the_hard_sigmoid_of_keras_3",
    "masked_sum_without_mask",
    "rescaling_through_pt_eta_phi",
    "rtl_truncation",
    "twin_without_rescaling",
]


@contextmanager
def masked_sum_without_mask():
    """Sum over padded entries too."""

    def call(self, inputs):
        return ops.sum(inputs[0], axis=1) * self.scale

    with mock.patch.object(MaskedSum, "call", call):
        yield


@contextmanager
def twin_without_rescaling():
    """Copy the weights as if the power-of-two scales were the fitted ones."""
    with mock.patch("keras_hep.quantization.qkeras_twin._rescaled", lambda layer, spec, hardware: layer):
        yield


@contextmanager
def hls_truncation():
    """Tell hls4ml to cut bits off where the network rounds."""
    from keras_hep.firmware import hls_handlers

    quantizer = hls_handlers._quantizer

    def cut(name, bits, integer, signed, rounding, *more):
        return quantizer(name, bits, integer, signed, "TRN", *more)

    with mock.patch.object(hls_handlers, "_quantizer", cut):
        yield


@contextmanager
def rtl_truncation():
    """Trace bits cut off where the network rounds."""
    from keras_hep.firmware import rtl_handlers

    quantize = rtl_handlers.quantize

    def cut(inputs, k, i, f, overflow, rounding):
        return quantize(inputs, k, i, f, overflow, "TRN")

    with mock.patch.object(rtl_handlers, "quantize", cut):
        yield


@contextmanager
def rescaling_through_pt_eta_phi():
    """Rescale four-vectors in pt, eta, phi, and round on the way there and back."""
    from keras_hep.physics.systematics import rescaling

    pack = rescaling.pack

    def there_and_back(vectors, momenta):
        px, py, pz, energy = momenta
        pt, phi = np.hypot(px, py), np.arctan2(py, px)
        return pack(vectors, (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(np.arcsinh(pz / pt)), energy))

    with mock.patch.object(rescaling, "pack", there_and_back):
        yield


@contextmanager
def lwtnn_with_the_hard_sigmoid_of_keras_3():
    """Read lwtnn's hard_sigmoid with the slope 1/6 that Keras 3 gave to that name."""
    from keras_hep.export.lwtnn import activations

    changed = {"hard_sigmoid": keras.activations.hard_sigmoid}
    with mock.patch.dict(activations._PLAIN, changed):
        yield


@contextmanager
def exported_kernels_transposed():
    """Export matrices of weights as [unit][input]."""
    from keras_hep.export.layers.registry import Site

    numbers = Site.numbers

    def transposed(site, what, values):
        array = np.asarray(values)
        return numbers(site, what, array.T if array.ndim == 2 else array)

    with mock.patch.object(Site, "numbers", transposed):
        yield
