import keras
import numpy as np
import pytest

from train.networks.fused_normalization import FusedBatchNormalization

MAPS = np.random.default_rng(4).normal(3, 2, (4, 6, 6, 5)).astype(np.float32)


@pytest.mark.parametrize("scale", [True, False], ids=["scaled", "not scaled"])
@pytest.mark.parametrize("center", [True, False], ids=["centred", "not centred"])
def test_it_normalizes_and_remembers_as_keras_does(scale: bool, center: bool) -> None:
    settings = {"scale": scale, "center": center, "momentum": 0.8}
    fused = FusedBatchNormalization(**settings)
    kerass = keras.layers.BatchNormalization(**settings)
    for training in (True, True, False):
        found = np.asarray(fused(MAPS, training=training))
        expected = np.asarray(kerass(MAPS, training=training))
        assert found == pytest.approx(expected, abs=2e-2 if not training else 1e-4)
    assert np.asarray(fused.moving_mean) == pytest.approx(
        np.asarray(kerass.moving_mean), rel=1e-4
    )


def test_a_frozen_one_remembers_nothing_new() -> None:
    layer = FusedBatchNormalization(trainable=False)
    layer(MAPS, training=True)
    assert not np.asarray(layer.moving_mean).any()
