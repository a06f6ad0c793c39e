"""Full-integer post-training quantization: raw uint8 pixels in, uint8 codes out."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convert.flatbuffer import float_tensors, input_and_output
from hemalens.errors import ConversionError
from hemalens.manifest import QuantizedTensor
from hemalens.native_log import without_native_log

RAW_PIXELS: Final = QuantizedTensor(scale=1 / 128, zero_point=128)
"""How the input must come out quantized, see `train.networks.ends.normalize`: raw
pixels are the codes, and normalization costs no operator."""


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
        with (
            contextlib.redirect_stdout(io.StringIO()),
            without_native_log(),
            warnings.catch_warnings(),
        ):
            # The input's range comes from the crops; the converter says so each time.
            warnings.filterwarnings("ignore", "Statistics for quantized inputs")
            model = bytes(converter.convert())
    except Exception as error:  # the converter raises bare Exception
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ConversionError(f"cannot quantize to int8: {reason[0]}") from error
    remaining = float_tensors(model)
    if remaining:
        raise ConversionError(
            "float operators would remain in the int8 model: " + ", ".join(remaining)
        )
    taken = input_and_output(model)[0]
    if taken != RAW_PIXELS:
        raise ConversionError(f"the int8 model should take raw pixels, not {taken}")
    return model


def _on_codes(float_model: keras.Model) -> keras.Model:
    """Cut the normalization off: the rest takes normalized pixels."""
    layers = float_model.layers
    if len(layers) < 3 or layers[1].name != "normalize":
        raise ConversionError(
            "the model should begin with the layer 'normalize': train it with "
            "'hemalens train fit'"
        )
    return keras.Model(layers[1].output, float_model.output)


def _representative_dataset(
    crops: NDArray[np.uint8],
) -> Iterator[list[NDArray[np.float32]]]:
    """Give the converter normalized crops.

    Two corner pixels of the first are made black and white, so that the input's range
    is the one raw pixels have whatever the crops hold.
    """
    first = crops[0].copy()
    first[0, 0], first[-1, -1] = 0, 255
    for crop in (first, *crops[1:]):
        yield [(crop[np.newaxis].astype(np.float32) - 128) / 128]
