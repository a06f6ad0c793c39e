"""What a finished count left in its folder, as the station takes it over."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.records.summary import Summary
from edge.results.unfinished import STORE_NAME
from edge.station.records import ModelUsed, ReviewedCell
from edge.store import CountHeader, file_errors
from edge.store.errors import storage_errors
from hemalens.classes import CellClass, CellKind, CellStatus
from hemalens.errors import StorageError
from hemalens.records import Box, Cell


class CountFacts(BaseModel):
    """What a finished count's report tells beside its cells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelUsed
    source: str
    pixel_size_um: float | None
    warnings: tuple[str, ...]
    frames: int
    frames_left_out: dict[str, int]
    red_cells: int
    fields: float
    hemalens_version: str


def reviewable_cells(cells: Iterable[Cell]) -> Iterator[ReviewedCell]:
    """Give the stained cells that count or are to be settled, before review."""
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


class _CellLine(BaseModel):
    """What is needed of a line of ``cells.jsonl``."""

    frame: str
    cell_id: int
    kind: CellKind
    box_xyxy: tuple[int, int, int, int]
    status: CellStatus
    class_name: CellClass | None
    probability: float | None
    place: int | None = None
    position_um: tuple[float, float] | None = None


def read_cells(folder: Path) -> Iterator[Cell]:
    """Read the cells of a count's folder.

    Raises
    ------
    StorageError
        When they are not there, or damaged.
    """
    path = folder / "cells.jsonl"
    with file_errors("read", path), path.open(encoding="utf-8") as file:
        try:
            lines = [_CellLine.model_validate_json(line) for line in file]
        except ValidationError as error:
            raise StorageError(f"{path} is damaged: count the sample anew") from error
    for line in lines:
        yield Cell(
            frame=line.frame,
            frame_index=0,
            cell_id=line.cell_id,
            kind=line.kind,
            box=Box(*line.box_xyxy),
            status=line.status,
            class_name=line.class_name,
            probability=line.probability,
            place=line.place,
            position_um=line.position_um,
        )


def read_facts(
    folder: Path, source: str | None, validation_report_sha256: str | None
) -> CountFacts:
    """Read what a count's folder tells beside its cells.

    Parameters
    ----------
    folder : Path
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
    return CountFacts(
        model=ModelUsed(
            **summary.bundle.model_dump(),
            validation_report_sha256=validation_report_sha256,
        ),
        source=source if source is not None else _read_source(folder / STORE_NAME),
        pixel_size_um=summary.pixel_size_um,
        warnings=(*summary.warnings, *summary.slide_doubts),
        frames=summary.counted.frames,
        frames_left_out=summary.counted.frames_left_out,
        red_cells=summary.counted.red_cells,
        fields=summary.counted.fields,
        hemalens_version=summary.hemalens_version,
    )


def _read_source(path: Path) -> str:
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with (
        storage_errors(path),
        contextlib.closing(sqlite3.connect(uri, uri=True)) as connection,
    ):
        row = connection.execute("SELECT content FROM header").fetchone()
    return CountHeader.model_validate_json(row[0]).source
