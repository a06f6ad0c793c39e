"""The samples at the station, from the start of their count."""

import re
import secrets
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edge.records.population import Population
from edge.results.reference_ranges import Sex
from edge.results.unfinished import STORE_NAME, unfinished_folder
from edge.station.audit.trail import Audit, Transaction
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import Amendment, ReviewedCell, Sample, SampleState
from edge.station.storage.counted_results import (
    STAINED,
    CountFacts,
    read_cells,
    read_facts,
)
from edge.store import CountStore, file_errors
from hemalens.classes import CellStatus
from hemalens.records import Cell

_COUNT_ID: Final = re.compile("[0-9a-f]{32}")
_LONGEST_SAMPLE_ID: Final = 64
_KEPT: Final = (
    "sample_id, count_id, operator, state, is_control, population, target, "
    "started_at, counted_at, signed_at, signed_by, amends, age_days, sex"
)
_SUPERSEDED_BY: Final = (
    "SELECT later.count_id FROM sample AS later "
    "WHERE later.amends = sample.count_id AND later.state = 'signed'"
)
_COLUMNS: Final = f"{_KEPT}, ({_SUPERSEDED_BY}) AS superseded_by"
_NAMES: Final = (*_KEPT.split(", "), "superseded_by")


class Samples:
    """The counts begun at the station, and the folders of their results.

    Parameters
    ----------
    folder : Path
        Holds a folder for each count.
    """

    def __init__(self, transaction: Transaction, audit: Audit, folder: Path) -> None:
        self._transaction = transaction
        self._audit = audit
        self._folder = folder

    def begin(
        self,
        sample_id: str,
        operator: str,
        population: Population,
        target: int | None,
        is_control: bool = False,
        count_id: str | None = None,
        age_days: int | None = None,
        sex: Sex | None = None,
    ) -> Sample:
        """Begin a sample's count.

        Raises
        ------
        RefusedError
            When the sample has no usable name, or the count is there already.
        """
        sample = Sample(
            sample_id=_checked_sample_id(sample_id),
            count_id=_checked(count_id or secrets.token_hex(16)),
            operator=operator,
            state=SampleState.COUNTING,
            is_control=is_control,
            population=population,
            target=target,
            started_at=datetime.now(UTC),
            age_days=age_days,
            sex=sex,
        )
        values = ", ".join("?" * len(_to_row(sample)))
        sql = f"INSERT OR IGNORE INTO sample ({_KEPT}) VALUES ({values})"  # noqa: S608
        with self._transaction() as connection:
            if not connection.execute(sql, _to_row(sample)).rowcount:
                raise RefusedError(Reason.COUNT_THERE, count_id=sample.count_id)
            detail = {"target": target, "is_control": is_control}
            rows = [("sample", sample.count_id)]
            self._audit.add(operator, "count_started", sample.count_id, detail, rows)
        return sample

    def get(self, count_id: str) -> Sample:
        """Read the sample of a count.

        Raises
        ------
        RefusedError
            When there is none, it was discarded, or changed past the station.
        """
        sql = (
            f"SELECT {_COLUMNS} FROM sample "  # noqa: S608
            "WHERE count_id = ? AND NOT is_discarded"
        )
        with self._transaction() as connection:
            self._audit.require_as_kept("sample", _checked(count_id))
            row = connection.execute(sql, (count_id,)).fetchone()
        if row is None:
            raise RefusedError(Reason.NO_SUCH_COUNT)
        return _from_row(row)

    def all(self, limit: int = 100, before: str | None = None) -> tuple[Sample, ...]:
        """Read samples, newest first; those begun before the count `before`."""
        sql = (
            f"SELECT {_COLUMNS} FROM sample WHERE NOT is_discarded "  # noqa: S608
            "AND (? IS NULL OR number < "
            "(SELECT number FROM sample WHERE count_id = ?)) "
            "ORDER BY number DESC LIMIT ?"
        )
        with self._transaction() as connection:
            rows = connection.execute(sql, (before, before, limit))
            return tuple(_from_row(row) for row in rows)

    def counting(self) -> Sample | None:
        """Find the sample whose count goes on, or was broken off."""
        sql = (
            f"SELECT {_COLUMNS} FROM sample WHERE NOT is_discarded "  # noqa: S608
            "AND state = ? ORDER BY number DESC LIMIT 1"
        )
        with self._transaction() as connection:
            row = connection.execute(sql, (SampleState.COUNTING.value,)).fetchone()
        return None if row is None else _from_row(row)

    def signed(self, sample_id: str) -> Sample | None:
        """Find the last signed count of a sample's id."""
        sql = (
            f"SELECT {_COLUMNS} FROM sample WHERE sample_id = ? "  # noqa: S608
            "AND state = ? AND NOT is_control ORDER BY number DESC LIMIT 1"
        )
        values = (sample_id.strip(), SampleState.SIGNED.value)
        with self._transaction() as connection:
            row = connection.execute(sql, values).fetchone()
        return None if row is None else _from_row(row)

    def amendment(self, count_id: str) -> Amendment | None:
        """Read what a count amends, and why; None where it amends nothing.

        Raises
        ------
        RefusedError
            When it was changed past the station.
        """
        sql = "SELECT amendment FROM sample WHERE count_id = ?"
        with self._transaction() as connection:
            self._audit.require_as_kept("sample", _checked(count_id))
            row = connection.execute(sql, (count_id,)).fetchone()
        if row is None or row[0] is None:
            return None
        return Amendment.model_validate_json(row[0])

    def pictures(self, count_id: str) -> Path:
        """Name the folder that has a count's pictures: an amended one's are shared."""
        amendment = self.amendment(count_id)
        return self.folder(count_id if amendment is None else amendment.origin)

    def folder(self, count_id: str) -> Path:
        """Name the folder of a count's results, there or yet to be made.

        Raises
        ------
        RefusedError
            When `count_id` can be no count's.
        """
        return self._folder / _checked(count_id)

    def counted(
        self,
        count_id: str,
        *,
        source: str | None = None,
        validation_report_sha256: str | None = None,
    ) -> Sample:
        """Take over what a finished count found, and open it for review.

        A count that was continued takes its earlier result's place; what people said
        of its cells stays.

        Parameters
        ----------
        source : str, optional
            In place of what the count's store tells.
        validation_report_sha256 : str, optional
            Of the evidence its model came with.

        Raises
        ------
        RefusedError
            When it is signed.
        StorageError
            When its folder is not complete.
        """
        folder = self.folder(count_id)
        facts = read_facts(folder, source, validation_report_sha256)
        cells = read_cells(folder / STORE_NAME, facts.store_sha256)
        with self._transaction() as connection:
            sample = self.unsigned(count_id)
            connection.execute(
                "UPDATE sample SET state = ?, counted_at = ?, facts = ? "
                "WHERE count_id = ?",
                (
                    SampleState.REVIEW.value,
                    datetime.now(UTC).isoformat(),
                    facts.model_dump_json(),
                    count_id,
                ),
            )
            detail = {"frames": facts.counted.frames, "cells": len(cells)}
            rows = [("sample", count_id)]
            self._audit.add(sample.operator, "counted", count_id, detail, rows)
            return self.get(count_id)

    def continued(self, count_id: str, person: str, target: int) -> Sample:
        """Keep the new target of a count that goes on beyond its first.

        Raises
        ------
        RefusedError
            When it is signed.
        """
        with self._transaction() as connection:
            self.unsigned(count_id)
            sql = "UPDATE sample SET target = ? WHERE count_id = ?"
            connection.execute(sql, (target, count_id))
            detail = {"target": target}
            rows = [("sample", count_id)]
            self._audit.add(person, "count_continued", count_id, detail, rows)
            return self.get(count_id)

    def discard(self, count_id: str, person: str) -> None:
        """Take a count out of the list and remove its pictures; the trail stays.

        Raises
        ------
        RefusedError
            When it is signed.
        """
        with self._transaction() as connection:
            self.unsigned(count_id)
            connection.execute(
                "UPDATE sample SET is_discarded = 1 WHERE count_id = ?", (count_id,)
            )
            rows = [("sample", count_id)]
            self._audit.add(person, "count_discarded", count_id, rows=rows)
        folder = self.folder(count_id)
        for place in (folder, unfinished_folder(folder)):
            with file_errors("remove", place):
                if place.exists():
                    shutil.rmtree(place)

    def unsigned(self, count_id: str) -> Sample:
        """Read the sample of a count that may still be changed.

        Raises
        ------
        RefusedError
            When it is signed, or there is none.
        """
        sample = self.get(count_id)
        if sample.state is SampleState.SIGNED:
            raise RefusedError(
                Reason.COUNT_SIGNED,
                sample=sample.sample_id,
                person=sample.signed_by or "",
            )
        return sample

    def facts(self, count_id: str) -> CountFacts | None:
        """Read what a finished count's report tells; None while it goes on.

        Raises
        ------
        RefusedError
            When it was changed past the station.
        """
        sql = "SELECT facts FROM sample WHERE count_id = ?"
        with self._transaction() as connection:
            self._audit.require_as_kept("sample", _checked(count_id))
            row = connection.execute(sql, (count_id,)).fetchone()
        if row is None or row[0] is None:
            return None
        return CountFacts.model_validate_json(row[0])

    def model_cells(
        self, count_id: str, only: Iterable[int] | None = None
    ) -> tuple[ReviewedCell, ...]:
        """Read a finished count's stained cells, or some, as the model left them.

        Raises
        ------
        StorageError
            When the count's store is not there, or was changed.
        """
        facts = self.facts(count_id)
        if facts is None:
            return ()
        store = self.pictures(count_id) / STORE_NAME
        cells = read_cells(store, facts.store_sha256)
        if only is None:
            return tuple(cells.values())
        return tuple(cells[cell_id] for cell_id in sorted(only) if cell_id in cells)

    def duplicates(self, count_id: str, frame: str) -> tuple[Cell, ...]:
        """Read a finished count's views in a frame of cells that another view counts.

        Raises
        ------
        StorageError
            When the count's store is not there.
        """
        if self.facts(count_id) is None:
            return ()
        with CountStore.open_sealed(self.pictures(count_id) / STORE_NAME) as store:
            return tuple(
                cell
                for cell in store.cells(STAINED)
                if cell.frame == frame and cell.status is CellStatus.DUPLICATE
            )


def _checked(count_id: str) -> str:
    if not _COUNT_ID.fullmatch(count_id):
        raise RefusedError(Reason.COUNT_NAME)
    return count_id


def _checked_sample_id(sample_id: str) -> str:
    found = sample_id.strip()
    if not found or len(found) > _LONGEST_SAMPLE_ID or not found.isprintable():
        raise RefusedError(
            Reason.SAMPLE_NAME, most=_LONGEST_SAMPLE_ID, found=len(found)
        )
    return found


def _to_row(sample: Sample) -> tuple[str | int | None, ...]:
    return (
        sample.sample_id,
        sample.count_id,
        sample.operator,
        sample.state.value,
        int(sample.is_control),
        sample.population.value,
        sample.target,
        sample.started_at.isoformat(),
        None,
        None,
        None,
        None,
        sample.age_days,
        None if sample.sex is None else sample.sex.value,
    )


def _from_row(row: tuple[str | int | None, ...]) -> Sample:
    return Sample.model_validate(dict(zip(_NAMES, row, strict=True)), strict=False)
