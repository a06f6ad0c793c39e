"""Digests of what a person saw: a change of anything else is no change of theirs."""

import hashlib
from collections.abc import Iterable, Mapping

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.export.canonical import json
from edge.station.records import Report, ReviewedCell

_DIGITS = 16


def cell_digest(cell: ReviewedCell) -> str:
    """Digest a cell with all that was said of it."""
    return hashlib.sha256(cell.model_dump_json().encode()).hexdigest()[:_DIGITS]


def final_word(cell: ReviewedCell) -> str:
    """Name what a cell is now: its class, uncertain or removed."""
    return "removed" if cell.is_removed else str(cell.final_class or "uncertain")


def report_digest(report: Report) -> str:
    """Digest all that stands on a report's page, its cells among it."""
    return hashlib.sha256(json(report)).hexdigest()


def require_seen(cells: Iterable[ReviewedCell], seen: Mapping[int, str]) -> None:
    """Refuse what is said of cells that changed since they were looked at.

    Raises
    ------
    RefusedError
        Naming the first such cell, whose word stands on it and what that is.
    """
    for cell in cells:
        if seen.get(cell.cell_id) != cell_digest(cell):
            raise RefusedError(
                Reason.CELL_CHANGED,
                cell=cell.cell_id,
                person=cell.reviewed_by or "-",
                theirs=final_word(cell),
            )
