import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.bundles import DEFAULT_BUNDLE
from edge.device.fleet_credentials import Credentials
from edge.device.fleet_settings import Confirmation
from edge.fleet.agent import OUTBOX, Agent
from edge.fleet.broker_link import Party
from edge.fleet.collector import Collector
from edge.fleet.connection import Connection
from edge.fleet.database import Row
from edge.fleet.errors import FleetError
from edge.fleet.messages import DesiredModel
from edge.fleet.outbox import MessageOutbox
from edge.fleet.pace import Pace
from edge.fleet.topics import Kind, Topics
from hemalens.errors import StorageError
from tests.edge.fleet.fake_broker import FakeBroker
from tests.edge.fleet.made_device import SAMPLE, add_count, made_device, made_settings

HURRIED = Pace(
    look_every_s=0.0, shortest_pause_s=0.0, longest_pause_s=0.0, longest_rest_s=0.0
)
TOPICS = Topics(prefix="hemalens")
RESULT = TOPICS.sent("bench-1", Kind.RESULT)


class Kept:
    """A database in memory; ``broken`` ones take nothing."""

    def __init__(self) -> None:
        self.rows: dict[object, Row] = {}
        self.presence: dict[str, bool] = {}
        self.arrivals = 0
        self.broken = False

    def keep(self, rows: Sequence[Row], presence: Sequence[tuple[str, bool]]) -> None:
        if self.broken:
            raise StorageError("the database takes nothing")
        if any("impossible" in row.content for row in rows):
            raise FleetError("cannot hold its content")
        self.arrivals += sum(row.kind is Kind.RESULT for row in rows)
        for row in rows:
            self.rows.setdefault(row.id, row)
        self.presence |= dict(presence)

    def results(self) -> list[int]:
        found = [r for r in self.rows.values() if r.kind is Kind.RESULT]
        return sorted(json.loads(r.content)["count"]["leukocytes"] for r in found)


class Fleet:
    """One device, a broker, a collector; each can be taken away.

    ``waited_s`` is added to the agent's clock.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.where = made_device(folder / "device")
        self.broker = FakeBroker()
        self.kept = Kept()
        self.said: list[str] = []
        self.waited_s = 0.0
        self._folder = folder
        self._settings = made_settings(**settings)
        self._stack = ExitStack()
        self.restart_agent()
        self.restart_collector()

    def restart_agent(self) -> None:
        """End the agent as a kill does: nothing is told to the broker first."""
        self.broker.cut()
        self._stack.close()
        self.agent = Agent(
            self._settings,
            Credentials(),
            where=self.where,
            state=self._folder / "agent",
            say=self.said.append,
            open_link=self.broker.connect,
            pace=HURRIED,
            clock=lambda: time.monotonic() + self.waited_s,
        )
        self._stack.enter_context(self.agent)

    def restart_collector(self) -> None:
        party = Party(
            broker="mqtt://127.0.0.1",
            credentials=Credentials(),
            client_id="collector",
            keep_session=True,
        )
        connection = Connection(
            lambda: self.broker.connect(party), self.said.append, pace=HURRIED
        )
        self.collector = Collector(TOPICS, connection, self.kept, self.said.append)

    def work(self, turns: int = 6, *, collect: bool = True) -> None:
        for _ in range(turns):
            self.agent.turn()
            if collect:
                self.collector.turn()

    def waiting(self) -> int:
        """Count what waits, as 'hemalens device fleet status' does beside the agent."""
        with MessageOutbox.open(self._folder / "agent" / OUTBOX) as outbox:
            return outbox.waiting()

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.close()


def test_finished_counts_arrive_and_are_forgotten(fleet: Fleet) -> None:
    for number in range(250):
        add_count(fleet.where.counts, number)
    fleet.work(12)
    assert fleet.kept.results() == list(range(250))
    assert fleet.kept.arrivals == 250
    assert fleet.waiting() == 0
    assert fleet.kept.presence == {"bench-1": True}


def test_unfinished_and_unreadable_counts_stay(fleet: Fleet) -> None:
    add_count(fleet.where.counts, 1)
    (fleet.where.counts / "going.unfinished").mkdir()
    (fleet.where.counts / "going.unfinished" / "summary.json").write_text("{}")
    (fleet.where.counts / "odd").mkdir()
    (fleet.where.counts / "odd" / "summary.json").write_text("[1]")
    fleet.work()
    assert fleet.kept.results() == [1]
    assert sum("odd" in line for line in fleet.said) == 1


def test_names_an_operator_gave_stay_on_the_device(fleet: Fleet) -> None:
    add_count(fleet.where.counts, 1)
    fleet.work()
    assert fleet.broker.published
    for _, content in fleet.broker.published:
        assert SAMPLE not in content.decode()


def test_count_name_leaves_where_the_device_was_told_to(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, send_count_name=True)
    add_count(fleet.where.counts, 1)
    fleet.work()
    results = [content for topic, content in fleet.broker.published if topic == RESULT]
    assert {json.loads(r)["count_name"] for r in results} == {f"{SAMPLE}-00001"}
    fleet.close()


def test_days_without_network_lose_nothing(fleet: Fleet) -> None:
    fleet.broker.reachable = False
    fleet.broker.cut()
    for number in range(30):
        add_count(fleet.where.counts, number)
        fleet.agent.turn()
    fleet.restart_agent()
    fleet.agent.turn()
    assert fleet.waiting() >= 30
    fleet.broker.reachable = True
    fleet.work(10)
    assert fleet.kept.results() == list(range(30))
    assert fleet.waiting() == 0


def test_broker_that_dies_with_what_it_acknowledged_loses_nothing(
    fleet: Fleet,
) -> None:
    fleet.work()
    fleet.broker.loses = True
    for number in range(10):
        add_count(fleet.where.counts, number)
    fleet.work()
    assert fleet.kept.results() == []
    assert fleet.waiting() >= 10
    fleet.broker.loses = False
    fleet.broker.cut(forget=True)
    fleet.work(10)
    assert fleet.kept.results() == list(range(10))
    assert fleet.waiting() == 0


def test_what_nobody_confirms_is_sent_again(fleet: Fleet) -> None:
    fleet.work()
    fleet.broker.loses = True
    add_count(fleet.where.counts, 1)
    fleet.work()
    fleet.broker.loses = False
    fleet.work()
    assert fleet.kept.results() == []
    fleet.waited_s += 60.0
    fleet.work(2)
    fleet.waited_s += 60.0
    fleet.work()
    assert fleet.kept.results() == [1]


def test_lost_outbox_brings_nothing_twice(fleet: Fleet, tmp_path: Path) -> None:
    for number in range(5):
        add_count(fleet.where.counts, number)
    fleet.work()
    fleet.close()
    for path in (tmp_path / "agent").glob("outbox*"):
        path.unlink()
    fleet.restart_agent()
    fleet.work(10)
    assert fleet.kept.arrivals > 5
    assert fleet.kept.results() == list(range(5))


def test_broken_database_is_waited_for(fleet: Fleet) -> None:
    fleet.kept.broken = True
    for number in range(5):
        add_count(fleet.where.counts, number)
    fleet.work()
    assert fleet.waiting() >= 5
    fleet.kept.broken = False
    fleet.work(10)
    assert fleet.kept.results() == list(range(5))
    assert fleet.waiting() == 0


def test_refused_result_waits_and_the_reason_is_said_once(fleet: Fleet) -> None:
    fleet.broker.refusal = "Not authorized"
    add_count(fleet.where.counts, 1)
    fleet.work(10)
    assert sum("Not authorized" in line for line in fleet.said) <= 4
    assert any("refuses a result: Not authorized" in line for line in fleet.said)
    assert fleet.waiting() >= 1


def test_result_nobody_is_to_receive_waits_though_the_broker_took_it(
    tmp_path: Path,
) -> None:
    fleet = Fleet(tmp_path, confirmation=Confirmation.BROKER)
    add_count(fleet.where.counts, 1)
    fleet.work(collect=False)
    assert fleet.waiting() == 1
    assert any("nobody receives a result" in line for line in fleet.said)
    fleet.restart_collector()
    fleet.collector.turn()
    fleet.collector.turn()
    fleet.restart_agent()
    fleet.work()
    assert fleet.waiting() == 0
    assert fleet.kept.results() == [1]
    fleet.close()


def test_agent_that_vanishes_is_known_to_be_offline(fleet: Fleet) -> None:
    fleet.work()
    assert fleet.kept.presence == {"bench-1": True}
    fleet.broker.reachable = False
    fleet.broker.cut()
    fleet.broker.reachable = True
    for _ in range(4):
        fleet.collector.turn()
    assert fleet.kept.presence == {"bench-1": False}


def test_newest_health_is_kept_by_the_broker(fleet: Fleet) -> None:
    add_count(fleet.where.counts, 4)
    fleet.work(8)
    kept = json.loads(fleet.broker.retained[TOPICS.sent("bench-1", Kind.HEALTH)])
    assert kept["device"] == "bench-1"
    assert kept["frames_per_s"] == pytest.approx(14 / 4)
    assert kept["model"]["name"] == DEFAULT_BUNDLE
    names = {finding["name"] for finding in kept["findings"]}
    assert {"bundle", "disk", "clock", "temperature", "trusted keys"} <= names
    assert not kept["passed"]  # no key is trusted


def test_collector_refuses_what_is_sent_in_anothers_name(fleet: Fleet) -> None:
    fleet.work()
    content = json.dumps(
        {
            "schema_version": "1.0",
            "id": "00000000-0000-0000-0000-000000000001",
            "device": "bench-2",
            "at": "2026-05-01T12:00:00Z",
        }
    )
    fleet.broker.take(RESULT, content.encode(), retain=False)
    fleet.collector.turn()
    assert fleet.kept.results() == []
    assert any("says it is of bench-2" in line for line in fleet.said)


def test_message_that_cannot_be_kept_does_not_stop_the_others(fleet: Fleet) -> None:
    fleet.work()
    for number in range(4):
        add_count(fleet.where.counts, number)
    odd = fleet.where.counts / "odd"
    odd.mkdir()
    (odd / "summary.json").write_text('{"leukocytes": 9, "population": "impossible"}')
    fleet.work(10)
    assert fleet.kept.results() == [0, 1, 2, 3]
    assert any("cannot hold its content" in line for line in fleet.said)
    assert fleet.waiting() == 1


def test_results_are_sent_though_the_models_cannot_be_read(fleet: Fleet) -> None:
    (fleet.where.state / "current").write_text("no link, as a bad repair leaves it")
    wish = DesiredModel(
        schema_version="1.0",
        at=datetime(2026, 5, 1, 12, tzinfo=UTC),
        name="cnn",
        version="2.0.0",
        sha256="0" * 64,
    )
    topic = TOPICS.device_model("bench-1")
    fleet.broker.take(topic, wish.model_dump_json().encode(), retain=True)
    add_count(fleet.where.counts, 1)
    fleet.work()
    assert fleet.kept.results() == [1]
    for told in ("model cannot be followed: ", "health cannot be told: "):
        assert sum(told in line and "current" in line for line in fleet.said) == 1


def test_second_agent_is_kept_out(fleet: Fleet, tmp_path: Path) -> None:
    second = Agent(
        made_settings(),
        Credentials(),
        where=fleet.where,
        state=tmp_path / "agent",
        say=print,
        open_link=fleet.broker.connect,
    )
    with pytest.raises(StorageError, match="another agent"):
        second.__enter__()


def test_any_order_of_losses_brings_each_count_once(fleet: Fleet) -> None:
    rng = random.Random(11)
    for number in range(120):
        if number % 3 == 0:
            add_count(fleet.where.counts, number // 3)
        what = rng.randrange(8)
        if what == 0:
            fleet.broker.cut(forget=rng.random() < 0.5)
        elif what == 1:
            fleet.restart_agent()
        elif what == 2:
            fleet.restart_collector()
        fleet.broker.reachable = rng.random() < 0.8
        fleet.broker.loses = rng.random() < 0.2
        fleet.kept.broken = rng.random() < 0.2
        fleet.work(1)
    fleet.broker.reachable, fleet.broker.loses, fleet.kept.broken = True, False, False
    fleet.broker.cut()
    fleet.work(10)
    assert fleet.kept.results() == list(range(40))
    assert fleet.waiting() == 0
