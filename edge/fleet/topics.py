"""The topics of a fleet; ``docs/fleet.md`` has them for other programs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAJOR_VERSION: Final = 1
"""Of the messages; a new one would have topics of its own."""


class Kind(StrEnum):
    """What a device sends."""

    RESULT = "result"
    HEALTH = "health"
    PRESENCE = "presence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The topics that one prefix has.

    Parameters
    ----------
    prefix : str
        Of all HemaLens topics at a broker.
    """

    prefix: str

    def sent(self, device: str, kind: Kind) -> str:
        """Name where a device sends to."""
        return f"{self._root}/device/{device}/{kind}"

    def all_sent(self) -> tuple[str, ...]:
        """Name what a collector subscribes to."""
        return tuple(f"{self._root}/device/+/{kind}" for kind in Kind)

    def receipt(self, device: str) -> str:
        """Name where a device hears what a collector has."""
        return f"{self._root}/device/{device}/receipt"

    def device_model(self, device: str) -> str:
        """Name where one device hears which model it shall run."""
        return f"{self._root}/device/{device}/model"

    def group_model(self, group: str) -> str:
        """Name where all devices of a group hear it."""
        return f"{self._root}/group/{group}/model"

    def read_sent(self, topic: str) -> tuple[str, Kind] | None:
        """Read device and kind from a message's topic; None for another topic."""
        start = f"{self._root}/device/"
        device, _, kind = topic.removeprefix(start).partition("/")
        if not topic.startswith(start) or kind not in set(Kind):
            return None
        return device, Kind(kind)

    @property
    def _root(self) -> str:
        return f"{self.prefix}/{MAJOR_VERSION}"
