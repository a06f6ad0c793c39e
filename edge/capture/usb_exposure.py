"""Lock a USB camera's exposure and colour, as far as its driver allows.

Colour must not drift during a count: stain is read from it. Drivers differ: some do
not tell the value their automatics have found, and jump to another when these are
switched off. The image itself shows whether a lock has held.

References
----------
.. [1] Linux kernel, *V4L2 camera control reference*: V4L2_CID_EXPOSURE_AUTO is 1 for
   manual and 3 for aperture priority, the usual automatic of UVC cameras.
"""

from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.errors import CaptureError

SETTLE_FRAMES: Final = 30
"""One to two seconds for the automatics."""

_APPLY_FRAMES: Final = 6
_MANUAL: Final = 1.0
_AUTOMATIC: Final = 3.0
_KEPT_FRACTION: Final = 0.1
"""Change of the mean of a channel that a lock may bring; noise makes less than 0.01."""


class Capture(Protocol):
    """What is used of ``cv2.VideoCapture``."""

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Return whether it is open."""
        ...

    def get(self, propId: int, /) -> float:  # noqa: N803 - OpenCV's name
        """Read a property; 0 or -1 when it is not supported."""
        ...

    def set(self, propId: int, value: float, /) -> bool:  # noqa: N803 - OpenCV's name
        """Set a property, and tell whether the driver took it."""
        ...

    def grab(self) -> bool:
        """Take an exposure from the driver."""
        ...

    def retrieve(self) -> tuple[bool, Any]:
        """Decode the exposure taken: BGR uint8."""
        ...

    def release(self) -> None:
        """Close it."""
        ...


class UsbExposure:
    """Exposure of one count, found at the first opening and set again at the next."""

    def __init__(self) -> None:
        self._locked: dict[int, float] | None = None

    def lock(self, capture: Capture) -> str:
        """Lock an open camera, and say what is locked.

        Raises
        ------
        CaptureError
            When it gives no frames.
        """
        if self._locked is None:
            self._locked = _lock_exposure(capture) | _lock_white_balance(capture)
        else:
            _set_all(capture, self._locked)
            mean_colour(capture, _APPLY_FRAMES)
        return _describe(self._locked)


def _lock_exposure(capture: Capture) -> dict[int, float]:
    """Switch to manual at the present exposure and gain; nothing where that fails."""
    before = mean_colour(capture, SETTLE_FRAMES)
    settings = {cv2.CAP_PROP_AUTO_EXPOSURE: _MANUAL} | {
        name: capture.get(name) for name in (cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_GAIN)
    }
    _set_all(capture, settings)
    is_manual = capture.get(cv2.CAP_PROP_AUTO_EXPOSURE) == _MANUAL
    if is_manual and _is_kept(before, mean_colour(capture, _APPLY_FRAMES)):
        return settings
    capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _AUTOMATIC)
    mean_colour(capture, SETTLE_FRAMES)
    return {}


def _lock_white_balance(capture: Capture) -> dict[int, float]:
    """Switch to manual at the present white balance; nothing where that fails."""
    before = mean_colour(capture, 1)
    settings = {
        cv2.CAP_PROP_AUTO_WB: 0.0,
        cv2.CAP_PROP_WB_TEMPERATURE: capture.get(cv2.CAP_PROP_WB_TEMPERATURE),
    }
    if capture.set(cv2.CAP_PROP_AUTO_WB, 0.0):
        _set_all(capture, settings)
        is_manual = capture.get(cv2.CAP_PROP_AUTO_WB) == 0
        if is_manual and _is_kept(before, mean_colour(capture, _APPLY_FRAMES)):
            return settings
        capture.set(cv2.CAP_PROP_AUTO_WB, 1.0)
    return {}


def mean_colour(capture: Capture, frames: int) -> NDArray[np.float64]:
    """Take some exposures and average the last one, per channel.

    Raises
    ------
    CaptureError
        When there is none.
    """
    for _ in range(frames):
        if not capture.grab():
            raise CaptureError("the camera gives no frames: check its cable and plug")
    is_whole, bgr = capture.retrieve()
    if not is_whole or bgr is None:
        raise CaptureError("the camera gives damaged frames: check its cable and plug")
    return np.array(cv2.mean(bgr)[:3])


def _set_all(capture: Capture, settings: dict[int, float]) -> None:
    for name, value in settings.items():
        capture.set(name, value)


def _is_kept(before: NDArray[np.float64], after: NDArray[np.float64]) -> bool:
    # One code of black level keeps a dark field from being judged by its noise.
    return bool((np.abs(after - before) <= _KEPT_FRACTION * before + 1).all())


def _describe(locked: dict[int, float]) -> str:
    exposure = "locked" if cv2.CAP_PROP_AUTO_EXPOSURE in locked else "automatic"
    balance = "locked" if cv2.CAP_PROP_AUTO_WB in locked else "automatic"
    return f"exposure {exposure}, white balance {balance}"
