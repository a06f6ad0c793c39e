"""All microscopes with all bundles."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from convert.studies.microscopes.cases import judge_cases
from convert.studies.microscopes.counted import CountedSlide, count_slide
from convert.studies.microscopes.finding import (
    platelets_found,
    red_cells_found,
    scale_found,
    white_cells_found,
)
from convert.studies.microscopes.given_boxes import classify_boxes
from convert.studies.microscopes.naming import name_cells, naming_figures
from convert.studies.microscopes.report import (
    BenchReport,
    BundleFigures,
    CaseVerdict,
    MicroscopeFigures,
    Way,
    WayFigures,
)
from convert.studies.microscopes.seen import how_finder_saw, how_seen
from convert.studies.microscopes.sets import (
    FIELD_CASES,
    NAMES,
    READERS,
    read_microscope,
)
from convert.studies.microscopes.truth import Microscope, Pick
from edge.bundles import open_finder
from edge.records.population import Population
from hemalens.bundle import Bundle
from hemalens.errors import DatasetError

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchTerms:
    """What is measured, and how.

    Parameters
    ----------
    sets : tuple of str
        Names of `sets.NAMES`.
    ways : tuple of Way
    limit : int, optional
        Frames of a set, at most, evenly spread.
    apart : bool
        Frames that are never trained on alone.
    population : Population
    """

    sets: tuple[str, ...] = NAMES
    ways: tuple[Way, ...] = tuple(Way)
    limit: int | None = None
    apart: bool = False
    population: Population = Population.UNRESTRICTED


def run_bench(
    datasets: Path, bundles: Sequence[Bundle], terms: BenchTerms, tell: Tell
) -> BenchReport:
    """Measure bundles on all microscopes whose data are there.

    Parameters
    ----------
    datasets : Path
        Holds the sets' folders.
    tell : callable
        Told each step, a line.

    Raises
    ------
    CaptureError
        When an image cannot be read.
    BundleError
        When a model cannot be run.
    """
    figures: list[list[MicroscopeFigures]] = [[] for _ in bundles]
    missing = []
    for name in (name for name in READERS if name in terms.sets):
        try:
            of_bundles = _measure_set(name, datasets, bundles, terms, tell)
        except DatasetError as error:
            tell(f"{name}: {error}")
            missing.append(f"{name}: {error}")
            continue
        for of_one, measured in zip(figures, of_bundles, strict=True):
            of_one.append(measured)
    cases = _judge(datasets, bundles, terms, tell, missing)
    return BenchReport(
        bundles=tuple(
            _of_bundle(*parts) for parts in zip(bundles, figures, cases, strict=True)
        ),
        missing=tuple(missing),
        population=terms.population,
        limit=terms.limit,
        apart=terms.apart,
        hemalens_version=version("hemalens"),
        made_at=datetime.now(UTC),
    )


def _of_bundle(
    bundle: Bundle,
    microscopes: Sequence[MicroscopeFigures],
    cases: tuple[CaseVerdict, ...],
) -> BundleFigures:
    return BundleFigures(
        name=bundle.manifest.name,
        version=bundle.manifest.version,
        sha256=bundle.sha256,
        microscopes=tuple(microscopes),
        cases=cases,
    )


def _judge(
    datasets: Path,
    bundles: Sequence[Bundle],
    terms: BenchTerms,
    tell: Tell,
    missing: list[str],
) -> list[tuple[CaseVerdict, ...]]:
    if FIELD_CASES not in terms.sets:
        return [() for _ in bundles]
    tell(f"{FIELD_CASES}: judging")
    try:
        return [judge_cases(datasets / FIELD_CASES, bundle) for bundle in bundles]
    except DatasetError as error:
        missing.append(f"{FIELD_CASES}: {error}")
        return [() for _ in bundles]


def _measure_set(
    name: str,
    datasets: Path,
    bundles: Sequence[Bundle],
    terms: BenchTerms,
    tell: Tell,
) -> list[MicroscopeFigures]:
    with TemporaryDirectory() as work:
        pick = Pick(limit=terms.limit, apart=terms.apart)
        microscope = read_microscope(name, datasets, Path(work), pick)
        return measure_microscope(microscope, bundles, terms, tell)


def measure_microscope(
    microscope: Microscope,
    bundles: Sequence[Bundle],
    terms: BenchTerms,
    tell: Tell,
) -> list[MicroscopeFigures]:
    """Measure one microscope with each bundle.

    Raises
    ------
    DatasetError
        When it has no frame.
    """
    if not microscope.frames:
        raise DatasetError("no frame of it is asked for")
    finder = open_finder().manifest
    ways: list[list[WayFigures]] = [[] for _ in bundles]
    for way in terms.ways:
        for of_one, measured in zip(
            ways, _measure(microscope, bundles, way, terms, tell), strict=False
        ):
            of_one.append(measured)
    return [
        MicroscopeFigures(
            name=microscope.name,
            seen=how_seen(bundle.manifest, microscope),
            seen_by_finder=how_finder_saw(finder, microscope),
            truth=microscope.truth,
            frames=len(microscope.frames),
            ways=tuple(of_one),
        )
        for bundle, of_one in zip(bundles, ways, strict=True)
    ]


def _measure(
    microscope: Microscope,
    bundles: Sequence[Bundle],
    way: Way,
    terms: BenchTerms,
    tell: Tell,
) -> Iterator[WayFigures]:
    """Yield the figures of each bundle; none where no cell is named for its box."""
    began = time.perf_counter()
    if way is not Way.BOXES:
        for bundle in bundles:
            tell(f"{microscope.name}, {way}: {bundle.manifest.name}")
            counted = [
                count_slide(
                    slide,
                    bundle,
                    pixel_size_um=slide.pixel_size_um if way is Way.SCALED else None,
                    population=terms.population,
                )
                for slide in microscope.slides
            ]
            yield way_figures(way, counted, time.perf_counter() - began)
            began = time.perf_counter()
        return
    if not any(cell.class_name for f in microscope.frames for cell in f.cells):
        return
    tell(f"{microscope.name}, {way}")
    by_slide = [
        classify_boxes(
            slide,
            bundles,
            kinds_open=microscope.kinds_open,
            population=terms.population,
        )
        for slide in microscope.slides
    ]
    for of_bundle in zip(*by_slide, strict=True):
        yield way_figures(way, of_bundle, time.perf_counter() - began)


def way_figures(
    way: Way, counted: Sequence[CountedSlide], seconds: float
) -> WayFigures:
    """Measure what one bundle counted one way."""
    is_found = way is not Way.BOXES
    named = {one.slide.name: name_cells([one]) for one in counted}
    right = {
        name: sum(c.is_right for c in cells) / len(cells)
        for name, cells in named.items()
        if cells and len(named) > 1
    }
    reasons = Counter(
        found.left_out
        for one in counted
        for _, found in one.pairs()
        if found.left_out is not None
    )
    doubts = dict.fromkeys(doubt for one in counted for doubt in one.doubts)
    return WayFigures(
        way=way,
        frames=sum(len(one.slide.frames) for one in counted),
        white_cells=white_cells_found(counted) if is_found else None,
        red_cells=red_cells_found(counted) if is_found else None,
        platelets=platelets_found(counted) if is_found else None,
        scale=scale_found(counted) if way is Way.COUNT else None,
        naming=naming_figures([cell for cells in named.values() for cell in cells]),
        right_by_slide=right,
        left_out=dict(reasons),
        doubts=tuple(doubts),
        seconds=round(seconds, 1),
    )
