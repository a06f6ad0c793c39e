import keras
import pytest

from hemalens.errors import TrainingError
from train.evaluation.macs import macs

L = keras.layers


def network(*layers: keras.layers.Layer, side: int = 6) -> keras.Model:
    x = pixels = keras.Input((side, side, 4))
    for layer in layers:
        x = layer(x)
    return keras.Model(pixels, x)


@pytest.mark.parametrize(
    ("layer", "by_hand"),
    [
        pytest.param(L.Conv2D(8, 3, padding="same"), 36 * 9 * 4 * 8, id="same"),
        pytest.param(L.Conv2D(8, 3), 16 * 9 * 4 * 8, id="valid"),
        pytest.param(L.Conv2D(8, 3, 2, padding="same"), 9 * 9 * 4 * 8, id="stride"),
        pytest.param(L.Conv2D(8, 1, groups=2), 36 * 2 * 8, id="grouped"),
        pytest.param(L.DepthwiseConv2D(3), 16 * 9 * 4, id="depthwise"),
        pytest.param(
            L.SeparableConv2D(8, 3), 16 * (9 * 4 + 4 * 8), id="separable"
        ),
        pytest.param(L.Dense(8), 36 * 4 * 8, id="dense over places"),
        pytest.param(L.BatchNormalization(), 0, id="normalization"),
    ],
)  # fmt: skip
def test_a_layer_is_counted_as_by_hand(layer: keras.layers.Layer, by_hand: int) -> None:
    assert macs(network(layer)) == by_hand


def test_models_within_models_are_counted() -> None:
    inner = network(L.Conv2D(8, 3, padding="same"), L.MaxPooling2D(2))
    outer = network(inner, L.Flatten(), L.Dense(5))
    assert macs(outer) == 36 * 9 * 4 * 8 + 9 * 8 * 5


def test_a_layer_that_cannot_be_counted_is_named() -> None:
    with pytest.raises(TrainingError, match=r"up \(Conv2DTranspose\)"):
        macs(network(L.Conv2DTranspose(2, 3, name="up")))


def test_a_network_without_fixed_size_is_refused() -> None:
    pixels = keras.Input((None, None, 3))
    with pytest.raises(TrainingError, match="no fixed size"):
        macs(keras.Model(pixels, L.Conv2D(2, 3)(pixels)))
