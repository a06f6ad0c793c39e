"""Messages delivered to the laboratory system, in the background."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from edge.station.export.outbox import ExportOutbox, Send
from hemalens.errors import ConfigError, HemaLensError

_LOG: Final = logging.getLogger(__name__)
_EVERY_S: Final = 2.0


@contextmanager
def delivering(
    outbox: ExportOutbox, send: Send, every_s: float = _EVERY_S
) -> Iterator[None]:
    """Deliver what is due until left."""
    over = threading.Event()

    def deliver() -> None:
        while not over.wait(every_s):
            try:
                outbox.deliver(send, datetime.now(UTC))
            except HemaLensError as error:
                _LOG.warning("nothing was delivered: %s", error)

    thread = threading.Thread(target=deliver, name="delivery")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def sender(address: str) -> Send:
    """Make what sends to ``HOST:PORT`` over MLLP.

    Raises
    ------
    ConfigError
        When it is no such address.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ConfigError(f"{address!r} is no address: give HOST:PORT, as lis:2575")
    return _to(host.strip("[]"), int(port))


def _to(host: str, port: int) -> Send:
    from edge.station.export.mllp import Acknowledgement, send

    def deliver(message: str) -> Acknowledgement:
        return send(host, port, message)

    return deliver
