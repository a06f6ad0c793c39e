"""A connection to a broker by paho-mqtt, over MQTT 5.

MQTT 5 rather than 3.1.1: there alone a broker says that it did not take a message, or
that nobody is to receive it; the older one acknowledges both as if they were delivered.

References
----------
.. [1] MQTT Version 5.0, OASIS Standard (2019), 3.4.2.1: reason codes of PUBACK.
"""

import contextlib
import queue
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from edge.fleet.broker_link import (
    MOST_IN_FLIGHT,
    Arrived,
    Connected,
    LinkEvent,
    Lost,
    Party,
    Published,
)
from edge.fleet.errors import FleetError
from hemalens.errors import MissingExtraError

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

_KEEPALIVE_S: Final = 30
_CONNECT_S: Final = 10.0
_PORTS: Final = {"mqtts": 8883, "mqtt": 1883}
_NO_SUBSCRIBERS: Final = 0x10
_FOREVER: Final = 0xFFFFFFFF
"""A session that the broker keeps until it is taken up again."""
_AT_LEAST_ONCE: Final = 1


class MqttLink:
    """A connection of paho-mqtt, whose thread puts all that happens into a queue.

    Raises
    ------
    FleetError
        When the broker cannot be reached.
    MissingExtraError
        When paho-mqtt is not installed.
    """

    def __init__(self, party: Party) -> None:
        self._events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        self._client = _client(party)
        self._listen()
        self._connect(party)

    def __enter__(self) -> Self:
        """Return the open link."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.close()

    def events(self, wait_s: float) -> tuple[LinkEvent, ...]:
        """Return what happened, waiting for the first of it."""
        found: list[LinkEvent] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._events.get(timeout=wait_s))
            while len(found) < MOST_IN_FLIGHT:
                found.append(self._events.get_nowait())
        return tuple(found)

    def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe to topics."""
        self._client.subscribe([(topic, _AT_LEAST_ONCE) for topic in topics])

    def publish(self, topic: str, content: bytes, *, retain: bool = False) -> int:
        """Send a message."""
        sent = self._client.publish(topic, content, qos=_AT_LEAST_ONCE, retain=retain)
        return sent.mid

    def acknowledge(self, token: int) -> None:
        """Acknowledge a message: it need not come again."""
        self._client.ack(token, _AT_LEAST_ONCE)

    def close(self) -> None:
        """End it."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connect(self, party: Party) -> None:
        where = urlsplit(party.broker)
        try:
            self._client.connect(
                where.hostname or "",
                where.port or _PORTS[where.scheme],
                keepalive=_KEEPALIVE_S,
                clean_start=not party.keep_session,
                properties=_session(party),
            )
        except OSError as error:
            raise FleetError(
                f"cannot reach the broker {where.hostname}: {error}; is the network "
                "there, and do its certificates suit?"
            ) from error
        self._client.loop_start()

    def _listen(self) -> None:
        put = self._events.put
        self._client.on_connect = _on_connect(put)
        self._client.on_disconnect = _on_disconnect(put)
        self._client.on_publish = _on_publish(put)
        self._client.on_message = _on_message(put)


def _client(party: Party) -> "Client":
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
    except ImportError as error:
        raise MissingExtraError("A fleet's broker", "edge") from error
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=party.client_id,
        protocol=MQTTProtocolVersion.MQTTv5,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = _CONNECT_S
    client.max_inflight_messages_set(2 * MOST_IN_FLIGHT)
    where, known = urlsplit(party.broker), party.credentials
    if where.username:
        secret = known.password
        client.username_pw_set(
            where.username, None if secret is None else secret.get_secret_value()
        )
    if where.scheme == "mqtts":
        client.tls_set_context(known.tls())
    if (will := party.will) is not None:
        client.will_set(will.topic, will.content, qos=_AT_LEAST_ONCE, retain=True)
    return client


def _session(party: Party) -> "Properties":
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    if party.keep_session:
        properties.SessionExpiryInterval = _FOREVER
    return properties


_Put = Callable[[LinkEvent], None]


def _on_connect(put: _Put) -> Callable[..., None]:
    def heard(
        _client: object, _data: object, _flags: object, code: "ReasonCode", _: object
    ) -> None:
        put(Lost(reason=f"refused: {code}") if code.is_failure else Connected())

    return heard


def _on_disconnect(put: _Put) -> Callable[..., None]:
    def heard(
        _client: object, _data: object, _flags: object, code: "ReasonCode", _: object
    ) -> None:
        put(Lost(reason=str(code)))

    return heard


def _on_publish(put: _Put) -> Callable[..., None]:
    def heard(
        _client: object, _data: object, mid: int, code: "ReasonCode", _: object
    ) -> None:
        refusal = str(code) if code.is_failure else None
        put(Published(token=mid, refusal=refusal, heard=code.value != _NO_SUBSCRIBERS))

    return heard


def _on_message(put: _Put) -> Callable[..., None]:
    def heard(_client: object, _data: object, message: "MQTTMessage") -> None:
        put(
            Arrived(
                topic=message.topic, content=bytes(message.payload), token=message.mid
            )
        )

    return heard
