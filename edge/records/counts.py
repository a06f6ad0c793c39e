"""What was counted: the figures that progress, summary and station share."""

from pydantic import BaseModel, ConfigDict


class Counts(BaseModel):
    """What a count has come to, at one moment; figures alone, no name or sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames: int
    """Counted, without those left out."""
    frames_left_out: dict[str, int]
    """By reason: the part of the sentence before its first colon."""
    places: int
    """Pieces of the slide not known to be connected; 0 when frames were not placed."""
    target: int | None
    """Leukocytes asked for; the frame that reached it was still counted whole."""
    leukocytes: int
    """Counted: the differential's denominator, and what the target is of."""
    leukocytes_to_review: int
    """Uncertain cells whose likeliest class is a leukocyte; a reviewer may call them
    otherwise, so they do not count towards the target."""
    counts: dict[str, int]
    """Counted cells by class, without uncertain ones and those cut by a border."""
    red_cells: int
    platelets: int
    fields: float
    """Fields' worth of slide seen. A field is what one frame shows whole; overlapping
    frames add only what they show anew, as told by the cells seen again."""
    uncertain: int
    border: int
    """Stained cells cut by a frame's edge: seen, not counted."""
    out_of_focus: int
    """Stained cells too blurred to be classified: seen, not counted."""
    duplicates: int
    """Stained views of cells that are counted by another view."""

    @property
    def frames_done(self) -> int:
        """Frames counted and left out."""
        return self.frames + sum(self.frames_left_out.values())

    @property
    def is_complete(self) -> bool:
        """The target is reached."""
        return self.target is not None and self.leukocytes >= self.target


class Rates(BaseModel):
    """What follows from counts: shares and ratios, with their exact 95 % limits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    platelets_per_field: float | None
    platelets_ci95_per_field: tuple[float, float] | None
    """Exact 95 % limits (Garwood)."""
    platelets_per_100_red_cells: float | None
    platelets_ci95_per_100_red_cells: tuple[float, float] | None
    """Exact 95 % limits of the ratio (Przyborowski and Wilenski)."""
    differential_percent: dict[str, float]
    """By leukocyte class; empty when none was counted."""
    ci95_percent: dict[str, tuple[float, float]]
    """Exact 95 % limits of each share."""
    nrbc_per_100_wbc: float | None
    nrbc_ci95_per_100_wbc: tuple[float, float] | None
    """Exact 95 % limits of the ratio (Przyborowski and Wilenski)."""
