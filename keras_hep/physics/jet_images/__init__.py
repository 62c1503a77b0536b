"""Jet images (arXiv:1407.5675, 1701.08784, 1803.00107, 1612.01551): each step apart, and all in one pass.

The steps take flat columns and the offsets of the jets, so that they can be put together at will::

    x, y = centre(offsets, eta, phi, pt, y_is_angle=True)
    x, y = rotate(offsets, x, y, pt)
    x, y = flip(offsets, x, y, pt)
    images = normalise(pixelate(offsets, x, y, pt[None], pixels=40, half_width=0.8))

`render` does the same into an array that is there already; `jet_images` starts from jagged arrays.
"""

from __future__ import annotations

from keras_hep.physics.jet_images.centre import centre
from keras_hep.physics.jet_images.channels import (
    calorimeter_channels,
    colour_channels,
    grayscale_channel,
    to_towers,
)
from keras_hep.physics.jet_images.crop import crop
from keras_hep.physics.jet_images.flip import flip
from keras_hep.physics.jet_images.images import PRESETS, ImagePreset, jet_images
from keras_hep.physics.jet_images.normalise import normalise
from keras_hep.physics.jet_images.pixelate import pixelate
from keras_hep.physics.jet_images.render import render
from keras_hep.physics.jet_images.rotate import rotate
from keras_hep.physics.jet_images.subjets import leading_subjets

__all__ = [
    "PRESETS",
    "ImagePreset",
    "calorimeter_channels",
    "centre",
    "colour_channels",
    "crop",
    "flip",
    "grayscale_channel",
    "jet_images",
    "leading_subjets",
    "normalise",
    "pixelate",
    "render",
    "rotate",
    "to_towers",
]
