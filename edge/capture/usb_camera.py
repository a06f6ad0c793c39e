"""A USB or other V4L2 camera through OpenCV, as a camera device."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.live_camera import FRAME_TIMEOUT_S, LiveCamera
from edge.capture.source_options import SourceOptions
from edge.capture.usb_exposure import Capture, UsbExposure
from hemalens.errors import CameraUnavailableError, CaptureError, ConfigError

_PREFIX: Final = "usb:"
_OPTIONS: Final = ("width_px", "height_px", "format")
_FOUR: Final = 4
_VIDEO: Final = "/dev/video"

# What OpenCV logs about a missing camera, the error raised here says in one line.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

OpenCapture = Callable[[str], Capture]


class UsbDevice:
    """A USB camera from its opening to its closing.

    Parameters
    ----------
    path : str
        Its device file, such as ``/dev/video0``.
    size_wh : pair of int or None
        Of a frame; the camera's own choice by default.
    four_cc : str
        Pixel format, such as ``MJPG`` or ``YUYV``; blank for the camera's own choice.
    exposure : UsbExposure
        Keeps exposure and colour over a reconnection.
    open_capture : callable
        Opens it with OpenCV.
    """

    def __init__(
        self,
        path: str,
        size_wh: tuple[int, int] | None,
        four_cc: str,
        exposure: UsbExposure,
        open_capture: OpenCapture,
    ) -> None:
        self._path = path
        self._size_wh = size_wh
        self._four_cc = four_cc
        self._exposure = exposure
        self._open_capture = open_capture
        self._capture: Capture | None = None

    @property
    def on_demand(self) -> bool:
        """The driver queues exposures: unless grabbed at once they grow old there."""
        return False

    def open(self) -> str:
        """Open the camera, let exposure and colour settle, and lock them."""
        self._check_access()
        self._capture = capture = self._open_capture(self._path)
        if not capture.isOpened():
            raise CameraUnavailableError(
                f"{self._path} cannot be opened: close the program that holds it, and "
                "check that it is a camera"
            )
        self._set_format(capture)
        size_wh = self._given_size(capture)
        return f"{size_wh[0]}x{size_wh[1]}, {self._exposure.lock(capture)}"

    def grab(self) -> None:
        """Take the next exposure from the driver."""
        if self._capture is None or not self._capture.grab():
            raise CaptureError(f"{self._path} was lost: check its cable and plug")

    def retrieve(self) -> NDArray[np.uint8] | None:
        """Decode the exposure taken last."""
        bgr = None if self._capture is None else self._capture.retrieve()[1]
        if bgr is None:
            return None
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)

    def preview(self) -> None:
        """Show nothing: the camera makes no second image."""

    def interrupt(self) -> None:
        """Let the driver's own timeout end a wait: OpenCV has no way to."""

    def close(self) -> None:
        """Release the camera."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _check_access(self) -> None:
        if not Path(self._path).exists():
            raise CameraUnavailableError(f"no camera {self._path}: check its plug")
        if not os.access(self._path, os.R_OK | os.W_OK):
            raise CameraUnavailableError(
                f"{self._path} may not be opened by this user: "
                "'sudo usermod -aG video $USER' and log in again"
            )

    def _set_format(self, capture: Capture) -> None:
        if self._four_cc:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*self._four_cc))
        if self._size_wh:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size_wh[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size_wh[1])

    def _given_size(self, capture: Capture) -> tuple[int, int]:
        """Take a first exposure: only streaming shows whether the camera is free."""
        image = capture.retrieve()[1] if capture.grab() else None
        if image is None:
            raise CameraUnavailableError(
                f"{self._path} opens and gives no frame: close the program that holds "
                "it, or plug it in again"
            )
        height, width = image.shape[:2]
        if self._size_wh and self._size_wh != (width, height):
            raise CameraUnavailableError(
                f"{self._path} gives {width}x{height}, wanted {self._size_wh[0]}x"
                f"{self._size_wh[1]}: ask for a size it has"
            )
        return width, height


class UsbCamera(LiveCamera):
    """A USB camera as a frame source.

    Parameters
    ----------
    path : str
        Its device file, such as ``/dev/video0``.
    size_wh : pair of int, optional
        Of a frame; the camera's own choice by default.
    four_cc : str
        Pixel format, such as ``MJPG`` or ``YUYV``; blank for the camera's own choice.
    open_capture : callable, optional
        In place of ``cv2.VideoCapture``.
    frame_timeout_s : float
        How long a frame may take.
    """

    def __init__(
        self,
        path: str,
        size_wh: tuple[int, int] | None = None,
        four_cc: str = "",
        *,
        open_capture: OpenCapture | None = None,
        frame_timeout_s: float = FRAME_TIMEOUT_S,
    ) -> None:
        exposure = UsbExposure()
        opener = open_capture or _open_v4l2
        super().__init__(
            f"{_PREFIX}{path.removeprefix(_VIDEO)}",
            f"usb-{Path(path).name}",
            lambda: UsbDevice(path, size_wh, four_cc, exposure, opener),
            frame_timeout_s=frame_timeout_s,
        )

    @classmethod
    def from_source(cls, text: str) -> Self:
        """Read what follows ``usb:``, such as ``0,width_px=1920,height_px=1080``.

        Raises
        ------
        ConfigError
            When it names no camera, or for an unusable option.
        """
        camera, _, options = text.partition(",")
        camera = camera.strip() or "0"
        if not camera.isdecimal() and not camera.startswith("/dev/"):
            raise ConfigError(
                f"{_PREFIX} wants a number or a device file, such as 0 or /dev/video0,"
                f" not {camera!r}"
            )
        values = SourceOptions.parse(_PREFIX, options, _OPTIONS)
        four_cc = values.text("format", "")
        if four_cc and len(four_cc) != _FOUR:
            raise ConfigError(
                f"{_PREFIX} format has four characters, such as MJPG or YUYV, not "
                f"{four_cc!r}"
            )
        path = f"{_VIDEO}{camera}" if camera.isdecimal() else camera
        return cls(path, values.size_wh(), four_cc)


def _open_v4l2(path: str) -> Capture:
    return cv2.VideoCapture(path, cv2.CAP_V4L2)
