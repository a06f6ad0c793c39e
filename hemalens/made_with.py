"""With what software, on what machine and when something was made."""

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

_SOURCE: Final = Path(__file__).parents[1]
_GIT_WITHIN_S: Final = 10.0


class MadeWith(BaseModel):
    """What a reader needs to make it again, or to tell why it cannot be made again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hemalens: str
    revision: str | None = None
    """Of the project's source, as ``git describe`` tells it, ``-dirty`` where it was
    changed since; None where it is installed without its history."""
    python: str
    tensorflow: str | None = None
    keras: str | None = None
    keras_backend: str | None = None
    converter: str | None = None
    """None where nothing was converted."""
    machine: str
    """Its kind: system, processor, how many, and accelerators."""
    started_at: datetime
    finished_at: datetime | None = None
    """None where it broke off."""

    def finished(self) -> "MadeWith":
        """Note that it is done now."""
        return self.model_copy(update={"finished_at": datetime.now(UTC)})


def made_with(
    *,
    keras_backend: str | None = None,
    converter: str | None = None,
    accelerators: Iterable[str] = (),
) -> MadeWith:
    """Describe this process, which begins something now.

    Parameters
    ----------
    keras_backend : str, optional
        Where Keras is at work.
    converter : str, optional
        What makes the int8 model.
    accelerators : iterable of str
        Kinds of those used.
    """
    return MadeWith(
        hemalens=version("hemalens"),
        revision=source_revision(_SOURCE),
        python=platform.python_version(),
        tensorflow=package_version("tensorflow"),
        keras=package_version("keras"),
        keras_backend=keras_backend,
        converter=converter,
        machine=_machine(accelerators),
        started_at=datetime.now(UTC),
    )


def package_version(name: str) -> str | None:
    """Return a package's version; None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def source_revision(folder: Path) -> str | None:
    """Return the git revision of a checkout; None where there is none, or no git."""
    if not (folder / ".git").exists():
        return None
    command = ("git", "-C", str(folder), "describe", "--always", "--dirty")
    try:
        found = subprocess.run(
            (*command, "--abbrev=12"),
            capture_output=True,
            text=True,
            timeout=_GIT_WITHIN_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None


def _machine(accelerators: Iterable[str]) -> str:
    kind = f"{platform.system()} {platform.machine()}"
    processors = f"{os.cpu_count() or 1} processors"
    model = _board() or _processor()
    return ", ".join(part for part in (kind, model, processors, *accelerators) if part)


def _board() -> str:
    """Name a single-board computer as its firmware does; blank elsewhere."""
    try:
        model = Path("/proc/device-tree/model").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    return model.rstrip("\0").strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.processor()).strip()
