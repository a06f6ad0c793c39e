"""What the bench writes: figures by bundle, microscope and way of counting."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from convert.studies.microscopes.finding import (
    PlateletsFound,
    RedCellsFound,
    ScaleFound,
    WhiteCellsFound,
)
from convert.studies.microscopes.naming import NamingFigures
from convert.studies.microscopes.seen import Seen
from edge.records.population import Population
from train.evaluation.figures import Record


class Way(StrEnum):
    """What the count is told beforehand."""

    COUNT = "count"
    """Nothing: as an operator counts."""
    SCALED = "scale given"
    """The pixel size."""
    BOXES = "boxes given"
    """The pixel size and where the named cells are."""


class WayFigures(Record):
    """One microscope counted one way with one bundle."""

    way: Way
    frames: int
    white_cells: WhiteCellsFound | None = None
    red_cells: RedCellsFound | None = None
    platelets: PlateletsFound | None = None
    scale: ScaleFound | None = None
    naming: NamingFigures | None = None
    right_by_slide: dict[str, float]
    """Share named right of each, where there are several."""
    left_out: dict[str, int]
    """Frames by reason."""
    doubts: tuple[str, ...] = ()
    seconds: float
    """Of the whole; boxes given, of all bundles together."""


class MicroscopeFigures(Record):
    """One microscope with one bundle."""

    name: str
    seen: Seen
    """By the classifier."""
    seen_by_finder: Seen
    truth: str
    frames: int
    ways: tuple[WayFigures, ...]


class CaseVerdict(Record):
    """A picture that went wrong once."""

    name: str
    is_right: bool
    said: str
    """What was counted and doubted."""


class BundleFigures(Record):
    """One bundle on all microscopes."""

    name: str
    version: str
    sha256: str
    microscopes: tuple[MicroscopeFigures, ...]
    cases: tuple[CaseVerdict, ...] = ()


class BenchReport(Record):
    """All that was measured."""

    report_version: Literal[1] = 1
    bundles: tuple[BundleFigures, ...]
    missing: tuple[str, ...]
    """Sets that could not be read, and why."""
    population: Population
    limit: int | None
    """Frames of a set, at most."""
    apart: bool
    """Frames that are never trained on alone."""
    hemalens_version: str
    made_at: datetime
