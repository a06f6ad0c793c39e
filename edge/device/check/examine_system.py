"""Examine the board and its system: disk, clock, heat, power, permissions, limits."""

import os
import shutil
import stat
import subprocess
import time
from pathlib import Path
from typing import Final

from edge.device.check.finding import Finding, found

_LEAST_FREE_BYTES: Final = 1_000_000_000
"""A count of 200 cells with its marked frames takes some hundred MB."""
_EARLIEST_S: Final = 1_764_028_800
"""2025-11-25: this code is not older. A board without a battery wakes up before it."""
_HOTTEST_C: Final = 80.0
"""The Raspberry Pi slows down from there on [1]_.

References
----------
.. [1] Raspberry Pi documentation, Frequency management and thermal control.
"""
_THROTTLED: Final = {
    0: "undervoltage now",
    1: "frequency capped now",
    2: "throttled now",
    3: "too hot now",
    16: "undervoltage since boot",
    18: "throttled since boot",
}
"""Bits of ``vcgencmd get_throttled``."""


def examine_disk(state: Path, free_bytes: int | None = None) -> Finding:
    """Examine the room for results; on the disk itself by default."""
    place = next(path for path in (state, *state.parents) if path.exists())
    free = shutil.disk_usage(place).free if free_bytes is None else free_bytes
    return found(
        "disk",
        f"{_LEAST_FREE_BYTES / 1e9:g} GB free for results",
        f"{free / 1e9:.1f} GB at {place}",
        passed=free >= _LEAST_FREE_BYTES,
        mend=f"fetch and remove old counts in {state / 'counts'}",
    )


def examine_clock(now_s: float | None = None) -> Finding:
    """Examine that the clock was set; results carry its time."""
    now_s = time.time() if now_s is None else now_s
    return found(
        "clock",
        "set",
        time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now_s)),
        passed=now_s >= _EARLIEST_S,
        mend="connect the network ('timedatectl' shows it), or sudo date -s ...",
    )


def examine_heat(thermal: Path = Path("/sys/class/thermal")) -> Finding:
    """Examine the processor's temperature, where it is to be had."""
    hottest = hottest_c(thermal)
    return found(
        "temperature",
        f"below {_HOTTEST_C:g} °C",
        "no sensor" if hottest is None else f"{hottest:.0f} °C",
        passed=hottest is None or hottest < _HOTTEST_C,
        mend="give it a heat sink or a fan",
    )


def hottest_c(thermal: Path = Path("/sys/class/thermal")) -> float | None:
    """Read the hottest sensor, in °C; None where there is none."""
    return max(_temperatures_c(thermal), default=None)


def _temperatures_c(thermal: Path) -> list[float]:
    found_c: list[float] = []
    for path in thermal.glob("thermal_zone*/temp"):
        try:
            found_c.append(int(path.read_text()) / 1e3)
        except (OSError, ValueError):
            continue
    return found_c


def examine_power(said: str | None = None) -> Finding:
    """Examine what the Raspberry Pi's firmware says of its power and speed."""
    said = _throttled() if said is None else said
    number = said.strip().partition("=")[2]
    bits = int(number, 16) if number else 0
    faults = [text for bit, text in _THROTTLED.items() if bits >> bit & 1]
    return found(
        "power",
        "never throttled",
        ", ".join(faults) or ("never" if number else "no Raspberry Pi to ask"),
        passed=not faults,
        mend="use the Raspberry Pi's own power supply and a cooler; restart",
    )


def _throttled() -> str:
    try:
        command = ["vcgencmd", "get_throttled"]
        return subprocess.run(
            command, capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return ""


def examine_memory_limits(cgroup: Path = Path("/sys/fs/cgroup")) -> Finding:
    """Examine that the service's memory limit can take effect."""
    try:
        controllers = (cgroup / "cgroup.controllers").read_text().split()
    except OSError:
        controllers = []
    return found(
        "memory limits",
        "the control group 'memory'",
        " ".join(controllers) or "no control groups",
        passed="memory" in controllers,
        mend="add cgroup_enable=memory to the line in /boot/firmware/cmdline.txt; "
        "restart",
    )


def examine_permissions(state: Path, settings: Path) -> Finding:
    """Examine that none but root changes what the device trusts."""
    places = [state, state / "keys", state / "bundles", settings.parent, settings]
    places += sorted((state / "keys").glob("*.pub"))
    loose = [str(path) for path in places if path.exists() and _is_loose(path)]
    missing = [str(path) for path in (state, settings) if not path.exists()]
    said = [f"{path} is open" for path in loose] + [f"no {path}" for path in missing]
    return found(
        "permissions",
        "settings, keys and models changed by root alone",
        "; ".join(said) or "so",
        passed=not said,
        mend="sudo hemalens device install",
    )


def _is_loose(path: Path) -> bool:
    status = path.stat()
    others = stat.S_IWGRP | stat.S_IWOTH | stat.S_IROTH
    return status.st_uid not in (0, os.geteuid()) or bool(status.st_mode & others)
