"""What the operator wants of a running count, carried out."""

import threading
from typing import Final

from edge.count.operator import Operator, OperatorCommand
from edge.count.session import CountSession
from edge.records.counted_frame import CountedFrame

_ASK_EVERY_S: Final = 0.05
"""While paused: quick for a hand on a key, nothing for a processor."""


class Steering:
    """Pauses, continues and ends a count as its operator wants.

    Parameters
    ----------
    session : CountSession
    operator : Operator
    """

    def __init__(self, session: CountSession, operator: Operator) -> None:
        self._session = session
        self._operator = operator
        self._is_finished = threading.Event()

    def finish(self) -> None:
        """End the count before its next frame; from any thread or a signal."""
        self._is_finished.set()

    def show(self, counted: CountedFrame) -> None:
        """Show the operator a frame that was added."""
        self._operator.see(counted, self._session.progress)

    def goes_on(self) -> bool:
        """Heed the operator before the next frame; waits while the count is paused.

        Raises
        ------
        StorageError
            When a pause or a new target cannot be written down.
        """
        while not self._is_finished.is_set():
            self._heed(self._operator.command())
            if self._session.is_complete and not self._is_finished.is_set():
                self._ask_for_more()
            if self._session.is_counting:
                return not self._is_finished.is_set()
            self._is_finished.wait(_ASK_EVERY_S)
        return False

    def wants_more_frames(self) -> bool:
        """Ask, where the source ended short of the target, whether to look for more.

        Raises
        ------
        StorageError
            As for `goes_on`.
        """
        while not self._is_finished.is_set() and self._is_short:
            self._heed(self._operator.command())
            wants = self._operator.more_frames(self._session.progress)
            if wants is not None:
                return wants and not self._is_finished.is_set()
            self._is_finished.wait(_ASK_EVERY_S)
        return False

    @property
    def _is_short(self) -> bool:
        has_target = self._session.counted.target is not None
        return has_target and not self._session.is_complete

    def _heed(self, command: OperatorCommand | None) -> None:
        if command is OperatorCommand.PAUSE:
            self._session.pause()
        elif command is OperatorCommand.RESUME:
            self._session.resume()
        elif command is OperatorCommand.FINISH:
            self.finish()

    def _ask_for_more(self) -> None:
        more = self._operator.more_leukocytes(self._session.progress)
        if more == 0:
            self.finish()
        elif more is not None:
            self._session.continue_by(more)
