"""How a release of Raspberry Pi OS is told what to be at its first boot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FIRST_BOOT: Final = "/boot/firmware/hemalens/first-boot.sh"
"""Where a running board finds it, on Trixie and on Bookworm."""

USER_GROUPS: Final = (
    *("users", "adm", "dialout", "audio", "netdev", "video", "plugdev", "input"),
    *("gpio", "spi", "i2c", "render", "sudo"),
)
"""Those of Raspberry Pi OS's first user that a board without a screen has use for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBootFiles:
    """The files that set a system up, and the words that make it read them.

    Parameters
    ----------
    files : mapping of str to bytes
        By their names on the boot partition.
    kernel_words : tuple of str
        For the kernel's command line.
    """

    files: Mapping[str, bytes]
    kernel_words: tuple[str, ...]
