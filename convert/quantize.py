"""Post-training quantization: raw uint8 pixels in, uint8 codes out.

Other schemes are made for comparison alone: no device runs them.
"""

import tempfile
import warnings
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from typing import Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convert.bias_correction import correct_biases
from convert.flatbuffer import float_tensors, input_and_output
from convert.layers import normalized
from convert.operators import require_supported
from convert.rounding import filter_sums_kept
from hemalens.errors import ConversionError
from hemalens.manifest import SUPPORTED_RUNTIMES, QuantizedTensor
from hemalens.native_log import without_native_log

RAW_PIXELS: Final = QuantizedTensor(scale=1 / 128, zero_point=128)
"""How the input must come out quantized, see `train.networks.ends.normalize`: raw
pixels are the codes, and normalization costs no operator."""


class Scheme(StrEnum):
    """How weights and activations are kept."""

    INT8 = "int8"
    """Both int8, weights per channel: what ships."""
    INT16_ACTIVATIONS = "int16 activations"
    """Weights int8, activations int16."""
    FLOAT16 = "float16"
    """Weights rounded to float16, computed in float32."""
    DYNAMIC_RANGE = "dynamic range"
    """Weights int8, activations quantized as each inference finds them."""
    FLOAT32 = "float32"
    """Not quantized: the float model as the same runtime runs it."""


def converter_version() -> str:
    """Name what makes a float model int8, and its version."""
    return f"TensorFlow Lite converter of tensorflow {tf.__version__}"


def quantize_int8(
    float_model: keras.Model, crops: NDArray[np.uint8], *, corrected: bool = True
) -> bytes:
    """Quantize a float model.

    Weights per channel, activations per tensor, ranges from the calibration crops;
    batch normalization and input normalization are folded away, filters keep their
    sums, biases are corrected. The same model and crops give the same bytes.

    Parameters
    ----------
    float_model : keras.Model
        Begins with the layer ``normalize``; takes raw pixels.
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
        The calibration set's crops, as the device cuts them.
    corrected : bool
        Correct the biases.

    Returns
    -------
    bytes
        A TFLite flatbuffer, uint8 in and out, its batch dimension resizable.

    Raises
    ------
    ConversionError
        When the model cannot be quantized, a float operator would remain, or a
        runtime devices have could not run it.
    """
    with filter_sums_kept(float_model):
        model = quantize(float_model, crops, Scheme.INT8)
    if corrected:
        model = correct_biases(
            quantize(float_model, crops, Scheme.FLOAT32), model, crops
        )
    remaining = float_tensors(model)
    if remaining:
        raise ConversionError(
            "float operators would remain in the int8 model: " + ", ".join(remaining)
        )
    taken = input_and_output(model)[0]
    if taken != RAW_PIXELS:
        raise ConversionError(f"the int8 model should take raw pixels, not {taken}")
    require_supported(model, SUPPORTED_RUNTIMES)
    return model


def quantize(
    float_model: keras.Model, crops: NDArray[np.uint8], scheme: Scheme
) -> bytes:
    """Convert a float model by one of the schemes.

    Parameters
    ----------
    float_model : keras.Model
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
        The calibration set's.
    scheme : Scheme

    Returns
    -------
    bytes
        A TFLite flatbuffer. All but int8 take and give float32, pixels normalized as
        by `convert.layers.normalized`.

    Raises
    ------
    ConversionError
        When the converter refuses the model.
    """
    with tempfile.TemporaryDirectory() as folder, without_native_log():
        _export(_on_codes(float_model), folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        _set_scheme(converter, scheme, crops)
        try:
            with warnings.catch_warnings():
                # The input's range comes from the crops; it says so each time.
                warnings.filterwarnings("ignore", "Statistics for quantized inputs")
                return bytes(converter.convert())
        except Exception as error:  # the converter raises bare Exception
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise ConversionError(f"cannot convert to {scheme}: {reason[0]}") from error


def _on_codes(float_model: keras.Model) -> keras.Model:
    """Cut the normalization off: the rest takes normalized pixels."""
    layers = float_model.layers
    if len(layers) < 3 or layers[1].name != "normalize":
        raise ConversionError(
            "the model should begin with the layer 'normalize': train it with "
            "'hemalens train fit'"
        )
    return keras.Model(layers[1].output, float_model.output, name="network")


def _export(network: keras.Model, folder: str) -> None:
    """Save a network with names that do not count up from one export to the next.

    The converter's own way from Keras numbers them, so that a model converted twice
    would differ in its tensors' names.
    """
    archive = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint(
        "serve",
        partial(network, training=False),
        input_signature=[
            tf.TensorSpec(network.input_shape, tf.float32, name="normalized_pixels")
        ],
    )
    archive.write_out(folder, verbose=False)


def _set_scheme(
    converter: tf.lite.TFLiteConverter, scheme: Scheme, crops: NDArray[np.uint8]
) -> None:
    if scheme is Scheme.FLOAT32:
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if scheme is Scheme.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if scheme in (Scheme.INT8, Scheme.INT16_ACTIVATIONS):
        converter.representative_dataset = partial(_representative_dataset, crops)
    if scheme is Scheme.INT16_ACTIVATIONS:
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
    if scheme is Scheme.INT8:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8


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
        yield [normalized(crop[np.newaxis])]
