"""How far a count is: the snapshot that terminal and page show."""

from dataclasses import dataclass
from enum import StrEnum

from edge.records.counts import Counts


class CountState(StrEnum):
    """What a count is doing."""

    COUNTING = "counting"
    PAUSED = "paused"
    COMPLETE = "complete"
    """The target is reached; the count can be continued by more cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountProgress:
    """A count at one moment; what it says is already durable where there is a store.

    Parameters
    ----------
    counted_s : float
        Seconds counted, without pauses.
    """

    state: CountState
    counted: Counts
    counted_s: float
