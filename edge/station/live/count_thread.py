"""One run of a count, in a thread of its own: to its end or to a fault."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from edge.capture.source import FrameSource
from edge.station.live.errors import PROGRAM_FAULT, fault_of, interruption_of
from edge.station.live.frame import Fault
from edge.station.live.operator import StationOperator
from hemalens.errors import HemaLensError

_LOG: Final = logging.getLogger(__name__)


class CountRun:
    """Counts; asked by the server's threads.

    Parameters
    ----------
    operator : StationOperator
        Watches and steers it.
    source : FrameSource
        Which it counts.
    count : callable
        Counts to the end.
    changed : callable
        Told when the run is over.
    """

    def __init__(
        self,
        operator: StationOperator,
        source: FrameSource,
        count: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self.operator = operator
        self._source: FrameSource | None = source
        self._changed = changed
        self._ended_in: Fault | None = None
        self.has_ended = False
        """The count is complete: it did not break off."""
        # A daemon: a camera that gives nothing would hold the process.
        self._thread = threading.Thread(
            target=self._run, args=(count,), name="count", daemon=True
        )

    @property
    def fault(self) -> Fault | None:
        """What the run broke off with."""
        return self._ended_in

    @property
    def interruption(self) -> Fault | None:
        """What holds it up while it goes on."""
        source = self._source
        return None if source is None else interruption_of(source)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end of the thread; False when it is not over in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self, count: Callable[[], None]) -> None:
        try:
            count()
            self.has_ended = True
        except HemaLensError as error:
            self._ended_in = fault_of(error)
        except Exception:  # noqa: BLE001 - a thread has nobody above it
            _LOG.exception("a count ended in a fault of the program")
            self._ended_in = PROGRAM_FAULT
        finally:
            self._source = None
            self._changed()
