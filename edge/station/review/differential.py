"""The differential of a count as reviewed, against its reference ranges."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.results.rates import Rate, per_100
from edge.results.reference_ranges import (
    REFERENCE_RANGES,
    Interval,
    ReferenceRanges,
    Sex,
)
from edge.station.records import ClassShare, Differential, Flag, ReviewedCell
from edge.store import file_errors
from hemalens.classes import LEUKOCYTES, CellClass
from hemalens.errors import ConfigError
from hemalens.statistics import clopper_pearson
from hemalens.validation_message import validation_message


class _Ranges(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    from_days: int = 0
    below_days: int | None = None
    sex: Sex | None = None
    percent: dict[CellClass, Interval]
    nrbc_per_100_wbc: Interval = (0.0, 0.0)
    source: str = "the laboratory's own"


class _StationFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    reference_percent: dict[CellClass, Interval] = {}
    reference: tuple[_Ranges, ...] = ()


def read_reference_ranges(path: Path) -> tuple[ReferenceRanges, ...]:
    """Read the station's settings, in front of the ranges that come with HemaLens.

    ``[reference_percent]`` is of adults; each ``[[reference]]`` of an age and sex, with
    ``name``, ``from_days``, ``below_days``, ``sex``, ``percent``, ``nrbc_per_100_wbc``
    and ``source``.

    Raises
    ------
    ConfigError
        When a class or a range is none.
    """
    if not path.exists():
        return REFERENCE_RANGES
    try:
        with file_errors("read", path), path.open("rb") as file:
            settings = _StationFile.model_validate(tomllib.load(file))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}; mend it") from error
    except ValidationError as error:
        raise ConfigError(f"{path}, {validation_message(error)}; mend it") from error
    own = [ReferenceRanges(**dict(one)) for one in settings.reference]
    for percent in (settings.reference_percent, *(one.percent for one in own)):
        _check_percent(percent, path)
    adult = REFERENCE_RANGES[-1]
    if settings.reference_percent:
        percent = {**adult.percent, **settings.reference_percent}
        adult = replace(
            adult, percent=percent, source=f"the laboratory's own; else {adult.source}"
        )
    return (*own, *REFERENCE_RANGES[:-1], adult)


def _check_percent(percent: Mapping[CellClass, Interval], path: Path) -> None:
    for name, (low, high) in percent.items():
        if name not in LEUKOCYTES or not 0 <= low <= high <= 100:
            raise ConfigError(
                f"{path}: reference_percent takes leukocytes with [low, high] between "
                f"0 and 100, not {name.value} = [{low}, {high}]"
            )


def reviewed_differential(
    cells: Iterable[ReviewedCell],
    *,
    red_cells: int = 0,
    fields: float = 0.0,
    reference: ReferenceRanges | None = REFERENCE_RANGES[-1],
) -> Differential:
    """Add up what counts of a count's stained cells.

    Parameters
    ----------
    fields : float
        Fields' worth of slide seen.
    reference : ReferenceRanges, optional
        Whose figures these are held against.
    """
    cells = tuple(cells)
    finals = (cell.final_class for cell in cells)
    counts = Counter(name for name in finals if name is not None)
    leukocytes = sum(counts[name] for name in LEUKOCYTES)
    open_cells = sum(cell.is_open for cell in cells)
    platelets = counts[CellClass.PLATELET]
    changed, agreement = _agreement(cells)
    nrbc = counts[CellClass.ERYTHROBLAST]
    ratio = per_100(nrbc, leukocytes)
    possible_ratio = (
        per_100(nrbc, leukocytes + open_cells),
        per_100(nrbc + open_cells, leukocytes),
    )
    nrbc_range = None if reference is None else reference.nrbc_per_100_wbc
    return Differential(
        leukocytes=leukocytes,
        shares=tuple(
            _share(
                name,
                counts[name],
                leukocytes,
                open_cells,
                None if reference is None else reference.percent.get(name),
            )
            for name in CellClass
        ),
        nrbc_per_100_wbc=ratio.value,
        nrbc_ci95_per_100_wbc=ratio.ci95,
        nrbc_possible_per_100_wbc=_span(possible_ratio) if open_cells else None,
        nrbc_reference_per_100_wbc=nrbc_range,
        nrbc_flag=_nrbc_flag(nrbc, leukocytes, possible_ratio, nrbc_range),
        reference_of="" if reference is None else reference.name,
        reference_source="" if reference is None else reference.source,
        platelets=platelets,
        platelets_per_field=platelets / fields if fields else None,
        red_cells=red_cells,
        fields=fields,
        open_cells=open_cells,
        removed_cells=sum(cell.is_removed and cell.cell_id >= 0 for cell in cells),
        added_cells=sum(not cell.is_removed and cell.cell_id < 0 for cell in cells),
        changed_cells=changed,
        agreement_percent=agreement,
    )


def _agreement(cells: Iterable[ReviewedCell]) -> tuple[int, float | None]:
    """Count the cells called otherwise, and the share called the same, in percent."""
    same = [
        cell.person_class is cell.model_class
        for cell in cells
        if not cell.is_removed and cell.person_class and cell.model_class
    ]
    return same.count(False), 100 * sum(same) / len(same) if same else None


def _share(
    name: CellClass,
    count: int,
    leukocytes: int,
    open_cells: int,
    reference: Interval | None,
) -> ClassShare:
    if name not in LEUKOCYTES:
        leukocytes = open_cells = 0
    share = _percent(count, leukocytes)
    # All open cells may be of other classes, or all of this one.
    possible = (
        _percent(count, leukocytes + open_cells),
        _percent(count + open_cells, leukocytes + open_cells),
    )
    return ClassShare(
        class_name=name,
        count=count,
        percent=share.value,
        ci95_percent=share.ci95,
        reference_percent=reference,
        flag=flag_of(*possible, reference) if leukocytes else None,
        possible_percent=_span(possible) if open_cells else None,
    )


def _nrbc_flag(
    count: int,
    leukocytes: int,
    possible: tuple[Rate, Rate],
    reference: Interval | None,
) -> Flag | None:
    # Where none belongs, each one that was seen is too many, whatever it is held to.
    if reference is not None and count and not reference[1]:
        return Flag.HIGH
    return flag_of(*possible, reference) if leukocytes else None


def _percent(k: int, n: int) -> Rate:
    if not n:
        return Rate()
    low, high = clopper_pearson(k, n)
    return Rate(value=100 * k / n, ci95=(100 * low, 100 * high))


def _span(possible: tuple[Rate, Rate]) -> Interval | None:
    least, most = (rate.value for rate in possible)
    return None if least is None or most is None else (least, most)


def flag_of(least: Rate, most: Rate, reference: Interval | None) -> Flag | None:
    """Hold a figure against its reference range, as it may still become.

    Parameters
    ----------
    least, most : Rate
        The figure however the open cells are settled; the same with none open.

    Examples
    --------
    >>> flag_of(Rate(value=7.5, ci95=(4, 12)), Rate(value=7.5, ci95=(4, 12)), (1, 6))
    <Flag.MAYBE_HIGH: 'maybe_high'>
    """
    if reference is None:
        return None
    at_least, at_most = _flag(least, reference), _flag(most, reference)
    if at_least in (Flag.HIGH, Flag.MAYBE_HIGH):
        return at_least
    if at_most in (Flag.LOW, Flag.MAYBE_LOW):
        return at_most
    return None if at_least is at_most is None else Flag.UNDECIDED


def _flag(rate: Rate, reference: Interval) -> Flag | None:
    if rate.value is None or rate.ci95 is None:
        return None
    low, high = reference
    if rate.value < low:
        return Flag.LOW if rate.ci95[1] < low else Flag.MAYBE_LOW
    if rate.value > high:
        return Flag.HIGH if rate.ci95[0] > high else Flag.MAYBE_HIGH
    return None
