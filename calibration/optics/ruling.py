"""How far apart the lines of a stage micrometer lie, in pixels.

A ruling of any direction is one peak of the image's spectrum. The peak is found on
whole frequencies, then followed between them, its harmonics included: period and
direction come out to a small part of a pixel over the whole frame.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.illumination import reduce_image
from hemalens.errors import CalibrationError

SIDE_PX: Final = 960
"""Larger images are reduced to this longer side first; the period is followed far below
a pixel anyway."""

FEWEST_LINES: Final = 4.0
"""Divisions across the frame: of fewer the spectrum makes no peak of its own."""

FINEST_PERIOD_PX: Final = 4.0
"""Of the reduced image: finer lines run into each other."""

NO_RULING: Final = (
    "the image shows no ruling: focus on the stage micrometer's finest divisions and "
    f"let at least {FEWEST_LINES:.0f} of them fill the frame"
)

HARMONICS: Final = (1, 2, 3)
LEAST_PEAK_FRACTION: Final = 0.2
"""Share of the spectrum, from 0.6 to 1.6 times its frequency, that a ruling's peak
holds: a ruling has at least 0.4, half of that where two rulings cross; cells, noise
and empty slide stay below 0.13 (measured on drawn rulings, BCCD and PBC, 2026-11)."""

LEAST_FUNDAMENTAL: Final = 0.2
"""Power of a ruling's own frequency over its strongest harmonic's; the lines' optics
weaken the harmonics, never it."""

LEAST_RETURN: Final = 0.02
"""What an image shifted by one period is more like itself than shifted by half of one,
as a fraction of its variance; a single edge is less like itself."""

BLOCK_PX: Final = 8
"""Blocks summed after the carrier is taken out: nothing in them turns fast any more."""

STRIPS: Final = 4
LEAST_STRIP: Final = 0.05
"""Strips with less of the strongest one's power show no lines, or long ones alone."""

MOST_SPREAD: Final = 0.02
"""Relative standard deviation of the period between strips of the image: more of it is
no regular ruling, or a stage that moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The lines of an image.

    Parameters
    ----------
    period_px : float
        Distance from line to line, across them, in pixels.
    uncertainty_px : float
        Its standard uncertainty, from how strips of the image differ.
    angle_deg : float
        Direction across the lines, clockwise from the x axis, -90 to 90.
    """

    period_px: float
    uncertainty_px: float
    angle_deg: float


def measure_ruling(image: NDArray[np.uint8]) -> Ruling:
    """Measure evenly spaced lines of any direction.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        A stage micrometer, its finest divisions filling the frame.

    Returns
    -------
    Ruling

    Raises
    ------
    CalibrationError
        When the image shows no ruling, fewer than 4 divisions, or uneven ones.
    """
    small = reduce_image(image, SIDE_PX)
    plane = _flatten(small)
    windowed = _window(plane)
    spectrum = np.abs(np.fft.rfft2(windowed)) ** 2
    frequency = _follow(windowed, _find_peak(spectrum, windowed.shape))
    _refuse_single_edge(np.fft.irfft2(spectrum, windowed.shape), frequency)
    relative = _spread(plane, frequency)
    # Width and height are rounded apart when the image is reduced.
    across = frequency * (
        small.shape[1] / image.shape[1],
        small.shape[0] / image.shape[0],
    )
    period = 1 / float(np.hypot(*across))
    angle = (np.degrees(np.arctan2(across[1], across[0])) + 90) % 180 - 90
    return Ruling(
        period_px=period,
        uncertainty_px=period * relative / STRIPS**0.5,
        angle_deg=float(angle),
    )


def _flatten(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Take the light's slow changes out of the grey image."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)
    terms = terms.reshape(-1, 6)
    coefficients = np.linalg.solve(terms.T @ terms, terms.T @ grey.ravel())
    return np.asarray(grey - (terms @ coefficients).reshape(grey.shape), np.float32)


def _window(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    return np.asarray(
        plane * np.hanning(height)[:, None] * np.hanning(width)[None, :], np.float32
    )


def _find_peak(
    spectrum: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Find the strongest whole frequency (x, y) and make sure that it is a ruling's."""
    height, width = shape
    power = spectrum.copy()
    fx, fy = np.meshgrid(np.fft.rfftfreq(width), np.fft.fftfreq(height))
    frequency = np.hypot(fx, fy)
    lowest = (FEWEST_LINES - 1) / min(np.hypot(width, height), 1.2 * max(width, height))
    power[(frequency < lowest) | (frequency > 1 / FINEST_PERIOD_PX)] = 0
    # On the edge of the half plane each frequency stands twice.
    power[1 + height // 2 :, 0] = 0
    row, column = np.unravel_index(int(power.argmax()), power.shape)
    found = np.array([fx[row, column], fy[row, column]])
    length = float(np.hypot(*found))
    near = np.hypot((fx - found[0]) * width, (fy - found[1]) * height) < 2.5
    ring = (frequency > 0.6 * length) & (frequency < 1.6 * length)
    total = float(power[ring].sum())
    if total <= 0 or float(power[near].sum()) < LEAST_PEAK_FRACTION * total:
        raise CalibrationError(NO_RULING)
    return _fundamental(power, found, fx, fy)


def _fundamental(
    power: NDArray[np.float64],
    found: NDArray[np.float64],
    fx: NDArray[np.float64],
    fy: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Go down from a harmonic: thin lines have strong ones.

    A fifth and a tenth are not looked for: there longer lines repeat.
    """
    height, width = power.shape[0], 2 * (power.shape[1] - 1)
    strongest = float(power.max())
    for divisor in (3, 2):
        x, y = found / divisor
        near = np.hypot((fx - x) * width, (fy - y) * height) < 1.5
        if float(power[near].max(initial=0.0)) > LEAST_FUNDAMENTAL * strongest:
            return np.array([x, y])
    return found


def _follow(
    windowed: NDArray[np.float32], peak: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Climb from a whole frequency to the ruling's own."""
    height, width = windowed.shape
    frequency = peak
    for harmonics in (HARMONICS[:1], HARMONICS):
        power = _power_near(windowed, frequency, harmonics)
        step = 0.5 / max(harmonics)
        for _ in range(8):
            for axis, side in enumerate((width, height)):
                along = np.zeros(2)
                along[axis] = step / side
                frequency = frequency + along * _summit(power, frequency, along)
            step /= 1.7
    return frequency


def _refuse_single_edge(
    autocorrelation: NDArray[np.float64], frequency: NDArray[np.float64]
) -> None:
    """Make sure that the image repeats after one period."""
    period_xy = frequency / float(frequency @ frequency)
    height, width = autocorrelation.shape

    def likeness(shift_xy: NDArray[np.float64]) -> float:
        x, y = np.rint(shift_xy).astype(int)
        rows = np.arange(y - 1, y + 2) % height
        columns = np.arange(x - 1, x + 2) % width
        return float(autocorrelation[np.ix_(rows, columns)].max())

    gain = likeness(period_xy) - likeness(period_xy / 2)
    if gain < LEAST_RETURN * float(autocorrelation[0, 0]):
        raise CalibrationError(NO_RULING)


def _power_near(
    windowed: NDArray[np.float32],
    centre: NDArray[np.float64],
    harmonics: tuple[int, ...],
) -> Callable[[NDArray[np.float64]], float]:
    """Tell the power at frequencies (x, y) near a centre, its harmonics included."""
    height, width = (side // BLOCK_PX * BLOCK_PX for side in windowed.shape)
    y, x = np.arange(height), np.arange(width)
    blocks_y, blocks_x = (v.reshape(-1, BLOCK_PX).mean(axis=1) for v in (y, x))
    carried = {}
    for k in harmonics:
        if k * np.abs(centre).max() < 0.5:
            turn_x, turn_y = (-2j * np.pi * k * centre).tolist()
            slow = windowed[:height, :width] * np.exp(turn_x * x).astype(np.complex64)
            slow *= np.exp(turn_y * y).astype(np.complex64)[:, None]
            blocks = slow.reshape(len(blocks_y), BLOCK_PX, len(blocks_x), BLOCK_PX)
            carried[k] = blocks.sum(axis=(1, 3))

    def power(frequency: NDArray[np.float64]) -> float:
        total = 0.0
        for k, blocks in carried.items():
            turn_x, turn_y = (-2j * np.pi * k * (frequency - centre)).tolist()
            total += abs(
                np.exp(turn_y * blocks_y) @ (blocks @ np.exp(turn_x * blocks_x))
            ) ** 2
        return total

    return power


def _summit(
    power: Callable[[NDArray[np.float64]], float],
    at: NDArray[np.float64],
    step: NDArray[np.float64],
) -> float:
    """Find the summit of the parabola through three points, in steps of at most 1."""
    before, here, after = power(at - step), power(at), power(at + step)
    bend = before - 2 * here + after
    if bend >= 0:
        return 1.0 if after > before else -1.0
    return float(np.clip((before - after) / (2 * bend), -1, 1))


def _spread(plane: NDArray[np.float32], frequency: NDArray[np.float64]) -> float:
    """Measure how much the period differs between strips laid across the lines."""
    is_upright = abs(frequency[0]) >= abs(frequency[1])
    parts = np.array_split(plane, STRIPS, axis=0 if is_upright else 1)
    strips = [_window(part) for part in parts]
    powers = [_power_near(strip, frequency, HARMONICS)(frequency) for strip in strips]
    ratios = [
        _period_ratio(strip, frequency)
        for strip, power in zip(strips, powers, strict=True)
        if power > LEAST_STRIP * max(powers)
    ]
    spread = float(np.std(ratios, ddof=1)) if len(ratios) > 1 else np.inf
    if spread > MOST_SPREAD:
        raise CalibrationError(
            "the lines are not evenly spaced, or fill too little of the frame: hold "
            "the stage still, keep scratches out, and move the finest divisions to "
            "the middle"
        )
    return spread


def _period_ratio(
    windowed: NDArray[np.float32], frequency: NDArray[np.float64]
) -> float:
    """Measure a strip's period over the whole image's, in the same direction."""
    power = _power_near(windowed, frequency, HARMONICS)
    cycles = float(np.hypot(*(frequency * windowed.shape[::-1])))
    ratio, step = 1.0, 0.15 / cycles
    for _ in range(8):
        ratio += step * _summit(power, ratio * frequency, step * frequency)
        step /= 1.6
    return 1 / ratio
