"""What happens to a count besides frames."""

from dataclasses import dataclass
from enum import StrEnum

from edge.records.moment import Moment


class EventKind(StrEnum):
    """The turns a count can take."""

    STARTED = "started"
    CONTINUED = "continued"
    """Taken up again by a new process after it had broken off."""
    TARGET_SET = "target_set"
    PAUSED = "paused"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountEvent:
    """One turn of a count.

    Parameters
    ----------
    target : int or None
        Leukocytes asked for from then on.
    """

    kind: EventKind
    moment: Moment
    target: int | None
