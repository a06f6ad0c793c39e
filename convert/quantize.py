"""Full-integer post-training quantization: raw uint8 pixels in, uint8 codes out."""

import contextlib
import io
import os
from collections.abc import Iterator
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convert.flatbuffer import float_tensors
from hemalens.errors import ConversionError

_LOWEST: Final = -1.0
_HIGHEST: Final = 127 / 128
"""What raw pixels 0 and 255 become, see `train.architectures.normalize`. With this
range the input's scale is 1/128 and its zero point 128: raw pixels are the codes."""


class _ExactInput(keras.layers.Layer):
    """Fixes the input's range, so that normalization costs no operator."""

    def call(self, inputs: Any) -> Any:
        return tf.quantization.fake_quant_with_min_max_args(inputs, _LOWEST, _HIGHEST)


def quantize_int8(float_model: keras.Model, crops: NDArray[np.uint8]) -> bytes:
    """Quantize a float model.

    Weights per channel, activations per tensor, ranges from the calibration crops;
    batch normalization and input normalization are folded away.

    Parameters
    ----------
    float_model : keras.Model
        Begins with the layer ``normalize``; takes raw pixels.
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
        The calibration set's crops, as the device cuts them.

    Returns
    -------
    bytes
        A TFLite flatbuffer, uint8 in and out, its batch dimension resizable.

    Raises
    ------
    ConversionError
        When the model cannot be quantized, or a float operator would remain.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(_on_codes(float_model))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _representative_dataset(crops)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    try:
        # Keras prints the signature it exports.
        with contextlib.redirect_stdout(io.StringIO()):
            model = bytes(converter.convert())
    except Exception as error:  # noqa: BLE001  # the converter raises bare Exception
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ConversionError(f"cannot quantize to int8: {reason[0]}") from error
    remaining = float_tensors(model)
    if remaining:
        raise ConversionError(
            "float operators would remain in the int8 model: " + ", ".join(remaining)
        )
    return model


def _on_codes(float_model: keras.Model) -> keras.Model:
    """Rebuild the model to take normalized pixels of a fixed range."""
    layers = float_model.layers
    if len(layers) < 3 or layers[1].name != "normalize":
        raise ConversionError(
            "the model should begin with the layer 'normalize': train it with "
            "'hemalens train fit'"
        )
    normalized = keras.Input(layers[1].output.shape[1:], name="pixels")
    inside = keras.Model(layers[1].output, float_model.output)
    return keras.Model(normalized, inside(_ExactInput()(normalized)))


def _representative_dataset(
    crops: NDArray[np.uint8],
) -> Iterator[list[NDArray[np.float32]]]:
    for crop in crops:
        yield [(crop[np.newaxis].astype(np.float32) - 128) / 128]
