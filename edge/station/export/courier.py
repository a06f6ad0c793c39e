"""Brings what the outbox holds to the laboratory system, beside everything else."""

import logging
from datetime import UTC, datetime
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from edge.station.export.outbox import Outbox, Send

EVERY_S: Final = 2.0

log = logging.getLogger(__name__)


class Courier:
    """A thread that delivers for as long as it is entered.

    Parameters
    ----------
    outbox : Outbox
    send : callable
        Sends one message: `edge.station.export.mllp.send` with its address given.
    every_s : float
        How often to look for what is due.
    """

    def __init__(self, outbox: Outbox, send: Send, every_s: float = EVERY_S) -> None:
        self._outbox = outbox
        self._send = send
        self._every_s = every_s
        self._over = Event()
        self._thread = Thread(target=self._run, name="courier", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._outbox.deliver(self._send, datetime.now(UTC))
            except Exception:
                # The outermost loop of its thread: a full disk now must not end
                # deliveries for the day. The message itself is never logged.
                log.exception("delivery to the laboratory system failed; trying again")
            self._over.wait(self._every_s)
