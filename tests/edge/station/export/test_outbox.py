import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.station.export.delivery import delivering, sender
from edge.station.export.mllp import AckCode, Acknowledgement, DeliveryError
from edge.station.export.outbox import DeliveryState, ExportOutbox
from edge.station.station import Station
from hemalens.errors import StationError
from tests.edge.station.export.test_mllp import framed, laboratory
from tests.edge.station.review.made_report import made_report

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "station.sqlite"


def opened(file):
    @contextmanager
    def transaction():
        connection = sqlite3.connect(file)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    return ExportOutbox(transaction)


class Laboratory:
    """Answers as told, one answer a message; an empty answer is no answer."""

    def __init__(self, *codes):
        self.codes = list(codes)
        self.heard = []

    def __call__(self, message):
        self.heard.append(message)
        code = self.codes.pop(0)
        if not code:
            raise DeliveryError("the laboratory system is away")
        return Acknowledgement(code=AckCode(code), text="because")


def states(outbox):
    return [entry.state for entry in outbox.entries()]


def test_accepted_message_is_sent_once(file):
    outbox, laboratory = opened(file), Laboratory("AA")
    message_id = outbox.add(made_report(), NOW)
    assert outbox.deliver(laboratory, NOW) == 1
    assert outbox.deliver(laboratory, NOW + timedelta(days=1)) == 0
    assert message_id in laboratory.heard[0]
    assert states(outbox) == [DeliveryState.ACCEPTED]


def test_rejected_message_waits_for_a_person_with_the_reason(file):
    outbox, laboratory = opened(file), Laboratory("AR")
    outbox.add(made_report(), NOW)
    outbox.deliver(laboratory, NOW)
    outbox.deliver(laboratory, NOW + timedelta(days=1))
    (entry,) = outbox.entries()
    assert (entry.state, entry.answer) == (DeliveryState.REJECTED, "because")


@pytest.mark.parametrize("failure", ["", "AE"])
def test_failed_message_goes_again_after_a_wait_with_the_same_id(file, failure):
    outbox, laboratory = opened(file), Laboratory(failure, "AA")
    outbox.add(made_report(), NOW)
    assert outbox.deliver(laboratory, NOW) == 0
    assert outbox.deliver(laboratory, NOW + timedelta(seconds=4)) == 0
    assert len(laboratory.heard) == 1
    assert outbox.deliver(laboratory, NOW + timedelta(seconds=5)) == 1
    assert laboratory.heard[0] == laboratory.heard[1]


def test_round_ends_when_the_laboratory_system_is_away(file):
    outbox, laboratory = opened(file), Laboratory("", "AA")
    outbox.add(made_report(), NOW)
    outbox.add(made_report(), NOW)
    outbox.deliver(laboratory, NOW)
    assert len(laboratory.heard) == 1


def test_message_in_error_does_not_hold_up_the_next(file):
    outbox, laboratory = opened(file), Laboratory("AE", "AA")
    outbox.add(made_report(signed=True), NOW)
    outbox.add(made_report(signed=True), NOW)
    assert outbox.deliver(laboratory, NOW) == 1
    assert states(outbox) == [DeliveryState.ACCEPTED, DeliveryState.WAITING]


KILLED_WHILE_SENDING = """
import os, signal, sys
from pathlib import Path
from tests.edge.station.export.test_outbox import NOW, opened
from tests.edge.station.review.made_report import made_report

def killed(message):
    print(message[:200], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

outbox = opened(Path(sys.argv[1]))
print(outbox.add(made_report(), NOW))
outbox.deliver(killed, NOW)
"""


def test_message_survives_a_kill_while_it_is_sent(file):
    command = [sys.executable, "-c", KILLED_WHILE_SENDING, str(file)]
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=Path.cwd(), check=False
    )
    assert ended.returncode == -signal.SIGKILL
    message_id = ended.stdout.split()[0]
    outbox, laboratory = opened(file), Laboratory("AA")
    assert outbox.deliver(laboratory, NOW) == 1
    assert message_id in laboratory.heard[0]


def test_result_queued_in_the_station_reaches_the_laboratory_system(tmp_path):
    with Station.open(tmp_path / "data") as station:
        outbox = ExportOutbox(station.transaction)
        message_id = outbox.add(made_report(signed=True), datetime.now(UTC))
        with (
            laboratory(framed("AA", message_id)) as (port, heard),
            delivering(outbox, sender(f"127.0.0.1:{port}"), every_s=0.02),
        ):
            until = time.monotonic() + 5
            while DeliveryState.WAITING in states(outbox) and time.monotonic() < until:
                time.sleep(0.02)
        assert states(outbox) == [DeliveryState.ACCEPTED]
    assert message_id.encode() in heard[0]


def test_rows_say_what_a_message_is_and_an_overtaken_one_is_withdrawn(file):
    outbox, laboratory = opened(file), Laboratory("AA")
    first = outbox.add(made_report(), NOW)
    outbox.add(made_report(signed=True), NOW)
    found = {entry.message_id: entry for entry in outbox.entries()}
    assert (found[first].state, found[first].result) == ("withdrawn", "provisional")
    assert [entry.result for entry in found.values()] == ["final", "provisional"]
    assert outbox.deliver(laboratory, NOW) == 1
    assert first not in laboratory.heard[0]
    with pytest.raises(StationError, match="overtaken"):
        outbox.again(first, NOW)
    amended = outbox.add(made_report(signed=True, amended=True), NOW)
    assert outbox.entries()[0].message_id == amended
    assert outbox.entries()[0].result == "amended"
