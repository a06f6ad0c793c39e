"""A point in a count."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in a count.

    Parameters
    ----------
    at : datetime
        In UTC; never earlier than the moment before.
    counted_s : float
        Seconds counted until then, without pauses.
    """

    at: datetime
    counted_s: float


def utc_now() -> datetime:
    """Ask the wall clock, in UTC."""
    return datetime.now(UTC)
