"""Examine the configured source: reachable, and its colours in order."""

from typing import Final

import numpy as np

from edge.capture.http_address import shown_source
from edge.capture.open_source import open_source
from edge.device.check.finding import Finding, found
from edge.device.device_settings import DeviceSettings
from hemalens.errors import HemaLensError
from hemalens.records import Frame

_LEAST_BRIGHT: Final = 30
"""Mean level; below it the lamp is off."""
_STAINED_RED: Final = 2.0
"""Levels by which red exceeds blue on average where a Wright-Giemsa smear fills the
field: red cells are salmon. Blue above red by as much is B, G, R read as R, G, B."""


def examine_camera(settings: DeviceSettings | None) -> tuple[Finding, ...]:
    """Examine the source by one frame of it."""
    if settings is None:
        return ()
    try:
        with open_source(settings.source) as source:
            frame = next(iter(source), None)
            status = source.status().detail
    except HemaLensError as error:
        return (_reached(shown_source(settings.source), str(error), passed=False),)
    if frame is None:
        return (
            _reached(shown_source(settings.source), "it has no frame", passed=False),
        )
    height, width = frame.image.shape[:2]
    reached = _reached(
        shown_source(settings.source), f"{width}x{height}; {status}", passed=True
    )
    return (reached, _colour_order(frame))


def _reached(source: str, what: str, *, passed: bool) -> Finding:
    return found(
        "camera",
        f"a frame of {source}",
        what,
        passed=passed,
        mend="check the cable; 'rpicam-hello --list-cameras' or 'v4l2-ctl "
        "--list-devices' names what is there; set 'source' in device.json",
    )


def _colour_order(frame: Frame) -> Finding:
    """Judge the order of the colours by the smear itself."""
    red, _, blue = np.asarray(frame.image, np.float64).mean(axis=(0, 1))
    brightness = float(frame.image.mean())
    is_dark = brightness < _LEAST_BRIGHT
    is_swapped = blue > red + _STAINED_RED
    what = f"red {red:.0f}, blue {blue:.0f}"
    if is_dark:
        what += ": too dark to tell"
    return found(
        "colour order",
        "a stained smear is redder than blue",
        what,
        passed=not is_dark and not is_swapped,
        mend="switch the lamp on and put a stained smear under the objective; where "
        "blue still leads, white balance ('hemalens calibrate white-balance') or the "
        "camera's channel order is wrong",
    )
