"""How far a count is: the snapshot that terminal and page show."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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
    state : CountState
    frames : int
        Counted; those left out are not among them.
    left_out : mapping of str to int
        Frames left out, by reason: the part of the sentence before its first colon.
    target : int or None
        Leukocytes asked for.
    leukocytes : int
        Counted ones, the differential's denominator.
    leukocytes_to_review : int
        Uncertain cells likeliest to be leukocytes; they count towards the target.
    uncertain : int
        All stained cells to review, those among them.
    nrbc, platelets, red_cells : int
        Counted.
    duplicates : int
        Stained views of cells that are counted by another view.
    places : int
        Pieces of the slide not known to be connected; 0 when frames are not placed.
    counted_s : float
        Seconds counted, without pauses.
    """

    state: CountState
    frames: int
    left_out: Mapping[str, int]
    target: int | None
    leukocytes: int
    leukocytes_to_review: int
    uncertain: int
    nrbc: int
    platelets: int
    red_cells: int
    duplicates: int
    places: int
    counted_s: float

    @property
    def leukocytes_located(self) -> int:
        """Leukocytes that count towards the target: counted and to review."""
        return self.leukocytes + self.leukocytes_to_review

    @property
    def is_complete(self) -> bool:
        """The target is reached."""
        return self.target is not None and self.leukocytes_located >= self.target
