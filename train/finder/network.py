"""The finder's network: a small U-Net on standardised codes, for frames of any size."""

from typing import Any, Final

import keras

from hemalens.finder import Map
from train.networks.ends import normalize
from train.networks.fused_normalization import FusedBatchNormalization

CHANNELS: Final = (16, 24, 48, 80)
"""At a half, a quarter, an eighth and a sixteenth of the input's size."""
RAISED: Final = (12, 24, 32)
"""Channels brought up to a half, a quarter, an eighth."""


@keras.saving.register_keras_serializable("hemalens")
class DepthToSpace(keras.layers.Layer):
    """Spread four channels over two by two pixels.

    An interpreter infers this operator's shape from its input's, so that the input can
    be resized; a resizing operator holds the output's size as a constant.
    """

    def call(self, inputs: Any) -> Any:
        """Map (N, H, W, 4 C) to (N, 2 H, 2 W, C)."""
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return tf.nn.depth_to_space(inputs, 2)
        _, height, width, depth = keras.ops.shape(inputs)
        parts = keras.ops.reshape(inputs, (-1, height, width, 2, 2, depth // 4))
        parts = keras.ops.transpose(parts, (0, 1, 3, 2, 4, 5))
        return keras.ops.reshape(parts, (-1, 2 * height, 2 * width, depth // 4))

    def compute_output_shape(
        self, input_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Double height and width, quarter the channels."""
        batch, height, width, depth = input_shape
        doubled = [None if side is None else 2 * side for side in (height, width)]
        return (batch, *doubled, None if depth is None else depth // 4)


def finder_network(side_px: int | None = None) -> keras.Model:
    """Build the network, its weights drawn at random.

    Parameters
    ----------
    side_px : int, optional
        Height and width of the input, as a converter wants; any multiple of 16 when
        not given.

    Returns
    -------
    keras.Model
        Takes codes (N, H, W, 3), 0 to 255; returns probabilities (N, H/2, W/2, 5).
    """
    codes = keras.Input((side_px, side_px, 3), name="codes")
    x = normalize(codes)
    levels = []
    for index, channels in enumerate(CHANNELS):
        x = _convolved(x, channels, f"down{index}_a", stride=2)
        x = _convolved(x, channels, f"down{index}_b")
        levels.append(x)
    x = _convolved(x, CHANNELS[-1], "bottom")
    for index in reversed(range(len(RAISED))):
        raised = keras.layers.Conv2D(4 * RAISED[index], 1, name=f"raise{index}")(x)
        raised = DepthToSpace(name=f"spread{index}")(raised)
        joined = keras.layers.Concatenate(name=f"join{index}")([raised, levels[index]])
        x = _convolved(joined, CHANNELS[index], f"up{index}")
    maps = keras.layers.Conv2D(
        len(Map), 1, activation="sigmoid", name="maps", dtype="float32"
    )(x)
    return keras.Model(codes, maps, name="finder")


def _convolved(x: Any, channels: int, name: str, stride: int = 1) -> Any:
    x = keras.layers.Conv2D(
        channels, 3, strides=stride, padding="same", use_bias=False, name=name
    )(x)
    x = FusedBatchNormalization(name=f"{name}_norm", momentum=0.97)(x)
    return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu")(x)
