"""Notice that the optics are no longer those a profile was measured on."""

import statistics
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import LEAST_LIGHT
from calibration.optics.illumination import draw_light, reduce_image
from calibration.optics.profile import OpticalProfile
from calibration.optics.white_balance import find_empty_slide
from hemalens.preprocess import RED_CELL_DIAMETER_UM

COARSE_SIDE_PX: Final = 160

PIECES_WH: Final = (4, 3)
"""The frame's light is compared piece by piece."""

LEAST_PIECE_FRACTION: Final = 0.05
FEWEST_PIECES: Final = 4
"""Empty slide a piece must show, and pieces that must, for the light to be judged."""

MOST_LIGHT_CHANGE: Final = 0.08
"""Change of a piece's light against the frame's: red cells take away 0.12 and more
(measured on BCCD and PBC, 2026-11), so this much does not yet look like one."""

MOST_COLOUR_CHANGE: Final = 0.06
"""Change of a channel against the mean of all three, as a fraction."""

MOST_BRIGHTNESS_CHANGE: Final = 0.3
"""Densities do not depend on brightness; far from the profile's the camera's answer may
bend."""

MOST_SCALE_CHANGE: Final = 0.15
FEWEST_DIAMETERS: Final = 3
DIAMETERS_REMEMBERED: Final = 9
"""One frame's red cells may be 15 % off, the median of several is not."""


class OpticsWatch:
    """Compares frames, now and then, with the profile that is applied to them.

    Parameters
    ----------
    profile : OpticalProfile
        What was never measured is not compared.
    """

    def __init__(self, profile: OpticalProfile) -> None:
        self._profile = profile
        self._diameters: deque[float] = deque(maxlen=DIAMETERS_REMEMBERED)

    def disagreements(
        self,
        image: NDArray[np.uint8],
        red_cell_diameter_px: float | None = None,
    ) -> tuple[str, ...]:
        """Say how a frame disagrees with the profile.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8, RGB
            As the camera gave it, before correction.
        red_cell_diameter_px : float, optional
            From `calibration.optics.red_cell_ruler`, measured without knowledge of
            the pixel size.

        Returns
        -------
        tuple of str
            Sentences for the operator; none where all agrees or cannot be told.
        """
        size_wh = (image.shape[1], image.shape[0])
        if size_wh != self._profile.frame_size_wh:
            return (_other_size(self._profile, size_wh),)
        return (*self._light(image), *self._scale(red_cell_diameter_px))

    def _light(self, image: NDArray[np.uint8]) -> tuple[str, ...]:
        """Compare the light on empty slide."""
        changes = _changes(self._profile, reduce_image(image, COARSE_SIDE_PX))
        if changes is None:
            return ()
        middle = np.median(changes, axis=0)
        said = []
        uneven = float(np.abs(changes - middle).max())
        if self._profile.flat_field is not None and uneven > MOST_LIGHT_CHANGE:
            said.append(
                f"the light lies differently than when the flat field was measured (by "
                f"{uneven:.0%} in a part of the frame): centre the lamp, or run "
                "'hemalens calibrate flat-field' again"
            )
        tint = float(np.abs(middle - middle.mean()).max())
        if tint > MOST_COLOUR_CHANGE:
            said.append(
                f"the background's colour has changed by {tint:.0%}: set the lamp and "
                "the camera's white balance back, or run 'hemalens calibrate "
                "white-balance' again"
            )
        brightness = float(middle.mean())
        if abs(brightness) > MOST_BRIGHTNESS_CHANGE:
            word = "brighter" if brightness > 0 else "darker"
            said.append(
                f"the background is {abs(np.expm1(brightness)):.0%} {word} than in the "
                "profile: set the lamp and the exposure back"
            )
        return tuple(said)

    def _scale(self, diameter_px: float | None) -> tuple[str, ...]:
        """Compare the red cells' width with the pixel size."""
        pixel_size_um = self._profile.pixel_size_um
        if diameter_px is not None:
            self._diameters.append(diameter_px)
        if pixel_size_um is None or len(self._diameters) < FEWEST_DIAMETERS:
            return ()
        seen_um = statistics.median(self._diameters) * pixel_size_um
        if abs(seen_um / RED_CELL_DIAMETER_UM - 1) <= MOST_SCALE_CHANGE:
            return ()
        return (
            f"red cells would be {seen_um:.1f} µm wide by the profile's pixel size, "
            f"{RED_CELL_DIAMETER_UM:g} is usual: is the objective still "
            f"'{self._profile.objective}'?",
        )


def _other_size(profile: OpticalProfile, size_wh: tuple[int, int]) -> str:
    wanted, came = ("{}x{}".format(*s) for s in (profile.frame_size_wh, size_wh))
    return (
        f"the camera gives frames of {came}, the profile was measured on {wanted}: "
        "set the camera back, or measure a profile for this size"
    )


def _changes(
    profile: OpticalProfile, coarse: NDArray[np.uint8]
) -> NDArray[np.float64] | None:
    """Compare the light of each piece with the profile's.

    Returns
    -------
    ndarray of shape (pieces, 3), float64, RGB, or None
        Logarithm of the level seen over that expected. None where nothing was
        measured, or too little empty slide is in sight.
    """
    if profile.background_rgb is None or coarse.max() < LEAST_LIGHT:
        return None
    height, width = coarse.shape[:2]
    expected = draw_light(profile.flat_field, (width, height)) * np.array(
        profile.background_rgb, np.float32
    )
    change = np.log((coarse.astype(np.float32) + 1) / (expected + 1))
    columns, rows = PIECES_WH
    is_empty = find_empty_slide(coarse)
    found = []
    for y in range(rows):
        for x in range(columns):
            down = slice(y * height // rows, (y + 1) * height // rows)
            right = slice(x * width // columns, (x + 1) * width // columns)
            of_piece = change[down, right][is_empty[down, right]]
            piece_px = (down.stop - down.start) * (right.stop - right.start)
            if len(of_piece) > LEAST_PIECE_FRACTION * piece_px:
                found.append(np.median(of_piece, axis=0))
    return np.stack(found).astype(np.float64) if len(found) >= FEWEST_PIECES else None
