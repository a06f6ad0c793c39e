"""The second output, on a small network whose classes are colours."""

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from convert.likeness import LARGEST_SHARE_UNLIKE, fit_likeness, with_embedding
from convert.quantize import quantize_int8
from hemalens.classifier import Int8Model
from hemalens.errors import ConversionError
from hemalens.likeness import Likeness
from train.float_model import predict
from train.networks.ends import class_probabilities, normalize

COLOURS = np.array([[200, 60, 60], [60, 200, 60], [60, 60, 200]])
SIZE_PX = 8


def crops_of(colours: NDArray[np.int64], of_each: int, seed: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    plain = np.repeat(colours, of_each, axis=0)[:, None, None, :]
    shown = plain + random.normal(0, 8, (len(plain), SIZE_PX, SIZE_PX, 3))
    lamp = random.normal(0, 8, (len(plain), 1, 1, 3))
    return np.clip(shown + lamp, 0, 255).astype(np.uint8)


TRAIN, CLASSES = crops_of(COLOURS, 40, 0), np.repeat(np.arange(3), 40)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    pixels = keras.Input((SIZE_PX, SIZE_PX, 3))
    x = normalize(pixels)
    x = keras.layers.Conv2D(24, 3, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(pixels, class_probabilities(x, 3))
    network.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    network.fit(TRAIN, CLASSES, epochs=20, verbose=0)
    return network


@pytest.fixture(scope="module")
def int8_model(network: keras.Model) -> Int8Model:
    return Int8Model(quantize_int8(with_embedding(network, TRAIN, CLASSES), TRAIN))


@pytest.fixture(scope="module")
def likeness(int8_model: Int8Model) -> Likeness:
    held_out = crops_of(COLOURS, 40, 1)
    found = fit_likeness(int8_model, (TRAIN, CLASSES), held_out, split="drawn")
    assert found is not None
    return found


def test_classes_are_told_as_before(
    network: keras.Model, int8_model: Int8Model
) -> None:
    expected = predict(network, TRAIN)
    assert np.abs(int8_model.probabilities(TRAIN) - expected).max() < 0.1


def test_embedded_training_crops_spread_by_about_one(int8_model: Int8Model) -> None:
    embedded = int8_model.embedding(TRAIN)
    centres = np.stack([embedded[c == CLASSES].mean(axis=0) for c in range(3)])
    spread = (embedded - centres[CLASSES]).std(axis=0)
    assert 0.3 < spread.max() < 1.1


def test_held_out_crops_are_alike_but_for_the_share_allowed(
    int8_model: Int8Model, likeness: Likeness
) -> None:
    assert likeness.unlike <= LARGEST_SHARE_UNLIKE * likeness.n
    fresh = likeness.is_in_distribution(int8_model.embedding(crops_of(COLOURS, 40, 2)))
    assert fresh.mean() >= 0.9


def test_other_colours_are_unlike_however_sure_the_model_is(
    int8_model: Int8Model, likeness: Likeness
) -> None:
    strange = crops_of(np.array([[255, 0, 255], [0, 255, 255]]), 10, 3)
    assert int8_model.probabilities(strange).max(axis=1).mean() > 0.8
    assert likeness.is_in_distribution(int8_model.embedding(strange)).mean() <= 0.1


def test_without_an_answered_crop_there_is_nothing_to_fit(
    int8_model: Int8Model,
) -> None:
    nothing = np.empty((0, SIZE_PX, SIZE_PX, 3), np.uint8)
    assert fit_likeness(int8_model, (TRAIN, CLASSES), nothing, split="drawn") is None


def test_a_network_of_another_make_is_refused() -> None:
    pixels = keras.Input((SIZE_PX, SIZE_PX, 3))
    other = keras.Model(pixels, keras.layers.Flatten()(pixels))
    with pytest.raises(ConversionError, match="should end with the layer"):
        with_embedding(other, TRAIN, CLASSES)
