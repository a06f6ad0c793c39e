"""Let a Raspberry Pi camera's exposure and colour settle, then keep them.

Colour must not drift during a count: stain is read from it.
"""

from dataclasses import dataclass
from typing import Any, Final

from hemalens.errors import CameraUnavailableError

SETTLE_FRAMES: Final = 60
"""Longest wait for the automatics; they take about 30 frames from a cold start."""

_ALIKE_FRAMES: Final = 5
_ALIKE_FRACTION: Final = 0.02
_APPLY_FRAMES: Final = 12
"""A control takes effect some frames after it is set: it rides with requests already
queued, and the sensor delays exposure by two or three frames more."""

_FRAME_WAIT_S: Final = 5.0

_NEEDED: Final = ("AeEnable", "ExposureTime", "AnalogueGain")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureLock:
    """Settings that hold for a count.

    Parameters
    ----------
    colour_gains : pair of float
        Of red and blue against green.
    is_settled : bool
        Whether the automatics had come to rest.
    """

    exposure_us: int
    analogue_gain: float
    colour_gains: tuple[float, float]
    is_settled: bool

    def controls(self, advertised: dict[str, Any]) -> dict[str, object]:
        """Name the settings as picamera2 does; a camera without colour has fewer."""
        wanted = {
            "AeEnable": False,
            "AwbEnable": False,
            "ExposureTime": self.exposure_us,
            "AnalogueGain": self.analogue_gain,
            "ColourGains": self.colour_gains,
        }
        return {name: value for name, value in wanted.items() if name in advertised}


class PiExposure:
    """Exposure of one count, found at the first opening and set again at the next."""

    def __init__(self) -> None:
        self._lock: ExposureLock | None = None

    def lock(self, camera: Any) -> ExposureLock:
        """Lock a started ``Picamera2``.

        Raises
        ------
        CameraUnavailableError
            When the camera has no such controls, or does not take them.
        """
        missing = [name for name in _NEEDED if name not in camera.camera_controls]
        if missing:
            raise CameraUnavailableError(
                f"the camera has no control {', '.join(missing)}, wanted one whose "
                "exposure can be locked: read a USB camera as usb:0"
            )
        lock = self._lock or _settle(camera)
        camera.set_controls(lock.controls(camera.camera_controls))
        _wait_until_applied(camera, lock)
        self._lock = lock
        return lock


def _settle(camera: Any) -> ExposureLock:
    """Wait until the automatics hardly change any more."""
    last = _read(camera, is_settled=False)
    alike = 0
    for _ in range(SETTLE_FRAMES):
        now = _read(camera, is_settled=False)
        alike = alike + 1 if _are_alike(last, now) else 0
        last = now
        if alike == _ALIKE_FRAMES:
            return _read(camera, is_settled=True)
    return last


def _wait_until_applied(camera: Any, lock: ExposureLock) -> None:
    # Always so many: before, the automatics may show the same values by themselves.
    for _ in range(_APPLY_FRAMES):
        now = _read(camera, is_settled=True)
    if _are_alike(lock, now):
        return
    raise CameraUnavailableError(
        f"exposure {lock.exposure_us} µs at gain {lock.analogue_gain:.2f} was set, the "
        f"camera has {now.exposure_us} µs at {now.analogue_gain:.2f}: start it again"
    )


def _read(camera: Any, *, is_settled: bool) -> ExposureLock:
    metadata = camera.capture_metadata(wait=_FRAME_WAIT_S)
    red, blue = metadata.get("ColourGains", (1.0, 1.0))
    return ExposureLock(
        exposure_us=int(metadata["ExposureTime"]),
        analogue_gain=float(metadata["AnalogueGain"]),
        colour_gains=(float(red), float(blue)),
        is_settled=is_settled,
    )


def _are_alike(one: ExposureLock, other: ExposureLock) -> bool:
    pairs = (
        (one.exposure_us, other.exposure_us),
        (one.analogue_gain, other.analogue_gain),
        *zip(one.colour_gains, other.colour_gains, strict=True),
    )
    return all(abs(a - b) <= _ALIKE_FRACTION * max(a, b) for a, b in pairs)
