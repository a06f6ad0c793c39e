"""The kernel's command line, one line of words in ``cmdline.txt``."""

from collections.abc import Sequence
from typing import Final

from hemalens.errors import ConfigError

KERNEL_LINE: Final = "cmdline.txt"
"""Its file; written last: without it nothing else comes into effect."""

_OURS: Final = (
    "ds=nocloud",
    "cfg80211.ieee80211_regdom=",
    "cgroup_enable=memory",
    "systemd.run=",
    "systemd.run_success_action=",
    "systemd.run_failure_action=",
    "systemd.unit=",
)
"""Words that a flash sets, whoever set them before."""


def kernel_words(line: bytes | None) -> list[str]:
    """Read the words of a boot partition's command line.

    Raises
    ------
    ConfigError
        When there is none: this is no boot partition.
    """
    words = (line or b"").decode().split()
    if not words:
        raise ConfigError(
            "no boot partition of Raspberry Pi OS: it has no cmdline.txt; write the "
            "system's image to the card first"
        )
    return words


def with_words(line: bytes | None, words: Sequence[str]) -> bytes:
    r"""Add words to the command line of a boot partition; those set before give way.

    Raises
    ------
    ConfigError
        When there is no command line: this is no boot partition.

    Examples
    --------
    >>> with_words(b"root=/dev/sda2 ds=nocloud;i=old rootwait", ["ds=nocloud;i=new"])
    b'root=/dev/sda2 rootwait ds=nocloud;i=new\n'
    """
    kept = [word for word in kernel_words(line) if not _is_ours(word)]
    return f"{' '.join([*kept, *words])}\n".encode()


def _is_ours(word: str) -> bool:
    return word.startswith(_OURS)
