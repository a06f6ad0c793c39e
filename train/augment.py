"""Disturbances a microscope brings, drawn anew for each crop, on the training device.

Colour is disturbed in optical density, OD = -log10(I / I0), where stain amounts add up
(Beer-Lambert), so that a paler stain or a warmer lamp is one small change there.
"""

from typing import Any, Final

import keras
from keras import ops
from pydantic import BaseModel, ConfigDict

_LOG_10: Final = 2.302585092994046


class AugmentationSettings(BaseModel):
    """How far each disturbance goes; ranges are symmetric unless said otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shift_fraction: float = 0.08
    """Of the crop's side, each direction."""
    scale_fraction: float = 0.15
    """Pixel size wrong by this much."""
    stain_strength: float = 0.1
    """Standard deviation of the log of the stain amount of each colour channel."""
    stain_mixing: float = 0.03
    """Standard deviation of the crosstalk between colour channels."""
    light_od: float = 0.03
    """Standard deviation of lamp colour and exposure, in optical density."""
    defocus_probability: float = 0.3
    """Chance of a blend with a blurred copy."""
    defocus_passes: int = 2
    """Passes of the 1-2-1 kernel that blur it: a variance of half a pixel each."""
    noise_codes: float = 4.0
    """Largest standard deviation of sensor noise, in codes of 0 to 255."""


AUGMENTATIONS: Final = {
    "standard": AugmentationSettings(),
    "strong": AugmentationSettings(
        shift_fraction=0.1,
        scale_fraction=0.25,
        stain_strength=0.25,
        stain_mixing=0.1,
        light_od=0.08,
        defocus_probability=0.5,
        defocus_passes=4,
        noise_codes=8.0,
    ),
}
"""By name. Standard stays near one analyzer; strong covers what other microscopes
brought to a model of one analyzer (see train/EXPERIMENTS.md)."""


@keras.saving.register_keras_serializable("hemalens")
class Augmentation(keras.layers.Layer):
    """Turn windows with context into disturbed crops.

    Takes (N, S, S, 3) raw pixels, uint8, RGB, that show `context` crop sides; gives
    (N, size_px, size_px, 3) float32 codes from 0 to 255. Orientation is random: a cell
    on a slide has none.
    """

    def __init__(
        self,
        size_px: int,
        settings: AugmentationSettings | dict[str, float],
        seed: int = 0,
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.size_px = size_px
        self.settings = AugmentationSettings.model_validate(settings)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def get_config(self) -> dict[str, Any]:
        """Give what `__init__` takes, so that Keras can save the layer."""
        return {
            **super().get_config(),
            "size_px": self.size_px,
            "settings": self.settings.model_dump(),
            "seed": self.seed,
        }

    def call(self, windows: Any) -> Any:
        """Disturb a batch."""
        crops = self._moved(ops.cast(windows, "float32"))
        crops = self._restained(crops)
        return self._photographed(crops)

    def _uniform(self, shape: tuple[Any, ...], low: float, high: float) -> Any:
        return keras.random.uniform(shape, low, high, seed=self.seed_generator)

    def _normal(self, shape: tuple[Any, ...], deviation: float) -> Any:
        return keras.random.normal(shape, stddev=deviation, seed=self.seed_generator)

    def _moved(self, windows: Any) -> Any:
        """Rotate, mirror, scale and shift, in one resampling."""
        count, side = ops.shape(windows)[0], windows.shape[1]
        settings = self.settings
        angle = self._uniform((count,), 0.0, 6.283185307)
        scale = ops.exp(self._uniform((count,), -1.0, 1.0) * settings.scale_fraction)
        mirror = ops.sign(self._uniform((count,), -1.0, 1.0))
        shift = self._uniform((2, count), -1.0, 1.0) * (
            settings.shift_fraction * self.size_px
        )
        cos, sin = ops.cos(angle) * scale, ops.sin(angle) * scale
        middle = (side - 1) / 2
        a, b, c, d = cos * mirror, -sin, sin * mirror, cos
        zero = ops.zeros_like(angle)
        transform = ops.stack(
            [
                a,
                b,
                middle - middle * (a + b) + shift[0],
                c,
                d,
                middle - middle * (c + d) + shift[1],
                zero,
                zero,
            ],
            axis=1,
        )
        moved = ops.image.affine_transform(windows, transform, fill_mode="reflect")
        margin = (side - self.size_px) // 2
        end = margin + self.size_px
        return moved[:, margin:end, margin:end]

    def _restained(self, crops: Any) -> Any:
        settings = self.settings
        count = ops.shape(crops)[0]
        density = -ops.log((crops + 1.0) / 256.0) / _LOG_10
        strength = ops.exp(self._normal((count, 1, 3), settings.stain_strength))
        mixing = ops.eye(3) + self._normal((count, 3, 3), settings.stain_mixing)
        light = self._normal((count, 1, 3), settings.light_od)
        flat = ops.reshape(density, (count, self.size_px * self.size_px, 3))
        flat = ops.matmul(flat, mixing * strength) + light
        density = ops.reshape(flat, (count, self.size_px, self.size_px, 3))
        return ops.exp(-density * _LOG_10) * 256.0 - 1.0

    def _photographed(self, crops: Any) -> Any:
        settings = self.settings
        count = ops.shape(crops)[0]
        amount = self._uniform((count, 1, 1, 1), 0.0, 1.0)
        chosen = ops.cast(
            self._uniform((count, 1, 1, 1), 0.0, 1.0) < settings.defocus_probability,
            "float32",
        )
        blurred = crops
        for _ in range(settings.defocus_passes):
            blurred = _binomial(blurred)
        crops = crops + (blurred - crops) * amount * chosen
        deviation = self._uniform((count, 1, 1, 1), 0.0, settings.noise_codes)
        crops = crops + self._normal(ops.shape(crops), 1.0) * deviation
        return ops.clip(ops.round(crops), 0.0, 255.0)


def _binomial(crops: Any) -> Any:
    """Blur with the kernel 1-2-1 in both directions: a variance of half a pixel."""
    padded = ops.pad(crops, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 16
