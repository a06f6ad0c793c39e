"""The network of the paper, as written and in the form that learns.

References
----------
.. [1] Asghar, Kumar, Mahfooz: Classification of Blood Cells Using Deep Learning
   Models, arXiv 2308.06300 (2023).
"""

from typing import Final

import keras

from train.networks.ends import class_probabilities, normalize
from train.networks.fused_normalization import FusedBatchNormalization

PAPER_FILTERS: Final = (32, 64, 64, 64, 128, 256, 256)
"""Filters of the paper's seven convolutions [1]_."""

PAPER_DENSE_UNITS: Final = 128


def paper_cnn(
    input_size_px: int = 100,
    classes: int = 8,
    *,
    width: float = 1.0,
    pool_stride: int = 2,
) -> keras.Model:
    """Build the network of the paper as it is written [1]_.

    Seven blocks of convolution (3x3, stride 1, same, ReLU), 2x2 max pooling and
    dropout 0.25, then flatten, dense 128 and softmax.

    The paper contradicts itself. It is read here as follows:

    - Pooling "stride 1" keeps 100x100 maps, so that the dense layer alone would
      hold 328 million weights. Stride 2 with same padding is the default (1.1
      million weights); `pool_stride` of 1 gives the literal form.
    - "22 layers": seven blocks of three, and the dense layer; flatten and softmax
      are not counted.
    - "Five fully connected hidden layers" in one place, one of 128 in another: one.
    - "Ten classes" against eight: PBC's eight.
    - Adam, sparse categorical cross-entropy and best weights by loss belong to the
      recipe, `train.recipe.PAPER`.

    Parameters
    ----------
    input_size_px : int
        Side of the square RGB input.
    classes : int
        Number of classes.
    width : float
        Multiplier of every layer's channels.
    pool_stride : int
        Stride of the poolings, 2 or, literally, 1.

    Returns
    -------
    keras.Model
        Takes (N, input_size_px, input_size_px, 3) raw pixels 0 to 255, RGB; gives
        (N, classes) probabilities.
    """
    layers = keras.layers
    pixels = keras.Input((input_size_px, input_size_px, 3), name="pixels")
    x = normalize(pixels)
    for filters in PAPER_FILTERS:
        x = layers.Conv2D(round(filters * width), 3, padding="same", activation="relu")(
            x
        )
        x = layers.MaxPooling2D(2, strides=pool_stride, padding="same")(x)
        x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(round(PAPER_DENSE_UNITS * width), activation="relu")(x)
    probabilities = class_probabilities(x, classes)
    name = "paper_cnn" if pool_stride == 2 else "paper_cnn_literal"
    return keras.Model(pixels, probabilities, name=name)


def cnn(
    input_size_px: int = 100, classes: int = 8, *, width: float = 1.0
) -> keras.Model:
    """Build the paper's seven blocks in the form that learns.

    Batch normalization stands between convolution and ReLU (folded into the
    convolution when converted) and dropout is 0.05: the literal network reached 84 %
    on validation in 30 epochs of 8,493 images, this one passed it in 5.

    Parameters and result are those of `paper_cnn`.
    """
    layers = keras.layers
    pixels = keras.Input((input_size_px, input_size_px, 3), name="pixels")
    x = normalize(pixels)
    for filters in PAPER_FILTERS:
        x = layers.Conv2D(round(filters * width), 3, padding="same", use_bias=False)(x)
        x = FusedBatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
        x = layers.Dropout(0.05)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(round(PAPER_DENSE_UNITS * width), activation="relu")(x)
    x = layers.Dropout(0.1)(x)
    probabilities = class_probabilities(x, classes)
    return keras.Model(pixels, probabilities, name="cnn")
