"""Stage micrometers and blank fields, drawn for tests."""

import cv2
import numpy as np
from numpy.typing import NDArray


def draw_ruling(
    period_px: float,
    angle_deg: float,
    *,
    noise: float = 2.0,
    line_fraction: float = 0.2,
    contrast: float = 120.0,
    size_wh: tuple[int, int] = (640, 480),
    crossed: bool = False,
) -> NDArray[np.uint8]:
    """Draw dark lines; the angle is that across them, clockwise from the x axis."""
    width, height = size_wh
    y, x = np.mgrid[:height, :width].astype(np.float64)
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    lines = _lines(x * cosine + y * sine, period_px, line_fraction)
    if crossed:
        across = _lines(y * cosine - x * sine, period_px, line_fraction)
        lines = np.maximum(lines, across)
    grey = 210 * vignette(size_wh, 0.25) - contrast * lines
    return _expose(np.repeat(grey[..., None], 3, axis=2), noise)


def _lines(
    across: NDArray[np.float64], period_px: float, line_fraction: float
) -> NDArray[np.float64]:
    away = np.abs((across / period_px + 0.5) % 1 - 0.5) * period_px
    lines = np.clip(line_fraction * period_px / 2 - away + 0.5, 0, 1)
    return np.asarray(cv2.GaussianBlur(lines, (0, 0), 1.2), np.float64)


def vignette(
    size_wh: tuple[int, int], loss: float, slope: float = 0.0
) -> NDArray[np.float64]:
    """Relative light, 1 in the middle, that falls by `loss` in the corners."""
    width, height = size_wh
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return 1 - loss * (x**2 + y**2) / 2 + slope * x


def draw_blank(
    light: NDArray[np.float64],
    level_rgb: tuple[float, float, float] = (225, 215, 200),
    noise: float = 2.0,
) -> NDArray[np.uint8]:
    return _expose(light[..., None] * np.array(level_rgb), noise)


def _expose(levels: NDArray[np.float64], noise: float) -> NDArray[np.uint8]:
    grain = np.random.default_rng(11).normal(0, noise, levels.shape)
    return np.asarray(np.clip(np.rint(levels + grain), 0, 255), np.uint8)
