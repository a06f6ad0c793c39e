"""Pixel size from images of a stage micrometer."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from calibration.optics.profile import PixelSize, PixelSizeMethod, now
from calibration.optics.ruling import measure_ruling
from hemalens.errors import CalibrationError

MOST_DISAGREEMENT: Final = 0.01
"""Relative: images of one ruling through one objective agree far better."""

LEAST_UNCERTAINTY: Final = 0.001
"""Relative: what the ruling itself is made to, 1 µm in 1 mm, and the lens's
distortion."""

FINEST_UM: Final = 0.01
COARSEST_UM: Final = 10.0


def measure_stage_micrometer(
    images: Sequence[NDArray[np.uint8]], pitch_um: float
) -> PixelSize:
    """Measure the pixel size from a ruling of known pitch.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W, 3), uint8, RGB
        The ruling, through one objective.
    pitch_um : float
        Distance between two lines.

    Returns
    -------
    PixelSize
        The mean over the images.

    Raises
    ------
    CalibrationError
        When an image shows no ruling, the images disagree, or the pixel size is no
        microscope's.
    """
    rulings = [measure_ruling(image) for image in images]
    sizes = pitch_um / np.array([ruling.period_px for ruling in rulings])
    mean = float(sizes.mean())
    if float(np.ptp(sizes)) > MOST_DISAGREEMENT * mean:
        raise CalibrationError(
            f"the images disagree: {sizes.min():.4f} to {sizes.max():.4f} µm per "
            "pixel; measure the same divisions through one objective"
        )
    if not FINEST_UM <= mean <= COARSEST_UM:
        raise CalibrationError(
            f"lines {pitch_um:g} µm apart give {mean:.4g} µm per pixel, wanted "
            f"{FINEST_UM:g} to {COARSEST_UM:g}: is --pitch-um right?"
        )
    of_rulings = [r.uncertainty_px / r.period_px for r in rulings]
    relative = np.hypot(np.mean(of_rulings) / len(rulings) ** 0.5, LEAST_UNCERTAINTY)
    return PixelSize(
        pixel_size_um=round(mean, 6),
        uncertainty_um=round(float(mean * relative), 6),
        method=PixelSizeMethod.STAGE_MICROMETER,
        images=len(rulings),
        measured_at=now(),
    )
