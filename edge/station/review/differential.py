"""The differential of a count as reviewed, against its reference ranges."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.results.differential import DifferentialCount, differential_count
from edge.results.reference_ranges import ADULT_REFERENCE_PERCENT, Interval
from edge.station.records import ClassShare, Differential, ReviewedCell
from edge.store import file_errors
from hemalens.classes import LEUKOCYTES, CellClass
from hemalens.errors import ConfigError
from hemalens.validation_message import validation_message


class _StationFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    reference_percent: dict[CellClass, Interval] = {}


def read_reference_percent(path: Path) -> Mapping[CellClass, Interval]:
    """Read ``[reference_percent]`` of the station's settings; adults' without a file.

    Raises
    ------
    ConfigError
        When a class or a range is none.
    """
    if not path.exists():
        return ADULT_REFERENCE_PERCENT
    try:
        with file_errors("read", path), path.open("rb") as file:
            settings = _StationFile.model_validate(tomllib.load(file))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}; mend it") from error
    except ValidationError as error:
        raise ConfigError(f"{path}, {validation_message(error)}; mend it") from error
    for name, (low, high) in settings.reference_percent.items():
        if name not in LEUKOCYTES or not 0 <= low <= high <= 100:
            raise ConfigError(
                f"{path}: reference_percent takes leukocytes with [low, high] between "
                f"0 and 100, not {name.value} = [{low}, {high}]"
            )
    return {**ADULT_REFERENCE_PERCENT, **settings.reference_percent}


def reviewed_differential(
    cells: Iterable[ReviewedCell],
    *,
    red_cells: int = 0,
    fields: float = 0.0,
    reference_percent: Mapping[CellClass, Interval] = ADULT_REFERENCE_PERCENT,
) -> Differential:
    """Add up what counts of a count's stained cells.

    Parameters
    ----------
    fields : float
        Fields' worth of slide seen.
    """
    cells = tuple(cells)
    finals = (cell.final_class for cell in cells)
    counts = Counter(name for name in finals if name is not None)
    found = differential_count({name.value: n for name, n in counts.items()})
    platelets = counts[CellClass.PLATELET]
    changed, agreement = _agreement(cells)
    return Differential(
        leukocytes=found.leukocytes,
        shares=tuple(
            _share(name, counts[name], found, reference_percent) for name in CellClass
        ),
        nrbc_per_100_wbc=found.nrbc_per_100_wbc,
        nrbc_ci95_per_100_wbc=found.nrbc_ci95_per_100_wbc,
        platelets=platelets,
        platelets_per_field=platelets / fields if fields else None,
        red_cells=red_cells,
        fields=fields,
        open_cells=sum(cell.is_open for cell in cells),
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
    found: DifferentialCount,
    reference_percent: Mapping[CellClass, Interval],
) -> ClassShare:
    percent = found.percent.get(name)
    limits = found.ci95_percent.get(name)
    reference = reference_percent.get(name)
    flag = None
    if percent is not None and limits is not None and reference is not None:
        flag = _flag(percent, limits, reference)
    return ClassShare(
        class_name=name,
        count=count,
        percent=percent,
        ci95_percent=limits,
        reference_percent=reference,
        flag=flag,
    )


def _flag(percent: float, limits: Interval, reference: Interval) -> str | None:
    low, high = reference
    if percent < low:
        return "low" if limits[1] < low else "maybe_low"
    if percent > high:
        return "high" if limits[0] > high else "maybe_high"
    return None
