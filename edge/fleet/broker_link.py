"""A connection to a broker: what happens on it, and what can be done with it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from edge.device.fleet_credentials import Credentials
from edge.device.fleet_settings import BROKER_PATTERN
from hemalens.errors import ConfigError

MOST_IN_FLIGHT: Final = 100
"""Messages on their way at once; far below the thousand a Mosquitto queues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The broker let us in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The connection is no more, or was refused."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The broker answered to a message.

    Parameters
    ----------
    token : int
        As `BrokerLink.publish` gave it.
    refusal : str or None
        Why it did not take it.
    heard : bool
        False when it said that nobody is to receive it.
    """

    token: int
    refusal: str | None = None
    heard: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A message came.

    Parameters
    ----------
    token : int
        For `BrokerLink.acknowledge`.
    """

    topic: str
    content: bytes
    token: int


LinkEvent = Connected | Lost | Published | Arrived


class BrokerLink(Protocol):
    """A connection, once opened; after `Lost` nothing more comes of it."""

    def events(self, wait_s: float) -> tuple[LinkEvent, ...]:
        """Return what happened, waiting for the first of it."""
        ...

    def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe to topics."""
        ...

    def publish(self, topic: str, content: bytes, *, retain: bool = False) -> int:
        """Send a message; `Published` has the token given here."""
        ...

    def acknowledge(self, token: int) -> None:
        """Acknowledge a message that arrived: it need not come again."""
        ...

    def close(self) -> None:
        """End it; what was published before is sent first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker sends for us, retained, when the connection breaks off."""

    topic: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who connects.

    Parameters
    ----------
    broker : str
        As `edge.device.fleet_settings.FleetSettings` has it.
    client_id : str
        Of two with one id the broker lets in only the later.
    keep_session : bool
        The broker keeps messages while this client is away.
    """

    broker: str
    credentials: Credentials
    client_id: str
    keep_session: bool = False
    will: Will | None = None


def require_broker(address: str) -> str:
    """Return a broker's address, if it is one.

    Raises
    ------
    ConfigError
        When it is not.
    """
    if not re.match(BROKER_PATTERN, address):
        raise ConfigError(
            "wanted a broker as mqtts://USER@HOST:8883, without its password; the "
            "credentials folder has that"
        )
    return address
