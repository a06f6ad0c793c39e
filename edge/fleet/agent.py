"""The agent: brings results and health to the broker, hears the desired model."""

import fcntl
import os
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from edge.device.fleet_credentials import Credentials
from edge.device.fleet_settings import FleetSettings
from edge.fleet.broker_link import (
    Arrived,
    BrokerLink,
    Connected,
    LinkEvent,
    Party,
    Published,
    Will,
)
from edge.fleet.connection import Connection
from edge.fleet.delivery import Clock, Delivery
from edge.fleet.desired_model import DesiredModelTracker
from edge.fleet.errors import FleetError
from edge.fleet.health import Surroundings, health_message
from edge.fleet.messages import (
    DesiredModel,
    DesiredState,
    PresenceMessage,
    Receipt,
    read_message,
)
from edge.fleet.mqtt_link import MqttLink
from edge.fleet.outbox import MessageOutbox, New
from edge.fleet.pace import DEVICE_PACE, Pace
from edge.fleet.results import new_results
from edge.fleet.topics import Kind, Topics
from edge.update.current import ModelRoot
from hemalens.errors import HemaLensError, StorageError

STATE: Final = Path("/var/lib/hemalens-fleet")
OUTBOX: Final = "outbox.sqlite"
HANDED: Final = "handed"
LOCK: Final = ".running"

_MOST_AT_ONCE: Final = 200
"""Counts put into the outbox in one transaction."""
_TURN_S: Final = 0.5

Say = Callable[[str], None]
OpenLink = Callable[[Party], BrokerLink]


class Agent:
    """Works turn by turn; a context manager, for one process at a time.

    Parameters
    ----------
    where : Surroundings
        The device's own state: read, never changed.
    state : Path
        The agent's own.
    say : callable
        Told what belongs into the journal; nothing of it is secret.
    open_link : callable
        Connects.
    pace : Pace
        How often it looks, how long it waits.
    clock : callable
        Seconds, never going back.

    Raises
    ------
    StorageError
        Entering, when another agent runs; at any turn, when the disk is full.
    """

    def __init__(
        self,
        settings: FleetSettings,
        credentials: Credentials,
        *,
        where: Surroundings,
        state: Path,
        say: Say,
        open_link: OpenLink = MqttLink,
        pace: Pace = DEVICE_PACE,
        clock: Clock = time.monotonic,
    ) -> None:
        self._settings = settings
        self._device = settings.device_name
        self._topics = Topics(prefix=settings.topic_prefix)
        self._where = where
        self._state = state
        self._say = say
        self._pace = pace
        self._clock = clock
        self._next_look = self._next_health = 0.0
        party = self._party(credentials)
        self._connection = Connection(lambda: open_link(party), say, pace=pace)
        self._wishes = DesiredModelTracker(
            ModelRoot(where.state), state / HANDED, settings.bundle_folder, clock=clock
        )
        self._desired: DesiredState | None = None
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        """Take up the outbox."""
        self._lock = _hold(self._state / LOCK)
        self._outbox = MessageOutbox.open(self._state / OUTBOX)
        self._known = set(self._outbox.count_names())
        self._delivery = Delivery(
            self._outbox,
            self._topics,
            self._device,
            confirmation=self._settings.confirmation,
            say=self._say,
            pace=self._pace,
            clock=self._clock,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Announce that the device goes offline, and close the outbox."""
        if (link := self._connection.link) is not None:
            self._announce(link, online=False)
        self._connection.__exit__(kind, error, trace)
        self._outbox.__exit__(kind, error, trace)
        os.close(self._lock)

    def turn(self) -> None:
        """Take what came, put in what is new, send what may be sent."""
        for event in self._connection.events(_TURN_S):
            self._hear(event)
        self._delivery.flush()
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + self._pace.look_every_s
            self._look()
        if now >= self._next_health:
            self._next_health = now + self._settings.health_every_s
            self._put_health()
        if (link := self._connection.link) is not None:
            self._delivery.fill(link)

    def _party(self, credentials: Credentials) -> Party:
        gone = PresenceMessage(device=self._device, online=False)
        topic = self._topics.sent(self._device, Kind.PRESENCE)
        return Party(
            broker=self._settings.broker,
            credentials=credentials,
            client_id=f"hemalens-{self._device}",
            will=Will(topic=topic, content=gone.model_dump_json().encode()),
        )

    def _hear(self, event: LinkEvent) -> None:
        if isinstance(event, Published):
            self._delivery.published(event)
        elif isinstance(event, Arrived):
            self._arrived(event)
        else:
            self._delivery.begin_anew()
            if isinstance(event, Connected):
                self._greet()
            self._outbox.note("connected", str(isinstance(event, Connected)))

    def _greet(self) -> None:
        if (link := self._connection.link) is None:
            return
        device, group = self._device, self._settings.group
        link.subscribe(
            (
                self._topics.receipt(device),
                self._topics.device_model(device),
                self._topics.group_model(group),
            )
        )
        self._announce(link, online=True)

    def _announce(self, link: BrokerLink, *, online: bool) -> None:
        message = PresenceMessage(device=self._device, online=online)
        topic = self._topics.sent(self._device, Kind.PRESENCE)
        link.publish(topic, message.model_dump_json().encode(), retain=True)

    def _arrived(self, event: Arrived) -> None:
        try:
            self._take(event)
        except FleetError as error:
            self._say(f"{event.topic}: {error}")
        if (link := self._connection.link) is not None:
            link.acknowledge(event.token)

    def _take(self, event: Arrived) -> None:
        if event.topic == self._topics.receipt(self._device):
            self._delivery.received(read_message(Receipt, event.content).ids)
            return
        # An empty retained message is how one is taken back.
        wish = read_message(DesiredModel, event.content) if event.content else None
        of_device = event.topic == self._topics.device_model(self._device)
        self._wishes.hear(wish, of_device=of_device)
        self._next_look = 0.0

    def _look(self) -> None:
        self._put_results()
        try:
            desired = self._wishes.follow()
        except OSError as error:
            # Results are sent on, whatever is wrong with the device's models.
            self._say_once(f"the desired model cannot be followed: {error}")
            return
        if desired != self._desired:
            self._desired = desired
            text = "" if desired is None else desired.model_dump_json()
            self._outbox.note("desired", text)
            self._next_health = 0.0
            if desired is not None:
                self._say(f"desired model {_words(desired)}")

    def _put_results(self) -> None:
        found = new_results(
            self._where.counts,
            self._known,
            self._device,
            send_name=self._settings.send_count_name,
            say=self._say_once,
        )
        while batch := list(islice(found, _MOST_AT_ONCE)):
            self._outbox.put(batch)
            self._known.update(one.count_name for one in batch if one.count_name)

    def _put_health(self) -> None:
        waiting = self._outbox.waiting()
        try:
            message = health_message(
                self._where, self._device, waiting=waiting, desired=self._desired
            )
        except (OSError, HemaLensError) as error:
            self._say_once(f"the device's health cannot be told: {error}")
            return
        content = message.model_dump_json()
        self._outbox.put([New(id=message.id, kind=Kind.HEALTH, content=content)])

    def _say_once(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._say(what)


def _hold(path: Path) -> int:
    """Keep a second agent out, for as long as this process lives."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StorageError(
            f"another agent uses {path.parent}: end it, 'systemctl stop hemalens-fleet'"
        ) from error
    except OSError as error:
        raise StorageError(
            f"cannot write {path.parent}: {error.strerror}; sudo, or give the right"
        ) from error
    return descriptor


def _words(desired: DesiredState) -> str:
    detail = f" ({desired.detail})" if desired.detail else ""
    return f"{desired.name} {desired.version}: {desired.state}{detail}"
