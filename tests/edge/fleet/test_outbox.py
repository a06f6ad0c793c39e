import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from edge.fleet import outbox as module
from edge.fleet.outbox import MessageOutbox, New
from edge.fleet.topics import Kind
from hemalens.errors import StorageError


def made(number: int, kind: Kind = Kind.RESULT) -> New:
    name = f"count-{number}" if kind is Kind.RESULT else None
    return New(id=UUID(int=number), kind=kind, content=f"{number}", count_name=name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


def test_what_is_put_in_comes_out_in_its_order_until_it_is_delivered(
    path: Path,
) -> None:
    with MessageOutbox.open(path) as outbox:
        outbox.put(made(n) for n in (3, 1, 2))
    with MessageOutbox.open(path) as outbox:
        waiting = outbox.after(0, 10)
        assert [one.content for one in waiting] == ["3", "1", "2"]
        outbox.delivered([UUID(int=1)])
        assert [one.content for one in outbox.after(0, 10)] == ["3", "2"]
        assert [one.content for one in outbox.after(waiting[0].number, 10)] == ["2"]
        assert outbox.waiting() == 2
        assert outbox.fact("delivered_at") is not None


def test_count_is_put_in_once_even_after_it_was_delivered(path: Path) -> None:
    with MessageOutbox.open(path) as outbox:
        outbox.put([made(1)])
        outbox.delivered([UUID(int=1)])
        outbox.put([made(1)])
        assert outbox.waiting() == 0
        assert outbox.count_names() == {"count-1"}


def test_delivered_messages_keep_no_content(path: Path) -> None:
    with MessageOutbox.open(path) as outbox:
        outbox.put([made(1), made(2, Kind.HEALTH)])
        outbox.delivered([UUID(int=1), UUID(int=2)])
    rows = sqlite3.connect(path).execute("SELECT id, content FROM message").fetchall()
    assert rows == [(str(UUID(int=1)), None)]


def test_old_health_makes_room_and_results_never_go(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_HEALTH", 2)
    with MessageOutbox.open(path) as outbox:
        outbox.put(made(n) for n in range(4))
        for number in range(4, 9):
            outbox.put([made(number, Kind.HEALTH)])
        kept = [one.content for one in outbox.after(0, 100)]
    assert kept == ["0", "1", "2", "3", "7", "8"]


def test_damaged_outbox_is_put_aside_and_a_new_one_begun(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    with MessageOutbox.open(path) as outbox:
        outbox.put([made(1)])
        assert outbox.waiting() == 1
    aside = [one for one in path.parent.iterdir() if "damaged" in one.name]
    assert [one.read_bytes()[:11] for one in aside] == [b"no database"]


def test_outbox_of_a_newer_hemalens_is_left_alone(path: Path) -> None:
    with MessageOutbox.open(path):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StorageError, match="newer HemaLens"):
        MessageOutbox.open(path)


def test_full_disk_is_said_and_nothing_is_half_put_in(path: Path) -> None:
    with MessageOutbox.open(path) as outbox:
        outbox.put([made(1)])
        outbox._connection.execute("PRAGMA max_page_count=8")
        with pytest.raises(StorageError, match="full"):
            outbox.put(
                New(id=UUID(int=n), kind=Kind.RESULT, content="x" * 5000)
                for n in range(2, 20)
            )
        assert [one.content for one in outbox.after(0, 10)] == ["1"]


PUTTING = """
import sys
from pathlib import Path
from uuid import UUID
from edge.fleet.outbox import New, MessageOutbox
from edge.fleet.topics import Kind

with MessageOutbox.open(Path(sys.argv[1])) as outbox:
    first = outbox.waiting()
    for number in range(first, first + 10_000):
        outbox.put([New(id=UUID(int=number), kind=Kind.RESULT, content=f"{number}")])
        print(number, flush=True)
"""


def test_what_was_put_in_survives_a_kill_at_any_moment(path: Path) -> None:
    rng = random.Random(3)
    for _ in range(4):
        command = [sys.executable, "-c", PUTTING, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = [process.stdout.readline()]
            time.sleep(rng.uniform(0.0, 0.1))
            process.kill()
            said += process.stdout.readlines()
        promised = [int(line) for line in said if line.endswith("\n")]
        with MessageOutbox.open(path) as outbox:
            kept = [int(one.content) for one in outbox.after(0, 100_000)]
        assert kept == list(range(len(kept)))
        assert len(kept) >= promised[-1] + 1
