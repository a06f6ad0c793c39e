"""Examine a device: each thing wanted, what was found, and what mends it."""

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path

from edge.device.check.examine_camera import examine_camera
from edge.device.check.examine_model import (
    examine_bundle,
    examine_keys,
    examine_settings,
)
from edge.device.check.examine_software import (
    examine_architecture,
    examine_opencv,
    examine_python,
    examine_runtimes,
)
from edge.device.check.examine_system import (
    examine_clock,
    examine_disk,
    examine_heat,
    examine_memory_limits,
    examine_permissions,
    examine_power,
)
from edge.device.check.finding import Examination, Finding, found
from edge.device.device_settings import SETTINGS_PATH
from edge.update.current import ModelRoot

Examine = Callable[[], Finding | tuple[Finding, ...]]
"""Looks at one thing; may raise anything, since a sick device breaks in any way."""


def examine(state: Path, settings_path: Path = SETTINGS_PATH) -> Examination:
    """Examine the device this runs on.

    Parameters
    ----------
    state : Path
        Holds models, keys and counts.
    settings_path : Path
        The device's ``device.json``.
    """
    return run_examinations(examinations(state, settings_path))


def examinations(state: Path, settings_path: Path) -> dict[str, Examine]:
    """List all that is examined of a device, by name."""
    models = ModelRoot(state)
    settings, settings_finding = examine_settings(settings_path)
    return {
        "python": examine_python,
        "architecture": examine_architecture,
        "runtime": examine_runtimes,
        "opencv": examine_opencv,
        "settings": lambda: settings_finding,
        "camera": lambda: examine_camera(settings),
        "bundle": lambda: examine_bundle(settings, models),
        "trusted keys": lambda: examine_keys(models),
        "permissions": lambda: examine_permissions(state, settings_path),
        "disk": lambda: examine_disk(state),
        "clock": examine_clock,
        "temperature": examine_heat,
        "power": examine_power,
        "memory limits": examine_memory_limits,
    }


def run_examinations(examinations: Mapping[str, Examine]) -> Examination:
    """Examine each thing; one that breaks is itself a finding."""
    findings = [_found(name, do) for name, do in examinations.items()]
    return Examination(findings=tuple(chain.from_iterable(findings)))


def _found(name: str, do: Examine) -> tuple[Finding, ...]:
    try:
        result = do()
    except Exception as error:  # noqa: BLE001  # a sick device breaks in any way
        result = found(
            name,
            "examined to the end",
            f"{type(error).__name__}: {error}",
            passed=False,
            mend="sudo hemalens device update-software WHEELHOUSE",
        )
    return result if isinstance(result, tuple) else (result,)
