"""The kernel's command line, one line of words in ``cmdline.txt``."""

from collections.abc import Sequence
from typing import Final

from hemalens.errors import ConfigError

_OURS: Final = (
    "ds=nocloud",
    "cfg80211.ieee80211_regdom=",
    "cgroup_enable=memory",
    "systemd.run=",
    "systemd.run_success_action=",
    "systemd.unit=",
)
"""Words that a flash sets, whoever set them before."""


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
    kept = [word for word in (line or b"").decode().split() if not _is_ours(word)]
    if not kept:
        raise ConfigError(
            "no boot partition of Raspberry Pi OS: it has no cmdline.txt; write the "
            "system's image to the card first"
        )
    return f"{' '.join([*kept, *words])}\n".encode()


def _is_ours(word: str) -> bool:
    return word.startswith(_OURS)
