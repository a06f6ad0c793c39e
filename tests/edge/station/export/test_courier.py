import logging
import time
from datetime import UTC, datetime
from functools import partial

from edge.station.database import Station
from edge.station.export.courier import Courier
from edge.station.export.mllp import send
from edge.station.export.outbox import DeliveryState, Outbox
from hemalens.errors import StorageError
from tests.edge.station.export.test_mllp import framed, laboratory
from tests.edge.station.made_report import made_report


def wait_for(condition, seconds=5):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


def test_queued_result_reaches_the_laboratory_system_by_itself(tmp_path):
    with Station.open(tmp_path / "data") as station:
        outbox = Outbox(station.transaction)
        message_id = outbox.add(made_report(signed=True), datetime.now(UTC))
        with laboratory(framed("AA", message_id)) as (port, heard):
            courier = Courier(outbox, partial(send, "127.0.0.1", port), 0.02)
            with courier:
                wait_for(
                    lambda: outbox.entries()[0].state is DeliveryState.ACCEPTED,
                )
    assert message_id.encode() in heard[0]


class FailingOutbox:
    def __init__(self):
        self.rounds = 0

    def deliver(self, send, now):
        self.rounds += 1
        raise StorageError("the disk is full")


def test_failing_round_is_logged_and_not_the_last(caplog):
    outbox = FailingOutbox()
    with caplog.at_level(logging.ERROR), Courier(outbox, None, 0.01):
        wait_for(lambda: outbox.rounds > 1)
    assert "trying again" in caplog.text
