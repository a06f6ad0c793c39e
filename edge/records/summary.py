"""What a finished count comes to: ``summary.json``."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from edge.records.population import Population
from hemalens.stain import SlideColours


class BundleName(BaseModel):
    """Which model counted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    sha256: str


class Summary(BaseModel):
    """A finished count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames: int
    """Counted, without those left out."""
    frames_left_out: dict[str, int]
    """By reason."""
    frames_dropped: int = 0
    """Of a live source, never looked at because counting was slower; since the count
    was last taken up."""
    warnings: tuple[str, ...] = ()
    """How the optics disagreed with their profile, each sentence once."""
    slide_doubts: tuple[str, ...] = ()
    """Why the slide as a whole is outside what the model was validated on."""
    places: int
    """Pieces of the slide not known to be connected; 0 when frames were not placed."""
    target: int | None
    """Leukocytes asked for; the frame that reached it was still counted whole."""
    leukocytes: int
    """Counted: the differential's denominator."""
    leukocytes_to_review: int
    """Uncertain cells whose likeliest class is a leukocyte; they count towards the
    target, as what a reviewer will most probably add."""
    counts: dict[str, int]
    """Counted cells by class, without uncertain ones and those cut by a border."""
    red_cells: int
    platelets: int
    fields: float
    """Fields' worth of slide seen. A field is what one frame shows whole; overlapping
    frames add only what they show anew, as told by the cells seen again."""
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
    uncertain: int
    border: int
    """Stained cells cut by a frame's edge: seen, not counted."""
    out_of_focus: int
    """Stained cells too blurred to be classified: seen, not counted."""
    duplicates: int
    """Stained views of cells that are counted by another view."""
    pixel_size_um: float | None
    """Median over the frames; null when it had to be assumed."""
    population: Population = Population.UNRESTRICTED
    """Whose blood it was said to be: which classes were taken for rare."""
    rare_class_weights: dict[str, float] = {}
    """What the probabilities of rare classes were multiplied by at the end, for the
    population or because the slide itself showed so few; a class not weighed is left
    out."""
    slide_colours: SlideColours | None = None
    """What the slide's glass, red cells and nuclei looked like at the end; cells were
    classified in the colours of the model's training slides. Null when their own
    colours were kept."""
    slide_blur_um: float | None = None
    """How blurred edges of the last frames were seen, a standard deviation; where the
    model's training images were sharper, its crops were sharpened. Null with too few
    frames to tell."""
    bundle: BundleName
    second_bundle: BundleName | None = None
    """Asked about every cell as well, where there was one."""
    hemalens_version: str
    started_at: datetime
    finished_at: datetime
    """Never before `started_at`, whatever the wall clock did."""
    counted_s: float
    """Seconds counted, without pauses and the time it lay broken off."""
    times_continued: int
    """How often it was taken up again after it had broken off."""
