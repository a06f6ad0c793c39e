"""A broker in this process: at least once, retained messages, wills, kept sessions."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.fleet.broker_link import Arrived, Connected, LinkEvent, Lost, Party, Published
from edge.fleet.errors import FleetError


@dataclass
class Session:
    topics: set[str] = field(default_factory=set)
    queued: deque[tuple[str, bytes]] = field(default_factory=deque)


class FakeBroker:
    """Delivers at once; what it is told to do wrong, it does.

    ``reachable`` lets links be opened. ``refusal`` answers to each message. ``loses``
    acknowledges messages and forgets them, as one that is killed does.
    """

    def __init__(self) -> None:
        self.reachable = True
        self.refusal: str | None = None
        self.loses = False
        self.retained: dict[str, bytes] = {}
        self.published: list[tuple[str, bytes]] = []
        self.links: dict[str, FakeLink] = {}
        self.sessions: dict[str, Session] = {}

    def connect(self, party: Party) -> "FakeLink":
        if not self.reachable:
            raise FleetError("cannot reach the broker")
        if not party.keep_session:
            self.sessions.pop(party.client_id, None)
        session = self.sessions.setdefault(party.client_id, Session())
        self.links[party.client_id] = FakeLink(self, party, session)
        return self.links[party.client_id]

    def cut(self, *, forget: bool = False) -> None:
        """Break every connection; forget the sessions, as one killed may."""
        for link in tuple(self.links.values()):
            link.happened.append(Lost(reason="cut"))
            self.leave(link)
        if forget:
            self.sessions.clear()

    def leave(self, link: "FakeLink", *, well: bool = False) -> None:
        if self.links.get(link.party.client_id) is link:
            del self.links[link.party.client_id]
            if not link.party.keep_session:
                self.sessions.pop(link.party.client_id, None)
            if link.party.will is not None and not well:
                self.take(link.party.will.topic, link.party.will.content, retain=True)

    def take(self, topic: str, content: bytes, *, retain: bool) -> bool:
        """Pass a message on; say whether anybody is to receive it."""
        self.published.append((topic, content))
        if retain:
            self.retained[topic] = content
        if self.loses:
            return True
        heard = [s for s in self.sessions.values() if matches(s.topics, topic)]
        for session in heard:
            session.queued.append((topic, content))
        return bool(heard)


class FakeLink:
    def __init__(self, broker: FakeBroker, party: Party, session: Session) -> None:
        self.party = party
        self.happened: list[LinkEvent] = [Connected()]
        self._broker = broker
        self._session = session
        self._tokens = 0
        self._unacknowledged: dict[int, tuple[str, bytes]] = {}

    def events(self, wait_s: float) -> tuple[LinkEvent, ...]:
        while self._session.queued:
            self._tokens += 1
            self._unacknowledged[self._tokens] = (
                topic,
                content,
            ) = self._session.queued.popleft()
            self.happened.append(
                Arrived(topic=topic, content=content, token=self._tokens)
            )
        found, self.happened = tuple(self.happened), []
        return found

    def subscribe(self, topics: Iterable[str]) -> None:
        self._session.topics |= set(topics)
        for topic, content in self._broker.retained.items():
            if matches(self._session.topics, topic):
                self._session.queued.append((topic, content))

    def publish(self, topic: str, content: bytes, *, retain: bool = False) -> int:
        self._tokens += 1
        refusal = self._broker.refusal
        heard = refusal is None and self._broker.take(topic, content, retain=retain)
        self.happened.append(
            Published(token=self._tokens, refusal=refusal, heard=heard)
        )
        return self._tokens

    def acknowledge(self, token: int) -> None:
        self._unacknowledged.pop(token, None)

    def close(self) -> None:
        self._session.queued.extendleft(reversed(self._unacknowledged.values()))
        self._unacknowledged = {}
        self._broker.leave(self, well=True)


def matches(filters: Iterable[str], topic: str) -> bool:
    levels = topic.split("/")
    for one in filters:
        wanted = one.split("/")
        if len(wanted) == len(levels) and all(
            w in ("+", level) for w, level in zip(wanted, levels, strict=True)
        ):
            return True
    return False
