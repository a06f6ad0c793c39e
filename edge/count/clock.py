"""The time of a count: how long it has gone on, and what to call now."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from edge.records.moment import Moment, utc_now


class CountClock:
    """Tells a count's time, whatever is done to the wall clock meanwhile.

    The wall clock is asked once; from then on a monotonic clock leads. A small
    computer without a battery wakes up in the past and jumps when it finds a time
    server; moments of one count stay in order all the same.

    Parameters
    ----------
    not_before : datetime, optional
        The last moment known of this count; a wall clock behind it is not believed.
    counted_s : float
        Seconds counted before.
    wall, monotonic : callable
        The clocks to read.
    """

    def __init__(
        self,
        *,
        not_before: datetime | None = None,
        counted_s: float = 0.0,
        wall: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        started = wall()
        self._anchor = started if not_before is None else max(started, not_before)
        self._monotonic = monotonic
        self._anchor_s = monotonic()
        self._counted_s = counted_s
        self._running_since_s: float | None = None

    def moment(self) -> Moment:
        """Give the present moment."""
        now_s = self._monotonic()
        counted_s = self._counted_s
        if self._running_since_s is not None:
            counted_s += now_s - self._running_since_s
        at = self._anchor + timedelta(seconds=now_s - self._anchor_s)
        return Moment(at=at, counted_s=counted_s)

    def run(self) -> None:
        """Let counted time pass."""
        if self._running_since_s is None:
            self._running_since_s = self._monotonic()

    def stop(self) -> None:
        """Let no more counted time pass."""
        self._counted_s = self.moment().counted_s
        self._running_since_s = None
