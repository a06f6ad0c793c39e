"""What a device meets that a laboratory's images do not: set amounts, one at a time.

Training draws its disturbances at random (`train.augmentation`); here each has one
strength, so that two models, or two days, are measured alike.

References
----------
.. [1] IEC 61966-2-1:1999, sRGB.
.. [2] CODATA 2018, NIST SP 961.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from train.augmentation.restain import PBC, Restaining, stain_sources, standards_of

Crops = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One change, the same for every crop.

    Parameters
    ----------
    pixel_size_factor : float
        What the pixel size is taken for, in true ones: the crop shows that much of the
        slide.
    change : callable, optional
        Takes crops (N, S, S, 3), uint8, RGB, and micrometres per crop pixel.
    judged : bool
        Whether the gate counts it.
    """

    name: str
    pixel_size_factor: float = 1.0
    change: Callable[[Crops, float], Crops] | None = None
    judged: bool = True

    def apply(self, crops: Crops, pixel_size_um: float) -> Crops:
        """Disturb crops cut with `pixel_size_factor` already."""
        return crops if self.change is None else self.change(crops, pixel_size_um)


def _defocused(crops: Crops, pixel_size_um: float, *, deviation_um: float) -> Crops:
    deviation = deviation_um / pixel_size_um
    return np.stack(
        [
            cv2.GaussianBlur(crop, (0, 0), deviation, borderType=cv2.BORDER_REFLECT)
            for crop in crops
        ]
    ).astype(np.uint8)


def _lit(crops: Crops, pixel_size_um: float, *, gains: tuple[float, ...]) -> Crops:  # noqa: ARG001
    return _codes(crops.astype(np.float32) * np.array(gains, np.float32))


def _relit(crops: Crops, pixel_size_um: float, *, gains: tuple[float, ...]) -> Crops:  # noqa: ARG001
    """Change the light itself: codes are its amount to the power 1/2.4 or so [1]_."""
    codes = np.arange(256) / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    table = np.clip(np.outer(light, gains), 0, 1)
    low = table <= 0.0031308
    encoded = np.where(low, table * 12.92, 1.055 * table ** (1 / 2.4) - 0.055)
    as_codes = np.rint(255 * encoded).astype(np.uint8)
    return np.stack([as_codes[crops[..., c], c] for c in range(3)], axis=-1)


def _noisy(crops: Crops, pixel_size_um: float, *, deviation_codes: float) -> Crops:  # noqa: ARG001
    random = np.random.default_rng(0)
    noise = random.normal(0, deviation_codes, crops.shape).astype(np.float32)
    return _codes(crops.astype(np.float32) + noise)


def _compressed(crops: Crops, pixel_size_um: float, *, quality: int) -> Crops:  # noqa: ARG001
    def through_jpeg(bgr: Crops) -> Crops:
        content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)

    return np.stack([through_jpeg(bgr) for bgr in crops[..., ::-1]])[..., ::-1]


def _restained(crops: Crops, pixel_size_um: float) -> Crops:  # noqa: ARG001
    restaining = Restaining(tuple(stain_sources()), share=1.0)
    own = [standards_of(PBC)] * len(crops)
    return restaining(crops, own, np.random.default_rng(0))


def _codes(values: NDArray[np.float32]) -> Crops:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def _defocus(deviation_um: float, *, judged: bool = True) -> Disturbance:
    return Disturbance(
        name=f"defocus, blur of {deviation_um:g} µm",
        change=partial(_defocused, deviation_um=deviation_um),
        judged=judged,
    )


def _light(name: str, red: float, green: float, blue: float) -> Disturbance:
    return Disturbance(name=name, change=partial(_lit, gains=(red, green, blue)))


def _exposure(name: str, factor: float) -> Disturbance:
    return Disturbance(name=name, change=partial(_relit, gains=(factor,) * 3))


def _colour_temperature(kelvin: int) -> Disturbance:
    """Light another lamp, the camera's white balance staying as it was."""
    gains = [
        math.expm1(_PLANCK_NM_K / (nm * BALANCED_K))
        / math.expm1(_PLANCK_NM_K / (nm * (BALANCED_K + kelvin)))
        for nm in _PRIMARIES_NM
    ]
    red, green, blue = (gain / gains[1] for gain in gains)
    return Disturbance(
        name=f"colour temperature {kelvin:+d} K".replace("-", "\u2212"),
        change=partial(_relit, gains=(red, green, blue)),
    )


def _pixel_size(percent: int) -> Disturbance:
    return Disturbance(
        name=f"pixel size {percent:+d} %".replace("-", "\u2212"),
        pixel_size_factor=1 + percent / 100,
    )


def _jpeg(quality: int, *, judged: bool = True) -> Disturbance:
    return Disturbance(
        name=f"JPEG, quality {quality}",
        change=partial(_compressed, quality=quality),
        judged=judged,
    )


def _noise(deviation_codes: float, *, judged: bool = True) -> Disturbance:
    return Disturbance(
        name=f"noise of {deviation_codes:g} codes",
        change=partial(_noisy, deviation_codes=deviation_codes),
        judged=judged,
    )


BALANCED_K: Final = 5500
"""What the camera's white balance was set for: daylight."""

_PLANCK_NM_K: Final = 1.438777e7
"""Second radiation constant, hc/k [2]_."""

_PRIMARIES_NM: Final = (611, 549, 464)
"""Dominant wavelengths of sRGB's primaries [1]_."""

DISTURBANCES: Final = (
    _defocus(0.3),
    _defocus(0.5, judged=False),
    _light("exposure, 15 % dark", 0.85, 0.85, 0.85),
    _light("exposure, 15 % bright", 1.15, 1.15, 1.15),
    _light("white balance, warm", 1.06, 1.0, 0.94),
    _light("white balance, cold", 0.94, 1.0, 1.06),
    _pixel_size(-15),
    _pixel_size(15),
    _jpeg(60),
    _jpeg(40, judged=False),
    _noise(4),
    _noise(8, judged=False),
)
"""Judged is what the standard augmentation of training covers (`AugmentationSettings`;
light to two standard deviations): there int8 must follow the float model. Beyond it the
float model errs itself, and its doubtful cells fall either way: shown alone."""

RESTAINED: Final = Disturbance(name="stains of other slides", change=_restained)
"""Each crop in a stain drawn from all microscopes measured (`train.augmentation`): a
model that was trained on such meets them as they are, and its int8 ranges, which the
colours of one laboratory set, must hold them."""

IN_THE_FIELD: Final = (
    _pixel_size(-20),
    _pixel_size(20),
    _defocus(0.5),
    _exposure("exposure, one stop down", 0.5),
    _exposure("exposure, one stop up", 2.0),
    _colour_temperature(-1500),
    _colour_temperature(1500),
    _jpeg(40),
    _noise(round(255 * 10 ** (-30 / 20), 2)),
)
"""What a device may meet at worst; noise is 30 dB below the largest code. Measured by
``tests.benchmarks.disturbances``, judged by no gate."""
