"""Limits on what a client may send, and how often it may try a password."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.station.errors.reasons import Reason
from edge.station.errors.responses import refusal

MOST_BODY_BYTES: Final = 1 << 20
BODY_S: Final = 30.0
MOST_FAILURES: Final = 5
WITHIN_S: Final = 300.0
_MOST_KEYS: Final = 10_000


class SignInLimit:
    """Counts failed sign-ins, by whatever is limited: a name, an address.

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[str, deque[float]] = {}

    def wait_s(self, *keys: str) -> float:
        """Compute how long until the next attempt is allowed."""
        with self._lock:
            return max((self._wait_of(key) for key in keys), default=0.0)

    def begin(self, *keys: str) -> float:
        """Note an attempt before it is made, so that none beside it goes unnoticed.

        Returns
        -------
        float
            Seconds until one is allowed; it was not noted then. 0 when this one is:
            `succeeded` takes it back.
        """
        with self._lock:
            wait_s = max((self._wait_of(key) for key in keys), default=0.0)
            if wait_s == 0:
                self._note(keys)
            return wait_s

    def failed(self, *keys: str) -> None:
        """Note a failed attempt."""
        with self._lock:
            self._note(keys)

    def _note(self, keys: tuple[str, ...]) -> None:
        if len(self._failures) > _MOST_KEYS:
            self._failures.clear()
        for key in keys:
            stamps = self._failures.setdefault(key, deque(maxlen=MOST_FAILURES))
            stamps.append(self._clock())

    def succeeded(self, *keys: str) -> None:
        """Forget the failures of these."""
        with self._lock:
            for key in keys:
                self._failures.pop(key, None)

    def _wait_of(self, key: str) -> float:
        stamps = self._failures.get(key)
        if stamps is None or len(stamps) < MOST_FAILURES:
            return 0.0
        return max(0.0, stamps[0] + WITHIN_S - self._clock())


class BodyLimit:
    """Refuses bodies beyond a size, announced or not, and those that do not come."""

    def __init__(
        self,
        app: ASGIApp,
        most_bytes: int = MOST_BODY_BYTES,
        body_s: float = BODY_S,
    ) -> None:
        self._app = app
        self._body_s = body_s
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while it is small enough."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._body_s):
                content = await self._read(receive)
        except TimeoutError:
            # Nobody reads it: the sender has gone, or waits on purpose.
            answer = Response(status_code=408, headers={"Connection": "close"})
            await answer(scope, receive, send)
            return
        if content is None:
            headers = {"Connection": "close"}
            await refusal(Reason.TOO_LARGE, headers=headers)(scope, receive, send)
            return
        whole: Message = {"type": "http.request", "body": content, "more_body": False}
        waiting = [whole]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)

    async def _read(self, receive: Receive) -> bytes | None:
        content = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return content
            content += bytes(message.get("body", b""))
            if len(content) > self._most_bytes:
                return None
            if not message.get("more_body", False):
                return content
