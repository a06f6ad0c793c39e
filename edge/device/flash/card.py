"""Which system a card holds, read from its boot partition.

References
----------
.. [1] pi-gen (read 2026-12-01): ``export-image/05-finalise/01-run.sh`` copies
   ``rpi-issue`` to ``issue.txt``, its date first and its stage last, ``stage2`` for
   Lite; ``stage1/00-boot-files/files/cmdline.txt`` has Trixie's word ``resize`` where
   Bookworm's has ``init=/usr/lib/raspberrypi-sys-mods/firstboot``;
   ``stage2/04-cloud-init`` adds ``user-data`` and ``meta-data``.
.. [2] Raspberry Pi Imager, doc/os_customisation_formats.md (read 2026-12-01): Bookworm
   and the first Trixie, of 2025-10-01, are set up by ``firstrun.sh``, every later one
   by cloud-init.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from edge.device.flash.kernel_cmdline import KERNEL_LINE, kernel_words
from edge.device.flash.operating_system import OperatingSystem
from hemalens.errors import ConfigError

_ISSUE: Final = "issue.txt"
_ISSUED: Final = re.compile(r"reference (\d{4}-\d\d-\d\d)")
_STAGE: Final = re.compile(r"(stage\d)\s*$")
_LITE: Final = "stage2"
_CLOUD_INIT: Final = ("user-data", "meta-data")
_KERNEL_OF_32_BITS: Final = "kernel7.img"
"""64-bit images have none: their kernels are kernel8.img and kernel_2712.img."""
_FIRST_BOOKWORM: Final = date(2023, 10, 10)
_FIRST_TRIXIE: Final = date(2025, 10, 1)
_WORDS: Final = {
    "init=/usr/lib/raspberrypi-sys-mods/firstboot": OperatingSystem.BOOKWORM,
    "resize": OperatingSystem.TRIXIE,
}
"""On the kernel's command line until the first boot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a boot partition tells of its system.

    Parameters
    ----------
    issued : date
        Of the image.
    system : OperatingSystem or None
        None where nothing tells it, as on a card that has booted.
    has_cloud_init : bool
    is_lite : bool
        Without a desktop, and so without picamera2.
    architecture : str
        Of its programs, as ``uname -m`` of a system of that kind says.
    """

    issued: date
    system: OperatingSystem | None
    has_cloud_init: bool
    is_lite: bool
    architecture: str

    @classmethod
    def read(cls, present: Callable[[str], bytes | None]) -> Self:
        """Read a boot partition.

        Parameters
        ----------
        present : callable
            Gives the content of a file that is there; None when it is not.

        Raises
        ------
        ConfigError
            When it is not Raspberry Pi OS's.
        """
        words = kernel_words(present(KERNEL_LINE))
        issue = (present(_ISSUE) or b"").decode(errors="replace")
        issued = _ISSUED.search(issue)
        if issued is None:
            raise ConfigError(
                f"no card of Raspberry Pi OS: its {_ISSUE} is missing or names no "
                "date; write Raspberry Pi OS to it, with Imager or 'dd'"
            )
        made = date.fromisoformat(issued[1])
        has_cloud_init = all(present(name) is not None for name in _CLOUD_INIT)
        stage = _STAGE.search(issue)
        return cls(
            issued=made,
            system=_system(words, made, has_cloud_init=has_cloud_init),
            has_cloud_init=has_cloud_init,
            is_lite=stage is not None and stage[1] == _LITE,
            architecture="aarch64" if present(_KERNEL_OF_32_BITS) is None else "armv7l",
        )

    def require(self, wanted: OperatingSystem) -> None:
        """Refuse to prepare another system than the card's.

        Raises
        ------
        ConfigError
            When it is another, too old, or cannot be set up.
        """
        if self.issued < _FIRST_BOOKWORM:
            raise ConfigError(
                f"the card's Raspberry Pi OS is of {self.issued}, older than Bookworm: "
                "write a newer one to it"
            )
        if self.system not in (wanted, None):
            raise ConfigError(
                f"the card holds Raspberry Pi OS {self.system} of {self.issued}, not "
                f"{wanted}: --os {self.system}, or write {wanted} to it"
            )
        if wanted is OperatingSystem.TRIXIE and not self.has_cloud_init:
            raise ConfigError(
                f"the card's image, of {self.issued}, has no cloud-init (no "
                f"{' and '.join(_CLOUD_INIT)}): Trixie has it since 2025-11-24, so "
                "write a newer image to it"
            )


def _system(
    words: list[str], issued: date, *, has_cloud_init: bool
) -> OperatingSystem | None:
    for word, system in _WORDS.items():
        if word in words:
            return system
    if has_cloud_init:
        return OperatingSystem.TRIXIE
    return OperatingSystem.BOOKWORM if issued < _FIRST_TRIXIE else None
