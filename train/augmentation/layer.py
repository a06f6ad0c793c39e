"""Disturbances a microscope brings, drawn anew for each crop, on the training device.

Colour is disturbed in optical density, OD = -log10(I / I0), where stain amounts add up
(Beer-Lambert) and a lamp's colour is one number a channel. Lengths are micrometres at
the specimen, so that the settings mean the same at every input size.
"""

import math
from typing import Any, Final

import keras
from keras import ops

from train.augmentation.jpeg import recompressed
from train.augmentation.mirrored_margin import with_margin
from train.augmentation.resample import resampled
from train.augmentation.settings import HIGHEST_JPEG_QUALITY, AugmentationSettings

_LOG_10: Final = math.log(10)
_KERNEL_REACH: Final = 2.5
"""Standard deviations at which a defocus kernel ends."""


@keras.saving.register_keras_serializable("hemalens")
class Augmentation(keras.layers.Layer):
    """Turn windows with context into disturbed crops.

    Takes (N, S, S, 3) raw pixels, uint8, RGB, the crop's scale and more than its side;
    gives (N, size_px, size_px, 3) float32 codes from 0 to 255. What goes to a share of
    the crops goes to so many crops of every batch, rounded down and drawn by lot, so
    that the others cost nothing and no class gets more of it, whatever the batch's
    order.
    """

    def __init__(
        self,
        size_px: int,
        crop_side_um: float,
        settings: AugmentationSettings | dict[str, float],
        seed: int = 0,
        **rest: Any,
    ) -> None:
        # Colours need their digits: mixed precision is for the network alone.
        super().__init__(**{**rest, "dtype": "float32"})
        self.size_px = size_px
        self.crop_side_um = crop_side_um
        self.settings = AugmentationSettings.model_validate(settings)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def get_config(self) -> dict[str, Any]:
        """Give what `__init__` takes, so that Keras can save the layer."""
        return {
            **super().get_config(),
            "size_px": self.size_px,
            "crop_side_um": self.crop_side_um,
            "settings": self.settings.model_dump(),
            "seed": self.seed,
        }

    def call(self, windows: Any) -> Any:
        """Disturb a batch."""
        settings = self.settings
        order = ops.argsort(self._uniform((ops.shape(windows)[0],), 0.0, 1.0))
        crops = self._moved(ops.take(windows, order, axis=0))
        crops = _first(crops, settings.colour_share, self._restained)
        if settings.defocus_um > 0:
            crops = _first(crops, settings.defocus_share, self._defocused)
        if settings.noise_codes > 0:
            crops = _first(crops, settings.noise_share, self._noisy)
        crops = ops.clip(crops, 0.0, 255.0)
        # From the other end, so that the two shares meet only when they must.
        crops = _last(crops, settings.jpeg_share, self._compressed)
        return ops.round(ops.take(crops, ops.argsort(order), axis=0))

    def _uniform(self, shape: tuple[Any, ...], low: float, high: float) -> Any:
        return keras.random.uniform(shape, low, high, seed=self.seed_generator)

    def _normal(self, shape: tuple[Any, ...], deviation: float) -> Any:
        return keras.random.normal(shape, stddev=deviation, seed=self.seed_generator)

    def _moved(self, windows: Any) -> Any:
        """Rotate, mirror, scale and shift, in one resampling."""
        count, settings = ops.shape(windows)[0], self.settings
        scale = 1.0 + self._uniform((count,), -1.0, 1.0) * settings.scale_fraction
        angle, mirror = ops.zeros((count,)), ops.ones((count,))
        if settings.orientation:
            angle = self._uniform((count,), -math.pi, math.pi)
            mirror = ops.where(self._uniform((count,), -1.0, 1.0) < 0, -1.0, 1.0)
        cos, sin = ops.cos(angle) * scale, ops.sin(angle) * scale
        matrix = ops.stack([cos * mirror, -sin, sin * mirror, cos], axis=1)
        shift = self._uniform((count, 2), -1.0, 1.0) * self._pixels(settings.shift_um)
        return resampled(windows, ops.reshape(matrix, (-1, 2, 2)), shift, self.size_px)

    def _restained(self, crops: Any) -> Any:
        """Change stain and light, both in optical density."""
        settings = self.settings
        count, size = ops.shape(crops)[0], self.size_px
        density = -ops.log((crops + 1.0) / 256.0) / _LOG_10
        strength = ops.exp(self._normal((count, 1, 3), settings.stain_strength))
        mixing = ops.eye(3) + self._normal((count, 3, 3), settings.stain_mixing)
        light = self._normal((count, 1, 1, 1), settings.illumination_od)
        light = light + self._normal((count, 1, 1, 3), settings.white_balance_od)
        fall = self._normal((count, 2), settings.unevenness_od)
        ramp = ops.arange(size, dtype="float32") / (size - 1) - 0.5
        light = light + ops.reshape(fall[:, :1] * ramp, (count, size, 1, 1))
        light = light + ops.reshape(fall[:, 1:] * ramp, (count, 1, size, 1))
        flat = ops.reshape(density, (count, size * size, 3))
        density = ops.reshape(
            ops.matmul(flat, mixing * strength), (count, size, size, 3)
        )
        return ops.exp(-(density + light) * _LOG_10) * 256.0 - 1.0

    def _defocused(self, crops: Any) -> Any:
        count = ops.shape(crops)[0]
        largest = self._pixels(self.settings.defocus_um)
        reach = max(1, round(_KERNEL_REACH * largest))
        deviation = self._uniform((count, 1), 0.05, 1.0) * largest
        offsets = ops.arange(-reach, reach + 1, dtype="float32")
        kernel = ops.exp(-0.5 * (offsets / deviation) ** 2)
        kernel = kernel / ops.sum(kernel, axis=1, keepdims=True)
        for axis in (1, 2):
            crops = _convolved(crops, kernel, reach, axis)
        return crops

    def _noisy(self, crops: Any) -> Any:
        count = ops.shape(crops)[0]
        deviation = self._uniform((count, 1, 1, 1), 0.0, self.settings.noise_codes)
        return crops + self._normal(ops.shape(crops), 1.0) * deviation

    def _compressed(self, crops: Any) -> Any:
        lowest = self.settings.jpeg_quality
        count = ops.shape(crops)[0]
        quality = self._uniform((count,), lowest, HIGHEST_JPEG_QUALITY)
        return recompressed(crops, quality)

    def _pixels(self, length_um: float) -> float:
        return length_um * self.size_px / self.crop_side_um


def _first(crops: Any, share: float, change: Any) -> Any:
    """Change the first `share` of a batch."""
    if share in (0, 1):
        return change(crops) if share else crops
    count = _part(crops, share)
    return ops.concatenate([change(crops[:count]), crops[count:]], axis=0)


def _last(crops: Any, share: float, change: Any) -> Any:
    """Change the last `share` of a batch."""
    if share in (0, 1):
        return change(crops) if share else crops
    kept = ops.shape(crops)[0] - _part(crops, share)
    return ops.concatenate([crops[:kept], change(crops[kept:])], axis=0)


def _part(crops: Any, share: float) -> Any:
    """Count the crops of a share: in whole numbers, for a graph's tensor as well."""
    return ops.shape(crops)[0] * round(100 * share) // 100


def _convolved(crops: Any, kernel: Any, reach: int, axis: int) -> Any:
    """Convolve each crop with its own kernel (N, 2 * reach + 1) along one axis."""
    size = crops.shape[axis]
    padded = with_margin(crops, axis, reach, reach)
    total = ops.zeros_like(crops)
    for tap in range(2 * reach + 1):
        weight = ops.reshape(kernel[:, tap], (-1, 1, 1, 1))
        shown = (
            padded[:, tap : tap + size] if axis == 1 else padded[:, :, tap : tap + size]
        )
        total = total + weight * shown
    return total
