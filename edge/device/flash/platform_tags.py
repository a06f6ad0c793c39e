"""The platforms whose wheels run on a board."""

from typing import Final

from edge.device.flash.lock_file import BoardSystem

_NEWEST_GLIBC: Final = {"3.11": 36, "3.12": 39, "3.13": 41}
"""Minor version of glibc 2 in Debian Bookworm, Ubuntu 24.04 and Debian Trixie."""
_OLDEST_GLIBC: Final = 17


def platform_tags(system: BoardSystem) -> tuple[str, ...]:
    """Name the platforms whose wheels run on a board, the most specific first [1]_.

    References
    ----------
    .. [1] PEP 600, manylinux tags by the version of glibc.

    Examples
    --------
    >>> platform_tags(BoardSystem(python="3.13", architecture="aarch64"))[0]
    'manylinux_2_41_aarch64'
    """
    versions = range(_NEWEST_GLIBC[system.python], _OLDEST_GLIBC - 1, -1)
    tags = [f"manylinux_2_{minor}_{system.architecture}" for minor in versions]
    # piwheels builds for 32-bit Raspberry Pi OS under the plain tag.
    plain = [f"linux_{system.architecture}"] if system.architecture == "armv7l" else []
    return (*tags, f"manylinux2014_{system.architecture}", *plain)
