"""A small collector: what devices send into a database, each message once.

A message is acknowledged to the broker, and its device sent a receipt, only after the
database has it. So a collector, broker or database may end at any moment.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final, Protocol

from edge.fleet.broker_link import Arrived, BrokerLink, Connected, LinkEvent
from edge.fleet.connection import Connection
from edge.fleet.database import Row
from edge.fleet.errors import FleetError
from edge.fleet.messages import (
    SCHEMA_VERSION,
    Receipt,
    SeenPresence,
    Sent,
    read_message,
)
from edge.fleet.topics import Kind, Topics
from hemalens.errors import StorageError

_TURN_S: Final = 0.5

Say = Callable[[str], None]


class Keeper(Protocol):
    """Keeps messages, each once by its id; all or none, durable on return."""

    def keep(self, rows: Sequence[Row], presence: Sequence[tuple[str, bool]]) -> None:
        """Keep them.

        Raises
        ------
        StorageError
            When it cannot now.
        FleetError
            When it never can keep one of them.
        """
        ...


class Collector:
    """Works turn by turn.

    Parameters
    ----------
    connection : Connection
        Its session is kept by the broker, so that nothing is missed meanwhile.
    say : callable
        Told what cannot be kept.
    """

    def __init__(
        self, topics: Topics, connection: Connection, keeper: Keeper, say: Say
    ) -> None:
        self._topics = topics
        self._connection = connection
        self._keeper = keeper
        self._say = say
        self._said: str | None = None

    def turn(self) -> None:
        """Take what came, keep it, and say so."""
        events = self._connection.events(_TURN_S)
        if (link := self._connection.link) is None:
            return
        if any(isinstance(event, Connected) for event in events):
            link.subscribe(self._topics.all_sent())
        self._take(link, events)

    def _take(self, link: BrokerLink, events: Sequence[LinkEvent]) -> None:
        arrived = [event for event in events if isinstance(event, Arrived)]
        if not arrived:
            return
        rows: list[Row] = []
        presence: list[tuple[str, bool]] = []
        for event in arrived:
            try:
                self._read(event, rows, presence)
            except FleetError as error:
                self._complain(f"{event.topic} is not kept: {error}")
        try:
            self._keeper.keep((), presence)
            kept = self._kept(rows)
        except StorageError as error:
            # Neither acknowledged nor receipted: it comes again.
            self._complain(str(error))
            self._connection.renew()
            return
        for event in arrived:
            link.acknowledge(event.token)
        self._send_receipts(link, kept)

    def _read(
        self, event: Arrived, rows: list[Row], presence: list[tuple[str, bool]]
    ) -> None:
        found = self._topics.read_sent(event.topic)
        if found is None:
            return
        device, kind = found
        if kind is Kind.PRESENCE:
            seen = read_message(SeenPresence, event.content)
            self._require(seen.device, device)
            presence.append((device, seen.online))
            return
        sent = read_message(Sent, event.content)
        # A broker's rights go by topics: nobody sends in another device's name.
        self._require(sent.device, device)
        row = Row(
            id=sent.id,
            device=device,
            kind=kind,
            at=sent.at,
            schema_version=sent.schema_version,
            content=event.content.decode(),
        )
        rows.append(row)

    def _require(self, said: str, device: str) -> None:
        if said != device:
            raise FleetError(
                f"a message of {device} says it is of {said}: give each device its own "
                "name and credentials"
            )

    def _kept(self, rows: list[Row]) -> list[Row]:
        """Keep all in one transaction, else one by one without those that cannot be."""
        try:
            self._keeper.keep(rows, ())
        except FleetError as error:
            if len(rows) > 1:
                return [kept for row in rows for kept in self._kept([row])]
            self._complain(f"{rows[0].kind} of {rows[0].device}: {error}")
            return []
        return rows

    def _send_receipts(self, link: BrokerLink, rows: list[Row]) -> None:
        ordered = sorted(rows, key=lambda row: row.device)
        for device, own in groupby(ordered, key=lambda row: row.device):
            ids = tuple(row.id for row in own)
            receipt = Receipt(schema_version=SCHEMA_VERSION, ids=ids)
            content = receipt.model_dump_json().encode()
            link.publish(self._topics.receipt(device), content)

    def _complain(self, what: str) -> None:
        if what != self._said:
            self._said = what
            self._say(what)
