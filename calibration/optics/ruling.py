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
holds: 0.86 and more, 0.32 where two rulings cross, 0.004 on empty slide (measured on
drawn rulings and blank fields, 2026-11). Cells may hold as much: `LEAST_REPEAT`."""

LEAST_FUNDAMENTAL: Final = 0.2
"""Power of a ruling's own frequency over its strongest harmonic's; the lines' optics
weaken the harmonics, never it."""

LEAST_REPEAT: Final = 0.7
LEAST_GAIN: Final = 0.2
"""Autocorrelation after one period, across the lines and along them, and how much of it
is gone after half a period across: at least 0.98 and 0.6 on drawn rulings, crossed ones
included; at most 0.46 on fields of cells (measured on BCCD and PBC, 2026-11). A single
edge is more like itself after half a period."""

NEAR_PX: Final = 3.0
"""Shift along the lines that the noise does not survive and the lines do."""

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
    _refuse_unrepeated(_autocorrelation(spectrum, windowed.shape), frequency)
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
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = [term + 0 * (x + y) for term in (1, x, y, x * x, y * y, x * y)]
    thinned = np.stack([term[::8, ::8].ravel() for term in terms], axis=-1)
    coefficients = np.linalg.solve(
        thinned.T @ thinned, thinned.T @ grey[::8, ::8].ravel()
    )
    surface = sum(c * term for c, term in zip(coefficients, terms, strict=True))
    return np.asarray(grey - surface, np.float32)


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


def _autocorrelation(
    spectrum: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Compare the image with itself, for each shift; the window is divided out."""
    window = _window(np.ones(shape, np.float32))
    of_window = np.fft.irfft2(np.abs(np.fft.rfft2(window)) ** 2, shape)
    of_image = np.fft.irfft2(spectrum, shape)
    return np.asarray(
        of_image / np.maximum(of_window, 1e-3 * of_window[0, 0]), np.float64
    )


def _refuse_unrepeated(
    autocorrelation: NDArray[np.float64], frequency: NDArray[np.float64]
) -> None:
    """Make sure that the image repeats itself across the lines and along them."""
    period_xy = frequency / float(frequency @ frequency)
    along_xy = np.array([-period_xy[1], period_xy[0]])
    height, width = autocorrelation.shape

    def likeness(shift_xy: NDArray[np.float64]) -> float:
        x, y = np.rint(shift_xy).astype(int)
        rows = np.arange(y - 1, y + 2) % height
        columns = np.arange(x - 1, x + 2) % width
        return float(autocorrelation[np.ix_(rows, columns)].max())

    whole = likeness(along_xy * (NEAR_PX / float(np.hypot(*along_xy))))
    across = likeness(period_xy)
    gain = across - likeness(period_xy / 2)
    divisions = float(np.hypot(*(frequency * (width, height))))
    if (
        divisions < FEWEST_LINES - 1
        or min(across, likeness(along_xy)) < LEAST_REPEAT * whole
        or gain < LEAST_GAIN * whole
    ):
        raise CalibrationError(NO_RULING)


def _power_near(
    windowed: NDArray[np.float32],
    centre: NDArray[np.float64],
    harmonics: tuple[int, ...],
) -> Callable[[NDArray[np.float64]], float]:
    """Compute the power at frequencies (x, y) near a centre, its harmonics included."""
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
            waves = np.exp(turn_y * blocks_y)[:, None] * np.exp(turn_x * blocks_x)
            total += float(np.abs((waves * blocks).sum())) ** 2
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
