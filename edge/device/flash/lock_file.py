"""The lines of a lock file that hold on one board: pins with their hashes."""

from dataclasses import dataclass
from pathlib import Path

from hemalens.errors import ConfigError, MissingExtraError


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSystem:
    """What decides which wheels a board takes.

    Parameters
    ----------
    python : str
        Such as ``3.13``.
    architecture : str
        As ``uname -m`` says, such as ``aarch64``.
    """

    python: str
    architecture: str

    @property
    def markers(self) -> dict[str, str]:
        """The environment that requirements' markers are about [1]_.

        References
        ----------
        .. [1] PEP 508, environment markers.
        """
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.architecture,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


def pins_for(lock: Path, system: BoardSystem) -> tuple[str, ...]:
    """Read the pins of a lock file that hold on a board, each with its hashes.

    pip judges markers by the Python it runs on itself, so they are judged here.

    Raises
    ------
    ConfigError
        When the lock cannot be read or has a line without hash.
    MissingExtraError
        When ``packaging`` is not installed.
    """
    try:
        from packaging.requirements import InvalidRequirement, Requirement
    except ImportError as error:
        raise MissingExtraError("Reading a lock file", "workshop") from error
    pins: list[str] = []
    for line in _joined_lines(lock):
        text, *hashes = line.split(" --hash=")
        try:
            pin = Requirement(text)
        except InvalidRequirement as error:
            raise ConfigError(f"{lock}: {text!r} is no requirement") from error
        if not hashes:
            raise ConfigError(
                f"{lock}: {text} has no hash: lock with --generate-hashes"
            )
        if pin.marker is None or pin.marker.evaluate(system.markers):
            pins.append(" --hash=".join([f"{pin.name}{pin.specifier}", *hashes]))
    return tuple(pins)


def _joined_lines(lock: Path) -> list[str]:
    try:
        text = lock.read_text()
    except OSError as error:
        raise ConfigError(f"cannot read the lock {lock}: {error.strerror}") from error
    lines = text.replace("\\\n", " ").splitlines()
    return [
        " ".join(line.split()) for line in lines if line and not line.startswith("#")
    ]
