"""A station with a finished count, made without a camera or a model."""

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from edge.records.moment import Moment
from edge.records.population import Population
from edge.records.summary import BundleName, Summary
from edge.station.records import Role, Sample
from edge.station.security.accounts import Account
from edge.station.station import Station
from edge.store import CountStore
from hemalens.classes import CellStatus
from hemalens.passwords import PasswordHasher
from hemalens.records import Cell
from tests.edge.made_counts import NOON, made_cell, made_frame, made_header

PASSWORD = "correct horse"
CELLS = (
    *(made_cell(n, "neutrophil") for n in range(6)),
    *(made_cell(n, "lymphocyte") for n in range(6, 9)),
    made_cell(9, "monocyte", CellStatus.UNCERTAIN),
    made_cell(10, "platelet"),
    made_cell(11, "erythroblast"),
    made_cell(12, "neutrophil", CellStatus.DUPLICATE),
    made_cell(13, "neutrophil", CellStatus.BORDER, whole=False),
    made_cell(14, None),
)
"""Nine leukocytes counted and one open."""


def quick_hasher() -> PasswordHasher:
    return PasswordHasher(memory_kib=8, passes=1, lanes=1)


def open_station(folder: Path) -> Station:
    return Station.open(folder, laboratory="Made laboratory", hasher=quick_hasher())


def add_account(
    station: Station, name: str = "ana", role: Role = Role.OPERATOR
) -> Account:
    return station.accounts.add(name, f"{name.title()} Test", role, PASSWORD, "test")


def begin(
    station: Station, sample_id: str = "S-1", *, is_control: bool = False
) -> Sample:
    return station.samples.begin(
        sample_id, "ana", Population.UNRESTRICTED, 3, is_control
    )


def finish(station: Station, count_id: str, cells: tuple[Cell, ...] = CELLS) -> Sample:
    write_results(station.samples.folder(count_id), cells)
    return station.samples.counted(count_id, validation_report_sha256="a" * 64)


def finished(station: Station, sample_id: str = "S-1") -> str:
    count_id = begin(station, sample_id).count_id
    finish(station, count_id)
    return count_id


def write_results(folder: Path, cells: tuple[Cell, ...] = CELLS) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "count.sqlite").unlink(missing_ok=True)
    store = CountStore.create(folder / "count.sqlite", made_header("demo:"))
    for name, of_frame in groupby(cells, lambda cell: cell.frame):
        store.add(made_frame(*of_frame, name=name), Moment(at=NOON, counted_s=1.0))
    store.seal()
    (folder / "summary.json").write_text(_summary().model_dump_json())


def _summary() -> Summary:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    return Summary.model_validate(
        {
            "frames": 4,
            "frames_left_out": {"out of focus": 1},
            "warnings": ("the light is dim",),
            "slide_doubts": ("the stain is strange",),
            "places": 1,
            "target": 100,
            "leukocytes": 9,
            "leukocytes_to_review": 1,
            "counts": {},
            "red_cells": 321,
            "platelets": 1,
            "fields": 4.0,
            "platelets_per_field": 0.25,
            "platelets_ci95_per_field": None,
            "platelets_per_100_red_cells": None,
            "platelets_ci95_per_100_red_cells": None,
            "differential_percent": {},
            "ci95_percent": {},
            "nrbc_per_100_wbc": None,
            "nrbc_ci95_per_100_wbc": None,
            "uncertain": 1,
            "border": 1,
            "out_of_focus": 0,
            "duplicates": 1,
            "pixel_size_um": 0.1,
            "bundle": BundleName(name="cnn", version="1.0.0", sha256="0" * 64),
            "hemalens_version": "0.1.0",
            "started_at": noon,
            "finished_at": noon,
            "counted_s": 1.0,
            "times_continued": 0,
        }
    )
