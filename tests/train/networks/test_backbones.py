from pathlib import Path

import keras
import numpy as np
import pytest

from hemalens.errors import ConfigError, TrainingError
from train.networks.backbones import BACKBONES, backbone_classifier

PIXELS = np.random.default_rng(2).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "prepare"),
    [
        ("vgg16", keras.applications.vgg16.preprocess_input),
        ("densenet201", keras.applications.densenet.preprocess_input),
        ("mobilenetv2", keras.applications.mobilenet_v2.preprocess_input),
    ],
    ids=["BGR, centred", "RGB, standardized", "RGB, symmetric"],
)
def test_imagenet_weights_see_the_pixels_they_were_trained_on(name, prepare) -> None:
    network = backbone_classifier(name, 32)
    entry = [layer.name for layer in network.layers].index("normalize")
    scaled = network.layers[entry + (name != "mobilenetv2")].output
    found = np.asarray(keras.Model(network.input, scaled)(PIXELS))
    expected = prepare(PIXELS.copy())
    # -1 to 127/128 stands for -1 to 1: at white they differ by a 128th.
    assert np.abs(found - expected).max() <= 0.0079 * np.abs(expected).max()


def test_given_weights_are_taken_over(tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    source = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    path = tmp_path / "backbone.weights.h5"
    source.save_weights(path)
    network = backbone_classifier("mobilenetv2", 32, weights=path)
    features = next(x for x in network.layers if isinstance(x, keras.Model))
    inputs = PIXELS / 128 - 1
    assert np.allclose(
        np.asarray(features(inputs)), np.asarray(source(inputs)), atol=1e-5
    )


def test_a_frozen_backbone_trains_its_last_layer_alone() -> None:
    network = backbone_classifier("mobilenetv2", 32, frozen=True)
    assert [v.path.split("/")[0] for v in network.trainable_variables] == [
        "probability",
        "probability",
    ]


def test_a_narrower_mobilenet_is_smaller() -> None:
    full, half = (
        backbone_classifier("mobilenetv2", 32, width=width).count_params()
        for width in (1.0, 0.5)
    )
    assert half < 0.4 * full


def test_a_backbone_without_widths_says_so() -> None:
    with pytest.raises(ConfigError, match=r"vgg16 has one width, 1; this is 0\.5"):
        backbone_classifier("vgg16", 32, width=0.5)


def test_a_size_too_small_is_refused() -> None:
    with pytest.raises(ConfigError, match="inceptionv3 at 32 px"):
        backbone_classifier("inceptionv3", 32)


def test_weights_of_something_else_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.weights.h5"
    path.write_bytes(b"no weights")
    with pytest.raises(TrainingError, match=r"other\.weights\.h5"):
        backbone_classifier("mobilenetv2", 32, weights=path)


def test_the_papers_eight_are_there() -> None:
    assert set(BACKBONES) == {
        *("vgg16", "vgg19", "resnet50", "resnet101", "resnet152"),
        *("inceptionv3", "mobilenetv2", "densenet201"),
    }
