"""Sends what is in the outbox, and forgets it only on the word that it arrived.

Some messages at a time are on their way. One that nobody confirms in time rests for a
growing while, so that a message that is refused does not stop those behind it. After a
broken connection all begins anew: what arrives twice has the same id.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from edge.device.fleet_settings import Confirmation
from edge.fleet.broker_link import MOST_IN_FLIGHT, BrokerLink, Published
from edge.fleet.outbox import MessageOutbox, Waiting
from edge.fleet.pace import DEVICE_PACE, Pace
from edge.fleet.topics import Kind, Topics

PATIENCE_S: Final = 20.0
"""Until a message without confirmation rests."""
MOST_RESTING: Final = 1_000
"""With so many unconfirmed there is no collector: the others wait on the disk."""

Clock = Callable[[], float]
Say = Callable[[str], None]


class Delivery:
    """Brings messages from the outbox to the broker.

    Parameters
    ----------
    confirmation : Confirmation
        Whose word counts.
    say : callable
        Told what the broker refuses.
    pace : Pace
        How long a message rests.
    clock : callable
        Seconds, never going back.
    """

    def __init__(
        self,
        outbox: MessageOutbox,
        topics: Topics,
        device: str,
        *,
        confirmation: Confirmation,
        say: Say,
        pace: Pace = DEVICE_PACE,
        clock: Clock = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._topics = topics
        self._device = device
        self._confirmation = confirmation
        self._say = say
        self._pace = pace
        self._clock = clock
        self._rests: dict[UUID, int] = {}
        self._said: set[str] = set()
        self._delivered: set[UUID] = set()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Take nothing that was sent for arrived: the connection was lost."""
        self._last = 0
        self._on_way: dict[UUID, tuple[Waiting, float]] = {}
        self._resting: dict[UUID, tuple[Waiting, float]] = {}
        self._by_token: dict[int, Waiting] = {}

    def fill(self, link: BrokerLink) -> None:
        """Send as many as may be on their way at once."""
        self._rest_late()
        for message in self._due():
            topic = self._topics.sent(self._device, message.kind)
            retain = message.kind is Kind.HEALTH
            content = message.content.encode()
            token = link.publish(topic, content, retain=retain)
            self._by_token[token] = message
            self._on_way[message.id] = (message, self._clock() + PATIENCE_S)

    def published(self, event: Published) -> None:
        """Take what the broker answers to a message."""
        message = self._by_token.pop(event.token, None)
        if message is None:
            return
        if event.refusal is not None:
            self._complain(f"the broker refuses a {message.kind}: {event.refusal}")
            self._rest(message.id)
        elif self._confirmation is Confirmation.BROKER and (
            # The broker keeps the newest health, whether or not anybody hears it.
            event.heard or message.kind is Kind.HEALTH
        ):
            self._arrived(message.id)
        elif not event.heard:
            self._complain(f"nobody receives a {message.kind} at the broker yet")
            self._rest(message.id)

    def received(self, ids: Iterable[UUID]) -> None:
        """Take note of what the collector has."""
        for message_id in ids:
            self._arrived(message_id)

    def flush(self) -> None:
        """Forget durably what arrived."""
        if self._delivered:
            self._outbox.delivered(self._delivered)
            self._delivered = set()

    def _arrived(self, message_id: UUID) -> None:
        self._delivered.add(message_id)
        self._on_way.pop(message_id, None)
        self._resting.pop(message_id, None)
        self._rests.pop(message_id, None)

    def _due(self) -> list[Waiting]:
        room = MOST_IN_FLIGHT - len(self._on_way)
        now = self._clock()
        rested = [m for m, until in self._resting.values() if until <= now][:room]
        for message in rested:
            del self._resting[message.id]
        room = min(room - len(rested), MOST_RESTING - len(self._resting))
        fresh = self._outbox.after(self._last, max(0, room))
        self._last = fresh[-1].number if fresh else self._last
        return [*rested, *(m for m in fresh if m.id not in self._delivered)]

    def _rest_late(self) -> None:
        now = self._clock()
        for message, until in tuple(self._on_way.values()):
            if until <= now:
                self._rest(message.id)

    def _rest(self, message_id: UUID) -> None:
        if (found := self._on_way.pop(message_id, None)) is None:
            return
        rests = self._rests.get(message_id, 0)
        self._rests[message_id] = rests + 1
        grown_s = self._pace.shortest_rest_s * 2.0 ** min(rests, 16)
        pause_s = min(grown_s, self._pace.longest_rest_s)
        self._resting[message_id] = (found[0], self._clock() + pause_s)

    def _complain(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._say(what)
