"""What a finished count left in its folder, as the station takes it over."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.records.counts import Counts
from edge.records.summary import Summary
from edge.results.unfinished import STORE_NAME
from edge.station.records import Amendment, ModelUsed, ReviewedCell
from edge.store import CountStore, file_errors
from hemalens.classes import CellClass, CellKind, CellStatus
from hemalens.errors import StorageError
from hemalens.files import sha256_of
from hemalens.records import Cell

STAINED: Final = (CellKind.WHITE_CELL, CellKind.PLATELET)


class CountFacts(BaseModel):
    """What a finished count's report tells beside its cells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelUsed
    source: str
    store_sha256: str
    """Of the store that holds its cells, which changes no more."""
    pixel_size_um: float | None
    warnings: tuple[str, ...]
    counted: Counts
    hemalens_version: str


def reviewable_cells(cells: Iterable[Cell]) -> Iterator[ReviewedCell]:
    """Return the stained cells that count or are to be settled, before review."""
    for cell in cells:
        if cell.kind is CellKind.RED_CELL or cell.class_name is None:
            continue
        if cell.status in (CellStatus.COUNTED, CellStatus.UNCERTAIN):
            yield ReviewedCell(
                cell_id=cell.cell_id,
                frame=cell.frame,
                box_xyxy=(*cell.box,),
                model_class=CellClass(cell.class_name),
                model_probability=cell.probability,
                is_uncertain=cell.status is CellStatus.UNCERTAIN,
                place=cell.place,
                position_um=cell.position_um,
            )


# Each word of a reviewer asks for cells, and a complete count has the same for ever.
@lru_cache(maxsize=2)
def read_cells(store: Path, store_sha256: str) -> Mapping[int, ReviewedCell]:
    """Read the cells to be reviewed from a complete count's store, by `cell_id`.

    Raises
    ------
    StorageError
        When it is not there, or not the one that was taken over.
    """
    if sha256_of(store) != store_sha256:
        raise StorageError(
            f"{store} was changed after its count: restore it from a backup"
        )
    with CountStore.open_sealed(store) as opened:
        return {cell.cell_id: cell for cell in reviewable_cells(opened.cells(STAINED))}


def altered_stores(connection: sqlite3.Connection, counts: Path) -> Iterator[str]:
    """Name the finished counts whose stores are missing or were changed.

    Parameters
    ----------
    counts : Path
        The folder with a folder for each count.
    """
    sql = (
        "SELECT count_id, facts, amendment FROM sample "
        "WHERE facts NOTNULL AND NOT is_discarded ORDER BY number"
    )
    for count_id, facts, amendment in connection.execute(sql):
        origin = count_id
        if amendment is not None:
            origin = Amendment.model_validate_json(amendment).origin
        store = counts / origin / STORE_NAME
        wanted = CountFacts.model_validate_json(facts).store_sha256
        if not store.is_file() or sha256_of(store) != wanted:
            yield count_id


def read_facts(
    folder: Path, source: str | None, validation_report_sha256: str | None
) -> CountFacts:
    """Read what a count's folder tells beside its cells.

    Parameters
    ----------
    source : str, optional
        In place of what the count's store tells.
    validation_report_sha256 : str, optional
        Of the evidence its model came with.

    Raises
    ------
    StorageError
        When the folder is not complete, or damaged.
    """
    path = folder / "summary.json"
    try:
        with file_errors("read", path):
            summary = Summary.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise StorageError(f"{path} is damaged: count the sample anew") from error
    store = folder / STORE_NAME
    return CountFacts(
        model=ModelUsed(
            **summary.bundle.model_dump(),
            validation_report_sha256=validation_report_sha256,
        ),
        source=source if source is not None else _read_source(store),
        store_sha256=sha256_of(store),
        pixel_size_um=summary.pixel_size_um,
        warnings=(
            *summary.bundle_doubts,
            *summary.warnings,
            *summary.slide_doubts,
        ),
        counted=summary.counted,
        hemalens_version=summary.hemalens_version,
    )


def _read_source(path: Path) -> str:
    with CountStore.open_sealed(path) as store:
        return store.header.source
