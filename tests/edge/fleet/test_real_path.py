"""Device, Mosquitto, collector and PostgreSQL, each killed at random moments."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from edge.fleet.apply import apply_wish
from edge.fleet.database import Database, Row
from edge.fleet.errors import FleetError
from edge.fleet.health import Surroundings
from edge.fleet.topics import Kind
from hemalens.bundle import read_bundle
from hemalens.errors import StorageError
from tests.edge.fleet.made_device import SAMPLE, add_count, made_device
from tests.edge.fleet.real_servers import (
    Mosquitto,
    free_port,
    mosquitto,
    needs_mosquitto,
    needs_postgres,
    postgres,
)
from tests.edge.update.made_device import make_device, version_counting, whole

pytestmark = [needs_mosquitto, needs_postgres]

CALLED = "from edge.device.cli import device; device()"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture
def tables(database: str) -> Iterator[psycopg.Connection]:
    """An empty database, as its collector leaves it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS hemalens_message, hemalens_presence")
        yield connection


class Program:
    """One of HemaLens's commands; `kill` is kill -9."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", CALLED, "fleet", *self._arguments],
            stdout=subprocess.DEVNULL,
        )

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None


@contextmanager
def started(*programs: Program) -> Iterator[None]:
    try:
        for program in programs:
            program.start()
        yield
    finally:
        for program in programs:
            program.kill()


def agent(where: Surroundings, broker: Mosquitto, **more: object) -> Program:
    fleet: dict[str, object] = {
        "broker": broker.address,
        "device": "bench-1",
        "health_every_s": 3600,
    }
    fleet |= more
    content = {"source": "usb:0", "objective": "100x", "fleet": fleet}
    where.settings.write_text(json.dumps(content))
    own = where.state.with_name("agent")
    return Program(
        *("run", "--settings", str(where.settings), "--state", str(where.state)),
        *("--fleet-state", str(own), "--credentials", str(own / "credentials")),
    )


def collector(broker: Mosquitto, database: str) -> Program:
    return Program(
        *("collect", "--broker", broker.address, "--database", database),
        *("--credentials", "/nonexistent"),
    )


def wait_until(holds: Callable[[], bool], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.1)


def results(tables: psycopg.Connection) -> list[int]:
    """Tell which counts the collector has, by the number each was made of."""
    exists = tables.execute("SELECT to_regclass('hemalens_message')").fetchone()
    if exists == (None,):
        return []
    sql = (
        "SELECT (content->'count'->>'leukocytes')::int FROM hemalens_message "
        "WHERE kind = 'result'"
    )
    return sorted(number for (number,) in tables.execute(sql))


def status(where: Surroundings, *more: str) -> str:
    own = where.state.with_name("agent")
    return subprocess.run(
        [
            *(sys.executable, "-c", CALLED, "fleet", "status", *more),
            *("--state", str(where.state), "--fleet-state", str(own)),
        ],
        check=False,
        text=True,
        capture_output=True,
    ).stdout


def waiting(where: Surroundings) -> int:
    found: int = json.loads(status(where, "--json"))["waiting"]
    return found


def test_counts_reach_the_database_once_and_without_names(
    tmp_path: Path, database: str, tables: psycopg.Connection
) -> None:
    where = made_device(tmp_path / "device")
    for number in range(3):
        add_count(where.counts, number)
    with mosquitto(tmp_path / "broker") as broker:
        sender = agent(where, broker)
        with started(sender, collector(broker, database)):
            wait_until(lambda: results(tables) == [0, 1, 2], 20)
            presence = "SELECT device, online FROM hemalens_presence"
            wait_until(
                lambda: tables.execute(presence).fetchall() == [("bench-1", True)], 10
            )
            sender.kill()
            wait_until(
                lambda: tables.execute(presence).fetchall() == [("bench-1", False)], 10
            )
    everything = tables.execute("SELECT content::text FROM hemalens_message").fetchall()
    assert len(everything) >= 4  # three counts and the device's health
    assert not any(SAMPLE in text or "usb:0" in text for (text,) in everything)


def test_wished_model_reaches_the_device_and_is_put_on_trial(tmp_path: Path) -> None:
    device = make_device(tmp_path)
    bundle = device.made("2.0.0")
    where = Surroundings(state=device.path, settings=tmp_path / "device.json")
    (tmp_path / "synced").mkdir()
    name = f"{read_bundle(bundle).sha256}.hemalens"
    (tmp_path / "synced" / name).write_bytes(bundle.read_bytes())
    handed = tmp_path / "agent" / "handed"
    with mosquitto(tmp_path / "broker") as broker:
        wish = Program("want", str(bundle), "--broker", broker.address)
        sender = agent(where, broker, bundle_folder=str(tmp_path / "synced"))
        with started(wish, sender):
            wait_until((handed / "wish.json").is_file, 20)
    apply_wish(device.root, handed, prover=whole)
    assert version_counting(device) == "2.0.0"
    assert "model      made 2.0.0" in status(where)


def row(number: int, content: str = "{}") -> Row:
    return Row(
        id=UUID(int=number),
        device="bench-1",
        kind=Kind.RESULT,
        at=datetime(2026, 5, 1, tzinfo=UTC),
        schema_version="1.0",
        content=content,
    )


def test_message_that_comes_twice_is_kept_as_it_came_first(
    database: str, tables: psycopg.Connection
) -> None:
    with Database(database) as keeper:
        keeper.keep([row(1, '{"first": true}'), row(2)], [("bench-1", True)])
        keeper.keep([row(1), row(2), row(3)], [("bench-1", True)])
    found = tables.execute("SELECT id, content FROM hemalens_message ORDER BY id")
    assert [(one.int, content) for one, content in found] == [
        (1, {"first": True}),
        (2, {}),
        (3, {}),
    ]


def test_content_no_database_can_hold_is_told_apart_and_nothing_of_it_kept(
    database: str, tables: psycopg.Connection
) -> None:
    with Database(database) as keeper:
        with pytest.raises(FleetError, match="cannot hold its content"):
            keeper.keep([row(1), row(2, '{"name": "\\u0000"}')], [])
        keeper.keep([row(3)], [])
    found = tables.execute("SELECT id FROM hemalens_message").fetchall()
    assert [one.int for (one,) in found] == [3]


def test_database_that_is_not_there_is_said() -> None:
    address = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    with (
        Database(address) as keeper,
        pytest.raises(StorageError, match="is it running"),
    ):
        keeper.keep([row(1)], [])


def kill_at_random(
    rng: random.Random, programs: tuple[Program, ...], broker: Mosquitto
) -> None:
    victim = rng.choice((*programs, broker))
    victim.kill()
    time.sleep(rng.uniform(0.0, 0.5))
    victim.start()


def wait_for_more(tables: psycopg.Connection, before: int) -> None:
    """Let the delivery begin again, so that the next kill falls into it."""
    deadline = time.monotonic() + 10
    while len(results(tables)) <= before and time.monotonic() < deadline:
        time.sleep(0.02)


KILLS = 25
MORE_EACH = 40


@pytest.mark.slow
def test_ten_thousand_counts_through_kills_arrive_once(
    tmp_path: Path, database: str, tables: psycopg.Connection
) -> None:
    rng = random.Random(7)
    where = made_device(tmp_path / "device")
    broker = Mosquitto(tmp_path / "broker")
    programs = agent(where, broker), collector(broker, database)
    arrived = [0]
    with started(*programs):
        try:
            # The network is lost: there is no broker.
            for number in range(10_000):
                add_count(where.counts, number)
                if number % 2_000 == 1_000:
                    programs[0].kill()
                    programs[0].start()
            wait_until(lambda: waiting(where) >= 10_000, 300)
            broker.start()
            total = 10_000 + KILLS * MORE_EACH
            for first in range(10_000, total, MORE_EACH):
                for number in range(first, first + MORE_EACH):
                    add_count(where.counts, number)
                wait_for_more(tables, arrived[-1])
                time.sleep(rng.uniform(0.0, 0.2))
                kill_at_random(rng, programs, broker)
                arrived.append(len(results(tables)))
            wait_until(lambda: len(results(tables)) >= total, 300)
            assert results(tables) == list(range(total))
            wait_until(lambda: waiting(where) == 0, 400)
        finally:
            broker.kill()
    print(f"in the database after each kill: {arrived}")
