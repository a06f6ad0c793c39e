"""What the station says and hears: the vocabulary of its database, API and exports."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from edge.records.population import Population
from edge.results.reference_ranges import ADULT_DAYS, Sex
from hemalens.classes import CellClass


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(StrEnum):
    """What a person may do."""

    OPERATOR = "operator"
    """Counts, reviews, signs."""
    SUPERVISOR = "supervisor"
    """That, and sees the audit trail, amends what is signed, keeps the controls."""
    SERVICE = "service"
    """Keeps accounts and backups; sees no sample."""


class SampleState(StrEnum):
    """How far a sample is."""

    COUNTING = "counting"
    REVIEW = "review"
    """Counted; cells may be corrected."""
    SIGNED = "signed"
    """Immutable."""


class Sample(_Record):
    """One blood smear at the station."""

    sample_id: str
    """As the operator typed or scanned it; may be counted more than once."""
    count_id: str
    """Of this count: 32 hexadecimal digits, drawn."""
    operator: str
    state: SampleState
    is_control: bool = False
    """A control slide, for the charts and not for a patient."""
    population: Population
    target: int | None
    started_at: datetime
    counted_at: datetime | None = None
    signed_at: datetime | None = None
    signed_by: str | None = None
    amends: str | None = None
    """The signed count that this one corrects."""
    superseded_by: str | None = None
    """The signed count that corrects this one; null in what is signed."""
    age_days: int | None = None
    """Of the patient when the blood was drawn, as far as it was said."""
    sex: Sex | None = None

    @property
    def reference_age_days(self) -> int:
        """Whose reference ranges hold, where the age was not said."""
        if self.age_days is not None:
            return self.age_days
        return 0 if self.population is Population.NEWBORN else ADULT_DAYS


class ReviewAction(StrEnum):
    """What a person did to a cell."""

    RECLASSIFY = "reclassify"
    """Gave it a class, or confirmed the model's."""
    REMOVE = "remove"
    """It is no cell to be counted."""
    ADD = "add"
    """Marked one that was missed."""
    UNDO = "undo"
    """Took back the person's last word on it."""


class ReviewedCell(_Record):
    """A stained cell as model and person see it.

    A cell that a person adds has a negative `cell_id`, and no word of the model.
    """

    cell_id: int
    frame: str
    box_xyxy: tuple[int, int, int, int]
    model_class: CellClass | None
    """The model's likeliest class, kept whatever a person says."""
    model_probability: float | None
    is_uncertain: bool
    """The model left it to a person."""
    person_class: CellClass | None = None
    """Given or confirmed by a person."""
    is_removed: bool = False
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    place: int | None = None
    position_um: tuple[float, float] | None = None

    @property
    def final_class(self) -> CellClass | None:
        """What counts; None when removed, or uncertain and not settled yet."""
        if self.is_removed:
            return None
        if self.person_class is not None:
            return self.person_class
        return None if self.is_uncertain else self.model_class

    @property
    def is_open(self) -> bool:
        """Uncertain and not settled: it stands in the way of a signature."""
        return self.is_uncertain and not self.is_removed and self.person_class is None


class Flag(StrEnum):
    """What a figure is against its reference range; none where it is within.

    While cells are open a figure is low or high only where it is so however they are
    settled: review takes back no alarm.
    """

    LOW = "low"
    HIGH = "high"
    """The whole interval lies outside."""
    MAYBE_LOW = "maybe_low"
    MAYBE_HIGH = "maybe_high"
    """The figure lies outside, and its interval does not: it may be by chance."""
    UNDECIDED = "undecided"
    """Open cells decide whether it lies outside."""


class ClassShare(_Record):
    """One class of the differential as reviewed."""

    class_name: CellClass
    count: int
    percent: float | None
    """Of the leukocytes; null for erythroblasts and platelets, or with none counted."""
    ci95_percent: tuple[float, float] | None
    """Exact limits (Clopper and Pearson)."""
    reference_percent: tuple[float, float] | None
    flag: Flag | None
    possible_percent: tuple[float, float] | None = None
    """Least and most that the share can be once the open cells are settled; null with
    none open."""


class Differential(_Record):
    """What a count comes to at one moment, reviewed as far as it is."""

    leukocytes: int
    """The denominator."""
    shares: tuple[ClassShare, ...]
    """All eight classes, in the order of the bundle."""
    nrbc_per_100_wbc: float | None
    nrbc_ci95_per_100_wbc: tuple[float, float] | None
    nrbc_possible_per_100_wbc: tuple[float, float] | None = None
    """As a share's; null with none open."""
    nrbc_reference_per_100_wbc: tuple[float, float] | None = None
    nrbc_flag: Flag | None = None
    reference_of: str = ""
    """Whose ranges these are, such as ``adult``."""
    reference_source: str = ""
    platelets: int
    platelets_per_field: float | None
    red_cells: int
    fields: float
    open_cells: int
    """Uncertain cells that nobody has settled."""
    removed_cells: int
    added_cells: int
    changed_cells: int
    """Those whose person's class is not the model's."""
    agreement_percent: float | None
    """Of the cells with a word of both, how many have the same; null without any."""


class ModelUsed(_Record):
    """Which model counted, and on what evidence it was let go."""

    name: str
    version: str
    sha256: str
    validation_report_sha256: str | None


class AuditEntry(_Record):
    """One line of the audit trail; each holds the digest of the one before."""

    number: int
    at: datetime
    person: str
    action: str
    """Such as ``signed_in``, ``count_started``, ``cell_reclassified``, ``signed``."""
    count_id: str | None
    detail: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    digest: str
    """SHA-256 over this line and the digest of the one before."""
    key_id: str
    """Of the station's key that sealed it."""
    seal: str
    """HMAC of the digest, under that key."""
    covers: dict[str, str] | None = None
    """SHA-256 by row, as ``account/ann``, of what it tells of; empty where the row is
    gone. Null in lines of an earlier format."""


class Difference(_Record):
    """Something in the database that is not as the audit trail has it."""

    subject: str
    """A row, as ``sample/COUNT``, or a part of the schema, as ``trigger NAME``."""
    is_now: str


class TrailCheck(_Record):
    """What came of checking the audit trail, and the data against it."""

    lines: int
    """Found in order, from the first."""
    first_broken: int | None
    """The first that was changed or is missing."""
    unchecked: int
    """Lines in order whose seal was made with a key that is not here."""
    unproven: int
    """Of these, the last ones that no digest noted elsewhere holds either."""
    last_digest: str
    """Noted elsewhere, it tells of lines cut off the end."""
    noted_line: int | None
    """Which line has the digest that was noted; null without any."""
    differences: tuple[Difference, ...]
    """Of the data from the trail; looked for where the trail is whole."""
    has_more_differences: bool

    @property
    def is_whole(self) -> bool:
        """No line was changed, none is missing but perhaps at the end, data agree."""
        return self.first_broken is None and not self.differences


class CountSignature(_Record):
    """What was signed, by whom and when."""

    person: str
    full_name: str
    at: datetime
    content_sha256: str
    """Of the canonical JSON of the report without its signature."""


class Amendment(_Record):
    """What an amended report says of the one it takes the place of."""

    number: int
    """1 for the first amendment of a count."""
    reason: str
    by: str
    """Who began it."""
    origin: str
    """The count that was amended first: the report keeps its place in other systems."""
    former_count_id: str
    former_content_sha256: str
    former_signed_by: str
    """By full name."""
    former_signed_at: datetime


class Report(_Record):
    """A signed, or still provisional, result with all that stands on its page."""

    sample: Sample
    differential: Differential
    cells: tuple[ReviewedCell, ...]
    model: ModelUsed
    source: str
    pixel_size_um: float | None
    warnings: tuple[str, ...]
    """How optics and slide differ from what the model was validated on."""
    frames: int
    frames_left_out: dict[str, int]
    laboratory: str
    """Stands at the head of a report."""
    hemalens_version: str
    comment: str = ""
    amendment: Amendment | None = None
    """Null where no signed report went before."""
    signature: CountSignature | None = None
    """Null while the report is provisional: exports say so on every page."""

    @property
    def is_below_target(self) -> bool:
        """Fewer leukocytes are counted than were wanted."""
        target = self.sample.target
        return target is not None and self.differential.leukocytes < target
