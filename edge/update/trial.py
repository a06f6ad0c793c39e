"""A trial: something new runs until it is confirmed, or until its chances are spent."""

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from hemalens.durable import write_file

MOST_STARTS: Final = 3
MOST_MINUTES: Final = 30.0
"""A service is confirmed after a few minutes; both by convention, not measured."""

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLimits:
    """How long a trial may last.

    Parameters
    ----------
    starts : int
        Starts of the service without a confirmation.
    minutes : float
        Minutes since the first start, or since the first one after a reboot.
    """

    starts: int = MOST_STARTS
    minutes: float = MOST_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class BootMoment:
    """A time that no clock setting moves: a small computer wakes up in the past.

    Parameters
    ----------
    boot : str
        Names the boot.
    boot_s : float
        Seconds since then.
    """

    boot: str
    boot_s: float


def now() -> BootMoment:
    """Read the clock that counts from the boot, sleep included."""
    try:
        boot = _BOOT_ID.read_text("ascii").strip()
    except OSError:
        boot = "unknown"
    return BootMoment(boot=boot, boot_s=time.clock_gettime(time.CLOCK_BOOTTIME))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What ``trial.json`` holds.

    Parameters
    ----------
    target : str
        What is tried, as ``current`` leads to it.
    returns_to : str or None
        What ran before, and will again if it fails; None for what is shipped.
    starts : int
        Starts so far.
    since : Moment or None
        The first start, or the first one after a reboot.
    """

    target: str
    returns_to: str | None
    limits: TrialLimits
    starts: int = 0
    since: BootMoment | None = None

    def spent(self, moment: BootMoment) -> str | None:
        """Return why no further start is due; None when one is."""
        if self.starts >= self.limits.starts:
            return f"not confirmed within {self.limits.starts} starts"
        if self.since is None or self.since.boot != moment.boot:
            return None
        if moment.boot_s - self.since.boot_s > 60 * self.limits.minutes:
            return f"not confirmed within {self.limits.minutes:g} minutes"
        return None

    def started(self, moment: BootMoment) -> "Trial":
        """Count one more start."""
        same_boot = self.since is not None and self.since.boot == moment.boot
        since = self.since if same_boot else moment
        return replace(self, starts=self.starts + 1, since=since)


class DamagedTrialError(Exception):
    """A ``trial.json`` that says nothing sensible."""


def write_trial(path: Path, trial: Trial) -> None:
    """Write it.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    write_file(path, json.dumps(asdict(trial), indent=2).encode() + b"\n")


def read_trial(path: Path) -> Trial | None:
    """Read it; None where there is none.

    Raises
    ------
    DamagedTrialError
        When it is not what `write_trial` writes.
    OSError
        When it cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _parsed(json.loads(content))
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedTrialError(str(path)) from error


def _parsed(found: dict[str, Any]) -> Trial:
    back, since = found["returns_to"], found["since"]
    return Trial(
        target=_inner(found["target"]),
        returns_to=None if back is None else _inner(back),
        starts=int(found["starts"]),
        limits=TrialLimits(
            starts=int(found["limits"]["starts"]),
            minutes=float(found["limits"]["minutes"]),
        ),
        since=None
        if since is None
        else BootMoment(boot=str(since["boot"]), boot_s=float(since["boot_s"])),
    )


def _inner(target: str) -> str:
    """Refuse a name that leads out of the root."""
    path = PurePosixPath(target)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(target)
    return target
