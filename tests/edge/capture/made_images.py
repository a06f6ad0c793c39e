"""Drawn images with a sensor's noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

RED = (200, 60, 40)


def noisy(
    seed: int,
    size_wh: tuple[int, int] = (64, 48),
    rgb: tuple[float, float, float] = RED,
) -> NDArray[np.uint8]:
    """Draw an even field of one colour, with noise of its own for each seed."""
    noise = np.random.default_rng(seed).normal(0, 2, (size_wh[1], size_wh[0], 3))
    return np.clip(np.array(rgb) + noise, 0, 255).astype(np.uint8)


def encoded(image: NDArray[np.uint8], suffix: str = ".jpg") -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(suffix, bgr)[1].tobytes()
