"""A connection that is taken up again, with growing pauses, for as long as it takes."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from edge.fleet.broker_link import BrokerLink, Connected, LinkEvent, Lost
from edge.fleet.errors import FleetError
from edge.fleet.pace import DEVICE_PACE, Pace

Say = Callable[[str], None]


class Connection:
    """Holds at most one link; a context manager that ends it.

    Parameters
    ----------
    open_link : callable
        Connects, or raises `FleetError`.
    say : callable
        Told when the broker cannot be reached, once for each reason.
    pace : Pace
        How long it pauses between attempts.
    """

    def __init__(
        self,
        open_link: Callable[[], BrokerLink],
        say: Say,
        *,
        pace: Pace = DEVICE_PACE,
    ) -> None:
        self._open_link = open_link
        self._say = say
        self._pace = pace
        self._pause_s = pace.shortest_pause_s
        self._next_attempt = 0.0
        self._said: str | None = None
        self._link: BrokerLink | None = None
        self._is_up = False

    def __enter__(self) -> Self:
        """Do nothing: the first look at events connects."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the link."""
        if self._link is not None:
            self._link.close()

    @property
    def link(self) -> BrokerLink | None:
        """The link while the broker lets us in; else None."""
        return self._link if self._is_up else None

    def events(self, wait_s: float) -> tuple[LinkEvent, ...]:
        """Return what happened; connects first where there is no connection."""
        link = self._link or self._attempt(wait_s)
        if link is None:
            return ()
        found = link.events(wait_s)
        for event in found:
            self._follow(event)
        return found

    def renew(self) -> None:
        """Begin a new link after a pause: what was not acknowledged comes again."""
        if self._link is not None:
            self._link.close()
            self._fall_back("what came cannot be kept for now")

    def _attempt(self, wait_s: float) -> BrokerLink | None:
        pause_s = self._next_attempt - time.monotonic()
        if pause_s > 0:
            time.sleep(min(wait_s, pause_s))
            return None
        try:
            self._link = self._open_link()
        except FleetError as error:
            self._fall_back(str(error))
        return self._link

    def _follow(self, event: LinkEvent) -> None:
        if isinstance(event, Connected):
            self._is_up, self._said = True, None
            self._pause_s = self._pace.shortest_pause_s
            self._say("connected to the broker")
        elif isinstance(event, Lost) and self._link is not None:
            self._link.close()
            self._fall_back(f"no connection to the broker: {event.reason}")

    def _fall_back(self, reason: str) -> None:
        self._link, self._is_up = None, False
        self._next_attempt = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, self._pace.longest_pause_s)
        if reason != self._said:
            self._say(f"{reason}; it is tried again")
            self._said = reason
