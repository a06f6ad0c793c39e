"""Examine a device: each thing wanted, what was found, and what mends it."""

from collections.abc import Callable
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


def examine(state: Path, settings_path: Path = SETTINGS_PATH) -> Examination:
    """Examine the device this runs on.

    Parameters
    ----------
    state : Path
        Holds models, keys and counts.
    settings_path : Path
    """
    models = ModelRoot(state)
    settings, settings_finding = examine_settings(settings_path)
    examinations: dict[str, Examine] = {
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
    findings = [_found(name, do) for name, do in examinations.items()]
    return Examination(findings=tuple(chain.from_iterable(findings)))


def _found(name: str, do: Examine) -> tuple[Finding, ...]:
    """Examine one thing; what breaks that is itself found, and the rest examined."""
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
