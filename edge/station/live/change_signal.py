"""Word that there is something new, from any thread to all who wait for it."""

import asyncio
import threading
from contextlib import suppress


class ChangeSignal:
    """A number that rises with everything new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def number(self) -> int:
        """The newest."""
        return self._number

    def publish(self) -> None:
        """Signal that there is something new."""
        with self._lock:
            self._number += 1
            waiting, self._waiting = self._waiting, set()
        for loop, bell in waiting:
            # A loop that was closed meanwhile has nobody to wake.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(bell.set)

    async def after(self, number: int, timeout_s: float) -> int:
        """Return the newest number once it is not `number`, or when time is over."""
        waiter = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            if self._number != number:
                return self._number
            self._waiting.add(waiter)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await waiter[1].wait()
        finally:
            with self._lock:
                self._waiting.discard(waiter)
        return self._number
