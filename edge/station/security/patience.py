"""A connection that is given up when its request does not come."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_S: Final = 20.0
"""For the headers of a request, from its first byte; a page sends them at once."""


class ImpatientProtocol(H11Protocol):
    """Speaks HTTP, and closes what begins a request and does not go on.

    uvicorn waits for the rest without end: a thousand of such connections leave none
    for operators.
    """

    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait on while headers come; not while a request is answered."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            if self._giving_up is None:
                self._wait()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._giving_up = self.loop.call_later(REQUEST_S, self._give_up)

    def _stop(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _give_up(self) -> None:
        self._giving_up = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
