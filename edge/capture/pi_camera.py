"""A Raspberry Pi camera through picamera2, as a camera device.

Every call was checked against picamera2 0.3.38 (its wheel on PyPI, read 2026-11-25);
the tests' fake has the same signatures and behaviour.

References
----------
.. [1] Raspberry Pi Ltd, *The Picamera2 Library*,
   https://datasheets.raspberrypi.com/camera/picamera2-manual.pdf, appendix A (formats),
   appendix C (controls).
"""

import importlib
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.live_camera import FRAME_TIMEOUT_S, LiveCamera
from edge.capture.pi_exposure import ExposureLock, PiExposure
from edge.capture.source_options import SourceOptions
from hemalens.errors import (
    CameraUnavailableError,
    CaptureError,
    ConfigError,
    FrameTimeoutError,
)

PREVIEW_SIZE_WH: Final = (640, 480)
BUFFERS: Final = 2
"""One is exposed while the other is read; 12 megapixels take 37 MB each."""

_PREFIX: Final = "picamera2:"

_RGB_OF: Final = {
    "BGR888": np.s_[..., :],
    "RGB888": np.s_[..., ::-1],
    "XBGR8888": np.s_[..., :3],
    "XRGB8888": np.s_[..., 2::-1],
}
"""libcamera names a format from its highest byte down, so an array in memory order
has the channels the other way round: BGR888 is R, G, B [1]_."""

# The class picamera2.Picamera2: untyped, and on no machine but a Raspberry Pi.
_CameraClass = Callable[[int], Any]


class PiCameraDevice:
    """A Raspberry Pi camera from its opening to its closing.

    Parameters
    ----------
    number : int
        As ``rpicam-hello --list-cameras`` counts.
    size_wh : pair of int or None
        Of a frame; the sensor's full resolution by default.
    exposure : PiExposure
        Keeps exposure, gain and colour over a reconnection.
    camera_class : callable, optional
        In place of ``picamera2.Picamera2``.
    """

    def __init__(
        self,
        number: int,
        size_wh: tuple[int, int] | None,
        exposure: PiExposure,
        camera_class: _CameraClass | None = None,
    ) -> None:
        self._number = number
        self._size_wh = size_wh
        self._exposure = exposure
        self._camera_class = camera_class
        self._camera: Any = None
        self._request: Any = None
        self._rgb_of: Any = None
        self._preview: NDArray[np.uint8] | None = None
        self._preview_wh = PREVIEW_SIZE_WH

    @property
    def on_demand(self) -> bool:
        """The camera keeps its latest exposure by itself; copying 37 MB costs time."""
        return True

    def open(self) -> str:
        """Open the camera, let exposure and colour settle, and lock them."""
        camera_class = self._camera_class or _picamera2_class()
        try:
            self._camera = camera_class(self._number)
            width, height = self._configure()
            self._camera.start()
            lock = self._exposure.lock(self._camera)
        except (RuntimeError, TimeoutError) as error:
            raise CameraUnavailableError(
                f"{_PREFIX}{self._number} cannot be used ({_reason(error)}): check its "
                "cable, 'rpicam-hello --list-cameras', and that no other program "
                "holds it"
            ) from error
        return f"{width}x{height}, {_describe(lock)}"

    def grab(self) -> None:
        """Take the next exposure from the camera."""
        self._let_go()
        name = f"{_PREFIX}{self._number}"
        try:
            self._request = self._camera.capture_request(wait=FRAME_TIMEOUT_S)
        except TimeoutError as error:
            raise FrameTimeoutError(
                f"{name} gave no frame in {FRAME_TIMEOUT_S:g} s: check its cable"
            ) from error
        except (RuntimeError, CancelledError) as error:
            raise CaptureError(
                f"{name} was lost ({_reason(error)}): check its cable"
            ) from error

    def retrieve(self) -> NDArray[np.uint8] | None:
        """Copy the exposure and its preview, and give the buffers back."""
        if self._request is None:
            return None
        try:
            self._preview = self._request.make_array("lores")
            main = self._request.make_array("main")
        finally:
            self._let_go()
        return np.ascontiguousarray(main[self._rgb_of])

    def preview(self) -> NDArray[np.uint8] | None:
        """Convert the last exposure's preview to RGB."""
        yuv = self._preview
        if yuv is None:
            return None
        rgb = cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB_I420)
        # Rows are padded to the hardware's stride; what is beyond the width is noise.
        return np.asarray(rgb[:, : self._preview_wh[0]], np.uint8)

    def interrupt(self) -> None:
        """Let the capture in hand end by itself: picamera2's cancelling is for good."""

    def close(self) -> None:
        """Release the camera; also one whose cable is out."""
        camera, self._camera = self._camera, None
        if camera is None:
            return
        with suppress(RuntimeError):
            self._let_go()
        with suppress(RuntimeError):
            camera.cancel_all_and_flush()
            camera.close()

    def _let_go(self) -> None:
        """Release the buffers of the exposure; the camera has few."""
        request, self._request = self._request, None
        if request is not None:
            request.release()

    def _configure(self) -> tuple[int, int]:
        """Configure stills with a preview; return the size that is given."""
        size_wh = self._size_wh or self._camera.sensor_resolution
        configuration = self._camera.create_still_configuration(
            main={"format": "BGR888", "size": size_wh},
            lores={"format": "YUV420", "size": _smaller(PREVIEW_SIZE_WH, size_wh)},
            raw=None,
            buffer_count=BUFFERS,
        )
        self._camera.configure(configuration)
        given = self._camera.stream_configuration("main")
        if given["format"] not in _RGB_OF:
            raise CameraUnavailableError(
                f"{_PREFIX}{self._number} gives {given['format']}, wanted RGB: "
                "read it as usb:0 if it is a USB camera"
            )
        width, height = given["size"]
        if self._size_wh and self._size_wh != (width, height):
            raise CameraUnavailableError(
                f"{_PREFIX}{self._number} gives {width}x{height}, wanted "
                f"{size_wh[0]}x{size_wh[1]}: ask for a size it has"
            )
        self._rgb_of = _RGB_OF[given["format"]]
        self._preview_wh = self._camera.stream_configuration("lores")["size"]
        return width, height


class PiCamera(LiveCamera):
    """A Raspberry Pi camera as a frame source.

    Parameters
    ----------
    number : int
        As ``rpicam-hello --list-cameras`` counts.
    size_wh : pair of int, optional
        Of a frame; the sensor's full resolution by default.
    camera_class : callable, optional
        In place of ``picamera2.Picamera2``.
    """

    def __init__(
        self,
        number: int,
        size_wh: tuple[int, int] | None = None,
        camera_class: _CameraClass | None = None,
    ) -> None:
        exposure = PiExposure()
        super().__init__(
            f"{_PREFIX}{number}",
            f"picamera{number}",
            lambda: PiCameraDevice(number, size_wh, exposure, camera_class),
        )

    @classmethod
    def from_source(cls, text: str) -> Self:
        """Read what follows ``picamera2:``, such as ``0,width_px=2028,height_px=1520``.

        Raises
        ------
        ConfigError
            When it is no number, or for an unusable option.
        """
        number, _, options = text.partition(",")
        if not (number.strip() or "0").isdecimal():
            raise ConfigError(f"{_PREFIX} wants a number such as 0, not {number!r}")
        known = ("width_px", "height_px")
        return cls(
            int(number.strip() or "0"),
            SourceOptions.parse(_PREFIX, options, known).size_wh(),
        )


def _picamera2_class() -> _CameraClass:
    try:
        made: _CameraClass = importlib.import_module("picamera2").Picamera2
    except (ImportError, ValueError) as error:
        # ValueError: apt's simplejpeg was built for another NumPy than the venv's.
        raise CameraUnavailableError(
            f"picamera2 cannot be imported ({_reason(error)}): on Raspberry Pi OS "
            "'sudo apt install python3-picamera2', and make the virtual environment "
            "with --system-site-packages and the system's NumPy"
        ) from error
    return made


def _smaller(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return min(one[0], other[0]), min(one[1], other[1])


def _describe(lock: ExposureLock) -> str:
    red, blue = lock.colour_gains
    return (
        f"exposure {lock.exposure_us} µs, gain {lock.analogue_gain:.2f} and colour "
        f"({red:.2f}, {blue:.2f}) locked{'' if lock.is_settled else ' unsettled'}"
    )


def _reason(error: BaseException) -> str:
    """Find what is at the bottom: picamera2 wraps libcamera's errors."""
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__
