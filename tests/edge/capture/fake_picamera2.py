"""A faithful ``picamera2.Picamera2`` on a made sensor.

Signatures, errors, stream rules, buffer counting, strides and delays are those of
picamera2 0.3.38; `tests.edge.capture.test_fake_picamera2` checks the signatures. Time
passes at once: a wait that would time out does so without waiting.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.edge.capture.made_images import noisy

LINE_US = 19
"""Exposure times are whole sensor lines."""

CONTROL_DELAY = 4
"""Frames until a control takes effect."""

STRIDE_BYTES = 64
GARBAGE = 0xA5

FORMATS = ("BGR888", "RGB888", "XBGR8888", "XRGB8888")


@dataclass(kw_only=True)
class PiWorld:
    """The sensor and what it sees; outlives its openings."""

    sensor_resolution: tuple[int, int] = (100, 76)
    scene_rgb: tuple[float, float, float] = (200, 60, 40)
    light: float = 1.0
    is_plugged: bool = True
    is_held: bool = False
    given_format: str = "BGR888"
    advertised: tuple[str, ...] = (
        "AeEnable",
        "AwbEnable",
        "ExposureTime",
        "AnalogueGain",
        "ColourGains",
        "FrameDurationLimits",
        "NoiseReductionMode",
    )
    ignores_controls: bool = False
    is_restless: bool = False
    open_cameras: int = 0
    frames: int = 0
    exposure_us: float = 1000.0
    gain: float = 1.0
    colour_gains: tuple[float, float] = (1.0, 1.0)
    is_exposure_automatic: bool = True
    is_colour_automatic: bool = True
    pending: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def camera_class(self) -> Callable[[int], "FakePicamera2"]:
        return type("Picamera2", (FakePicamera2,), {"world": self})

    @property
    def right_exposure_us(self) -> float:
        return 8000.0 / self.light

    def expose(self) -> None:
        """Take one frame: apply what is due, and let the automatics follow."""
        self.frames += 1
        for due, controls in self.pending:
            if due <= self.frames and not self.ignores_controls:
                self._apply(controls)
        self.pending = [item for item in self.pending if item[0] > self.frames]
        if self.is_exposure_automatic:
            self.exposure_us += 0.3 * (self.right_exposure_us - self.exposure_us)
            if self.is_restless:
                self.exposure_us *= 1.2 if self.frames % 2 else 0.8
        if self.is_colour_automatic:
            red, blue = self.colour_gains
            self.colour_gains = red + 0.3 * (1.9 - red), blue + 0.3 * (1.4 - blue)

    def _apply(self, controls: dict[str, Any]) -> None:
        self.is_exposure_automatic = controls.get(
            "AeEnable", self.is_exposure_automatic
        )
        self.is_colour_automatic = controls.get("AwbEnable", self.is_colour_automatic)
        lines = round(controls.get("ExposureTime", self.exposure_us) / LINE_US)
        self.exposure_us = lines * LINE_US
        self.gain = controls.get("AnalogueGain", self.gain)
        self.colour_gains = controls.get("ColourGains", self.colour_gains)

    def rgb(self, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
        """Draw the scene as it is exposed now."""
        level = self.exposure_us * self.gain / self.right_exposure_us
        red, blue = self.colour_gains[0] / 1.9, self.colour_gains[1] / 1.4
        scene = self.scene_rgb
        shown = (scene[0] * level * red, scene[1] * level, scene[2] * level * blue)
        return noisy(self.frames, size_wh, shown)

    def metadata(self) -> dict[str, Any]:
        return {
            "ExposureTime": int(self.exposure_us),
            "AnalogueGain": self.gain,
            "ColourGains": self.colour_gains,
            "SensorTimestamp": self.frames * 33_000_000,
        }


class FakeRequest:
    """A ``CompletedRequest``: two buffers that must be given back."""

    def __init__(self, camera: "FakePicamera2") -> None:
        self._camera = camera
        self._metadata = camera.world.metadata()
        self._config = camera.configuration
        self._rgb = camera.world.rgb(self._config["main"]["size"])
        self.ref_count = 1
        camera.lent += 1

    def make_array(self, name: str) -> NDArray[np.uint8]:
        if self.ref_count == 0:
            raise AssertionError("a request that was released is gone")
        stream = self._config.get(name)
        if stream is None:
            raise RuntimeError(f"Stream {name!r} is not defined")
        if name == "lores":
            return _lores_array(self._rgb, stream)
        return _main_array(self._rgb, stream)

    def get_metadata(self) -> dict[str, Any]:
        return self._metadata

    def release(self) -> None:
        self.ref_count -= 1
        if self.ref_count < 0:
            raise RuntimeError("CompletedRequest: lock now has negative ref_count")
        self._camera.lent -= 1


class FakePicamera2:
    world: PiWorld

    def __init__(
        self, camera_num=0, verbose_console=None, tuning=None, allocator=None
    ) -> None:
        self.is_open = False
        if camera_num >= int(self.world.is_plugged):
            raise RuntimeError(
                f"No camera number {camera_num} found - use "
                '"rpicam-hello --list-cameras" to check connected cameras'
            )
        if self.world.is_held or self.world.open_cameras:
            busy = RuntimeError("Failed to acquire camera: Device or resource busy")
            raise RuntimeError("Camera __init__ sequence did not complete.") from busy
        self.world.open_cameras += 1
        self.is_open = True
        self.started = False
        self.configuration: dict[str, Any] = {}
        self.lent = 0
        self.sensor_resolution = self.world.sensor_resolution

    @property
    def camera_controls(self) -> dict[str, tuple[Any, Any, Any]]:
        return dict.fromkeys(self.world.advertised, (0, 1, 0))

    def create_still_configuration(
        self,
        main={},  # noqa: B006 - as the real one
        lores=None,
        raw={},  # noqa: B006 - as the real one
        transform=None,
        colour_space=None,
        buffer_count=1,
        controls={},  # noqa: B006 - as the real one
        display=None,
        encode=None,
        queue=True,
        sensor={},  # noqa: B006 - as the real one
        use_case="still",
    ) -> dict[str, Any]:
        if not self.is_open:
            raise RuntimeError("Camera not opened")
        main = _stream({"format": "BGR888", "size": self.sensor_resolution}, main)
        lores = _stream({"format": "YUV420", "size": main["size"]}, lores)
        return {
            "main": main,
            "lores": lores,
            "raw": raw,
            "buffer_count": buffer_count,
            "queue": queue,
            "controls": controls,
        }

    def configure(self, camera_config=None) -> None:
        if self.started:
            raise RuntimeError("Camera must be stopped before configuring")
        main, lores = camera_config["main"], camera_config["lores"]
        _check_stream(main)
        _check_stream(lores)
        if any(a > b for a, b in zip(lores["size"], main["size"], strict=True)):
            raise RuntimeError("lores stream dimensions may not exceed main stream")
        main["format"] = self.world.given_format
        channels = 4 if main["format"].startswith("X") else 3
        main["stride"] = _padded(main["size"][0] * channels)
        lores["stride"] = _padded(lores["size"][0])
        self.configuration = camera_config

    def stream_configuration(self, name="main") -> dict[str, Any]:
        return self.configuration[name]

    def start(self, config=None, show_preview=False) -> None:
        if not self.configuration:
            raise RuntimeError("Camera has not been configured")
        self.started = True

    def set_controls(self, controls) -> None:
        for name in controls:
            if name not in self.world.advertised:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        due = self.world.frames + CONTROL_DELAY
        self.world.pending.append((due, dict(controls)))

    def capture_metadata(self, wait=None, signal_function=None) -> dict[str, Any]:
        self._wait_for_frame(wait)
        return self.world.metadata()

    def capture_request(
        self, wait=None, signal_function=None, flush=None
    ) -> FakeRequest:
        self._wait_for_frame(wait)
        return FakeRequest(self)

    def cancel_all_and_flush(self) -> None: ...

    def close(self) -> None:
        if self.is_open:
            self.world.open_cameras -= 1
        self.is_open = self.started = False

    def _wait_for_frame(self, wait) -> None:
        if not self.started:
            raise RuntimeError("Camera is not started: no frame will ever come")
        if wait is None or wait is True:
            raise AssertionError("a wait without an end")
        if not wait:
            raise AssertionError("gives a job, not a frame")
        if not self.world.is_plugged or self.lent >= self.configuration["buffer_count"]:
            raise TimeoutError
        self.world.expose()


def _stream(defaults: dict[str, Any], updates: dict[str, Any] | None) -> Any:
    if updates is None:
        return None
    for key in updates:
        if key not in ("format", "size", "stride", "preserve_ar"):
            raise ValueError(f"Bad key {key!r}")
    stream = defaults | updates
    width, height = stream["size"]
    stream["size"] = (width - width % 2, height - height % 2)
    return stream


def _check_stream(stream: dict[str, Any]) -> None:
    if stream["format"] not in (*FORMATS, "YUV420"):
        raise RuntimeError(f"Bad format {stream['format']}")
    if type(stream["size"]) is not tuple or len(stream["size"]) != 2:
        raise RuntimeError("size in stream should be (width, height)")


def _padded(width_bytes: int) -> int:
    return -(-width_bytes // STRIDE_BYTES) * STRIDE_BYTES


def _main_array(rgb: NDArray[np.uint8], stream: dict[str, Any]) -> NDArray[np.uint8]:
    """Lay the frame into a padded buffer, then cut it out as picamera2 does."""
    height, width = rgb.shape[:2]
    name = stream["format"]
    pixels = rgb if name in ("BGR888", "XBGR8888") else rgb[..., ::-1]
    if name.startswith("X"):
        alpha = np.full((height, width, 1), 255, np.uint8)
        pixels = np.concatenate([pixels, alpha], axis=2)
    channels = pixels.shape[2]
    buffer = np.full((height, stream["stride"]), GARBAGE, np.uint8)
    buffer[:, : width * channels] = pixels.reshape(height, -1)
    return buffer[:, : width * channels].reshape(height, width, channels)


def _lores_array(rgb: NDArray[np.uint8], stream: dict[str, Any]) -> NDArray[np.uint8]:
    """Lay I420 planes into padded rows; picamera2 leaves the padding in."""
    width, height = stream["size"]
    stride = stream["stride"]
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    planes = cv2.cvtColor(small, cv2.COLOR_RGB2YUV_I420).ravel()
    luma, chroma = np.split(planes, [width * height])
    array = np.full((height * 3 // 2, stride), GARBAGE, np.uint8)
    array[:height, :width] = luma.reshape(height, width)
    halves = array[height:].reshape(height, stride // 2)
    halves[:, : width // 2] = chroma.reshape(height, width // 2)
    return array
