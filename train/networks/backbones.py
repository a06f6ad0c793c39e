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

from train.networks.fused_normalization import FusedBatchNormalization
from train.networks.normalize import normalize


class PixelScale(StrEnum):
    """What a backbone's ImageNet weights were trained on."""

    SYMMETRIC = "RGB, -1 to 1"
    STANDARDIZED = "RGB, ImageNet mean and standard deviation"
    CENTRED_BGR = "BGR, ImageNet mean, codes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """One architecture of keras.applications."""

    name: str
    build: Callable[..., keras.Model]
    pixel_scale: PixelScale
    paper_size_px: int
    """Side of its input when the paper's authors use its usual one."""


BACKBONES: Final = {
    backbone.name: backbone
    for backbone in (
        Backbone(
            name="vgg16",
            build=keras.applications.VGG16,
            pixel_scale=PixelScale.CENTRED_BGR,
            paper_size_px=224,
        ),
        Backbone(
            name="vgg19",
            build=keras.applications.VGG19,
            pixel_scale=PixelScale.CENTRED_BGR,
            paper_size_px=224,
        ),
        Backbone(
            name="resnet50",
            build=keras.applications.ResNet50,
            pixel_scale=PixelScale.CENTRED_BGR,
            paper_size_px=224,
        ),
        Backbone(
            name="resnet101",
            build=keras.applications.ResNet101,
            pixel_scale=PixelScale.CENTRED_BGR,
            paper_size_px=224,
        ),
        Backbone(
            name="resnet152",
            build=keras.applications.ResNet152,
            pixel_scale=PixelScale.CENTRED_BGR,
            paper_size_px=224,
        ),
        Backbone(
            name="inceptionv3",
            build=keras.applications.InceptionV3,
            pixel_scale=PixelScale.SYMMETRIC,
            paper_size_px=299,
        ),
        Backbone(
            name="mobilenetv2",
            build=keras.applications.MobileNetV2,
            pixel_scale=PixelScale.SYMMETRIC,
            paper_size_px=224,
        ),
        Backbone(
            name="densenet201",
            build=keras.applications.DenseNet201,
            pixel_scale=PixelScale.STANDARDIZED,
            paper_size_px=224,
        ),
    )
}


def backbone_classifier(
    name: str,
    input_size_px: int,
    classes: int = 8,
    *,
    weights: str | Path | None = None,
    width: float = 1.0,
    dropout: float = 0.2,
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
    weights : str or Path, optional
        Of the backbone without its top: ``imagenet``, which Keras downloads, or a
        file it published. Drawn at random when not given.
    width : float
        Multiplier of every layer's channels; MobileNetV2 alone has one.
    dropout : float
        Before the last layer.

    Returns
    -------
    keras.Model
        Takes (N, input_size_px, input_size_px, 3) raw pixels 0 to 255, RGB; gives
        (N, classes) probabilities.
    """
    backbone = BACKBONES[name]
    pixels = keras.Input((input_size_px, input_size_px, 3), name="pixels")
    x = _on_scale(normalize(pixels), backbone.pixel_scale)
    x = _features(backbone, input_size_px, weights, width)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(dropout)(x)
    # Probabilities are float32 in mixed precision too.
    probabilities = keras.layers.Dense(
        classes, activation="softmax", name="probability", dtype="float32"
    )(x)
    return keras.Model(pixels, probabilities, name=name)


def _features(
    backbone: Backbone, input_size_px: int, weights: str | Path | None, width: float
) -> keras.Model:
    widths = {"alpha": width} if backbone.name == "mobilenetv2" else {}
    built = backbone.build(
        include_top=False,
        weights=None if weights is None else str(weights),
        input_shape=(input_size_px, input_size_px, 3),
        **widths,
    )
    fused = keras.models.clone_model(built, clone_function=_fused)
    fused.set_weights(built.get_weights())
    return fused


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
