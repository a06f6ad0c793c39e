import keras
import numpy as np
import pytest

from convert.flatbuffer import float_tensors, minimum_runtime_version
from convert.quantize import RAW_PIXELS, quantize_int8
from hemalens.classifier import Int8Model
from hemalens.errors import ConversionError
from hemalens.manifest import RuntimeRange
from train.networks.ends import normalize
from train.networks.paper_cnn import cnn

CROPS = np.random.default_rng(0).integers(60, 200, (12, 32, 32, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def float_model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return cnn(32)


@pytest.fixture(scope="module")
def model(float_model: keras.Model) -> bytes:
    return quantize_int8(float_model, CROPS)


def test_no_tensor_is_left_in_floating_point(model: bytes) -> None:
    assert float_tensors(model) == ()


def test_the_model_takes_raw_pixels_and_old_runtimes_run_it(model: bytes) -> None:
    assert Int8Model(model).input == RAW_PIXELS
    assert minimum_runtime_version(model) <= "2.14"


def test_int8_follows_float(float_model: keras.Model, model: bytes) -> None:
    expected = np.asarray(float_model(CROPS.astype(np.float32), training=False))
    assert np.abs(Int8Model(model).probabilities(CROPS) - expected).max() < 0.05


def test_a_float_operator_left_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convert.quantize.float_tensors", lambda model: ("mean",))
    with pytest.raises(ConversionError, match="would remain in the int8 model: mean"):
        quantize_int8(cnn(32), CROPS)


def test_a_model_that_a_device_cannot_run_is_refused(
    float_model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = RuntimeRange(name="tflite-runtime", at_least="1.13", below="2")
    monkeypatch.setattr("convert.quantize.SUPPORTED_RUNTIMES", (old,))
    with pytest.raises(ConversionError, match=r"1\.13 cannot run .* CONV_2D version 3"):
        quantize_int8(float_model, CROPS)


def test_an_operator_without_an_int8_form_is_refused() -> None:
    pixels = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(normalize(pixels))
    erf = keras.layers.Lambda(lambda value: keras.ops.erfinv(value / 4))(x)
    probabilities = keras.layers.Dense(8, activation="softmax")(erf)
    with pytest.raises(ConversionError):
        quantize_int8(keras.Model(pixels, probabilities), CROPS)


def test_a_model_that_does_not_normalize_is_refused() -> None:
    pixels = keras.Input((32, 32, 3))
    flat = keras.layers.Flatten()(pixels)
    model = keras.Model(pixels, keras.layers.Dense(8, activation="softmax")(flat))
    with pytest.raises(ConversionError, match="normalize"):
        quantize_int8(model, CROPS)
