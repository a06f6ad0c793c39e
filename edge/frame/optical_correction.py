"""Take out of each frame what the optics put in: uneven light, tint, unknown scale."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.illumination import draw_light
from calibration.optics.profile import OpticalProfile, refuse_other_size
from hemalens.records import Frame

FULL_CODE: Final = 255
"""Fixed point: what is added to a pixel, as a share of it, has 256 steps up to the
profile's largest; a third of a grey level off at worst, and four times less memory
than a float."""


class OpticalCorrection:
    """Applies one optical profile to the frames of a count.

    A pixel is multiplied by its gain: the frame plus a share of itself, in two passes
    over 8-bit arrays. The scratch array is reused, so one thread applies it at a time;
    each frame given back has an array of its own.

    Parameters
    ----------
    profile : OpticalProfile
        What was never measured is left as it is.

    Examples
    --------
    >>> from calibration.optics.profile import OpticalProfile
    >>> profile = OpticalProfile(device="pi", objective="40x", frame_size_wh=(4, 3))
    >>> frame = Frame(image=np.full((3, 4, 3), 200, np.uint8), name="a", index=0)
    >>> OpticalCorrection(profile).apply(frame).image is frame.image
    True
    """

    def __init__(self, profile: OpticalProfile) -> None:
        self._profile = profile
        self._extra: NDArray[np.uint8] | None = None
        self._most_extra = 0.0
        self._scratch: NDArray[np.uint8] | None = None

    @property
    def profile(self) -> OpticalProfile:
        """The profile applied."""
        return self._profile

    def apply(self, frame: Frame) -> Frame:
        """Correct a frame; its pixel size becomes the profile's.

        Parameters
        ----------
        frame : Frame
            As the camera gave it, of the size the profile was measured on.

        Returns
        -------
        Frame

        Raises
        ------
        CalibrationError
            When the frame has another size.
        """
        height, width = frame.image.shape[:2]
        refuse_other_size(self._profile, (width, height), "the optical profile")
        return Frame(
            image=self._correct(frame.image),
            name=frame.name,
            index=frame.index,
            pixel_size_um=self._profile.pixel_size_um or frame.pixel_size_um,
        )

    def _correct(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._profile.flat_field is None and self._profile.white_balance is None:
            return image
        if self._extra is None:
            self._extra, self._most_extra = _share_to_add(self._profile)
            self._scratch = np.empty_like(self._extra)
        scale = self._most_extra / FULL_CODE
        added = cv2.multiply(image, self._extra, self._scratch, scale)
        return np.asarray(cv2.add(image, added), np.uint8)


def _share_to_add(profile: OpticalProfile) -> tuple[NDArray[np.uint8], float]:
    """Draw what is added to each pixel: codes, and the share that 255 stands for."""
    share = draw_gain(profile) - 1
    most = max(float(share.max()), 1e-6)
    return np.rint(share * (FULL_CODE / most)).astype(np.uint8), most


def draw_gain(profile: OpticalProfile) -> NDArray[np.float32]:
    """Draw the gain of each pixel, shape (H, W, 3), float32, 1 or more."""
    gain = 1 / draw_light(profile.flat_field, profile.frame_size_wh)
    if profile.white_balance is not None:
        gain *= np.array(profile.white_balance.gains_rgb, np.float32)
    return np.asarray(np.maximum(gain, 1), np.float32)
