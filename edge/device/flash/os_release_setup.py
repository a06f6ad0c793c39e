"""How a release of Raspberry Pi OS is told what to be at its first boot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

BOOT: Final = "/boot/firmware"
"""Where a running board has its boot partition, on Trixie and on Bookworm."""

UNIT: Final = "hemalens-first-boot.service"

ARRANGE: Final = (
    f"install -m 644 {BOOT}/hemalens/{UNIT} /etc/systemd/system/{UNIT} && sync && "
    f"systemctl enable {UNIT}"
)
"""Makes each boot install what the card carries, until that has succeeded."""

INSTALLED_FROM: Final = "/opt/hemalens/installed-from"
"""On the board: which carried files were installed, once all of them were."""

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
