"""The laboratory system's address, and a queue that is worked on."""

import threading
from datetime import datetime

import pytest

from edge.station.export.delivery import delivering, sender
from edge.station.export.outbox import ExportOutbox, Send
from hemalens.errors import ConfigError


@pytest.mark.parametrize("address", ["lis", ":2575", "lis:", "lis:99999", "lis:x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        sender(address)


def test_the_queue_is_worked_on_until_left() -> None:
    worked = threading.Event()

    class Queue(ExportOutbox):
        def __init__(self) -> None: ...

        def deliver(self, send: Send, now: datetime) -> int:
            worked.set()
            return 0

    with delivering(Queue(), sender("lis:2575"), every_s=0.01):
        assert worked.wait(5)
    assert not [t for t in threading.enumerate() if t.name == "delivery"]
