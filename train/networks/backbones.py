"""The paper's eight ImageNet backbones, from raw pixels to probabilities.

References
----------
.. [1] keras.applications; the pixel scales are those of its ``preprocess_input``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from hemalens.errors import ConfigError, TrainingError
from train.networks.ends import class_probabilities, normalize
from train.networks.fused_normalization import FusedBatchNormalization


class PixelScale(StrEnum):
    """What a backbone's ImageNet weights were trained on."""

    SYMMETRIC = "RGB, -1 to 1"
    STANDARDIZED = "RGB, ImageNet mean and standard deviation"
    CENTRED_BGR = "BGR, ImageNet mean, codes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """One architecture of keras.applications."""

    build: Callable[..., keras.Model]
    pixel_scale: PixelScale


BACKBONES: Final = {
    name: Backbone(build=getattr(keras.applications, function), pixel_scale=scale)
    for name, function, scale in (
        ("vgg16", "VGG16", PixelScale.CENTRED_BGR),
        ("vgg19", "VGG19", PixelScale.CENTRED_BGR),
        ("resnet50", "ResNet50", PixelScale.CENTRED_BGR),
        ("resnet101", "ResNet101", PixelScale.CENTRED_BGR),
        ("resnet152", "ResNet152", PixelScale.CENTRED_BGR),
        ("inceptionv3", "InceptionV3", PixelScale.SYMMETRIC),
        ("mobilenetv2", "MobileNetV2", PixelScale.SYMMETRIC),
        ("densenet201", "DenseNet201", PixelScale.STANDARDIZED),
    )
}

DROPOUT: Final = 0.2
"""Before the last layer."""


def backbone_classifier(
    name: str,
    input_size_px: int,
    classes: int = 8,
    *,
    width: float = 1.0,
    weights: str | Path | None = None,
    frozen: bool = False,
) -> keras.Model:
    """Build a backbone, global average pooling, dropout and softmax.

    Batch normalization is the fused kind and remembers over 100 batches, not 1,000:
    a run here has few of them.

    Parameters
    ----------
    name : str
        A key of `BACKBONES`.
    input_size_px : int
        Side of the square RGB input.
    classes : int
        Number of classes.
    width : float
        Multiplier of every layer's channels; MobileNetV2 alone has one.
    weights : str or Path, optional
        Of the backbone without its top: ``imagenet``, which Keras downloads, or a
        file it published. Drawn at random when not given.
    frozen : bool
        Train the last layer alone, the backbone's batch statistics fixed.

    Returns
    -------
    keras.Model
        Takes (N, input_size_px, input_size_px, 3) raw pixels 0 to 255, RGB; gives
        (N, classes) probabilities.

    Raises
    ------
    ConfigError
        When the backbone cannot be had in this size or width.
    TrainingError
        When the weights cannot be had or do not fit.
    """
    backbone = BACKBONES[name]
    pixels = keras.Input((input_size_px, input_size_px, 3), name="pixels")
    x = _on_scale(normalize(pixels), backbone.pixel_scale)
    features = _features(name, input_size_px, width, weights)
    features.trainable = not frozen
    x = features(x, training=False) if frozen else features(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(DROPOUT)(x)
    return keras.Model(pixels, class_probabilities(x, classes), name=name)


def _features(
    name: str, input_size_px: int, width: float, weights: str | Path | None
) -> keras.Model:
    backbone = BACKBONES[name]
    if width != 1 and name != "mobilenetv2":
        raise ConfigError(f"{name} has one width, 1; this is {width:g}")
    widths = {"alpha": width} if name == "mobilenetv2" else {}
    try:
        built = backbone.build(
            include_top=False,
            weights=None,
            input_shape=(input_size_px, input_size_px, 3),
            **widths,
        )
    except ValueError as error:
        raise ConfigError(f"{name} at {input_size_px} px: {error}") from error
    if weights is not None:
        _load_weights(built, name, weights, widths)
    fused = keras.models.clone_model(built, clone_function=_fused)
    fused.set_weights(built.get_weights())
    return fused


def _load_weights(
    built: keras.Model,
    name: str,
    weights: str | Path,
    widths: dict[str, float],
) -> None:
    try:
        if weights == "imagenet":
            source = BACKBONES[name].build(
                include_top=False, weights="imagenet", **widths
            )
            built.set_weights(source.get_weights())
        else:
            built.load_weights(weights)
    except Exception as error:  # Keras raises bare Exception when a download fails
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TrainingError(
            f"cannot begin {name} with the weights {weights}: {reason}; "
            "--initial-weights takes the file Keras publishes, or none"
        ) from error


def _fused(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    if isinstance(layer, keras.layers.BatchNormalization):
        return FusedBatchNormalization.from_config({**config, "momentum": 0.99})
    return layer.__class__.from_config(config)


def _on_scale(normalized: Any, scale: PixelScale) -> Any:
    """Map normalized pixels, -1 to 1, onto what the ImageNet weights expect.

    One fixed 1x1 convolution, which an int8 model carries as any other.
    """
    if scale is PixelScale.SYMMETRIC:
        return normalized
    if scale is PixelScale.STANDARDIZED:
        deviation = np.array([0.229, 0.224, 0.225])
        kernel = np.diag(128 / 255 / deviation)
        bias = (128 / 255 - np.array([0.485, 0.456, 0.406])) / deviation
    else:
        kernel = np.fliplr(np.eye(3)) * 128
        bias = 128 - np.array([103.939, 116.779, 123.68])
    return keras.layers.Conv2D(
        3,
        1,
        kernel_initializer=_constant(kernel),
        bias_initializer=_constant(bias),
        trainable=False,
        name="pixel_scale",
    )(normalized)


def _constant(values: Any) -> keras.initializers.Initializer:
    return keras.initializers.Constant(values.tolist())
