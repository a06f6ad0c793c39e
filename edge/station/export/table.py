"""The differential as CSV, for a spreadsheet."""

import csv as writer
from io import StringIO
from typing import Final

from edge.station.export.labels import ENGLISH
from edge.station.records import ClassShare, Report

COLUMNS: Final = (
    "sample_id",
    "count_id",
    "state",
    "signed_by",
    "signed_at",
    "amends",
    "amendment_reason",
    "superseded_by",
    "class",
    "count",
    "percent",
    "ci95_low_percent",
    "ci95_high_percent",
    "reference_low_percent",
    "reference_high_percent",
    "flag",
    "possible_low_percent",
    "possible_high_percent",
)


def csv(report: Report) -> str:
    """Write one line a class, and two for red cells and NRBC per 100 leukocytes."""
    text = StringIO()
    lines = writer.writer(text, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    head = _head(report)
    for share in report.differential.shares:
        lines.writerow((*head, *_share(share)))
    lines.writerow((*head, "red_cell", report.differential.red_cells, *[None] * 8))
    lines.writerow((*head, *_nrbc(report)))
    return text.getvalue()


def _head(report: Report) -> tuple[str | None, ...]:
    sample, signature = report.sample, report.signature
    signed_by = signature.full_name if signature else None
    signed_at = signature.at.isoformat() if signature else None
    amendment = report.amendment
    return (
        _harmless(sample.sample_id),
        sample.count_id,
        _state(report),
        _harmless(signed_by),
        signed_at,
        sample.amends,
        _harmless(amendment.reason if amendment else None),
        sample.superseded_by,
    )


def _state(report: Report) -> str:
    if report.signature is None:
        return "provisional"
    return "final" if report.amendment is None else "amended"


def _harmless(text: str | None) -> str | None:
    # A spreadsheet runs a field that begins so as a formula.
    return f"'{text}" if text and text[0] in "=+-@\t\r" else text


def _share(share: ClassShare) -> tuple[str | int | float | None, ...]:
    limits = share.ci95_percent or (None, None)
    reference = share.reference_percent or (None, None)
    return (
        share.class_name.value,
        share.count,
        share.percent,
        *limits,
        *reference,
        ENGLISH[share.flag] if share.flag else None,
        *(share.possible_percent or (None, None)),
    )


def _nrbc(report: Report) -> tuple[str | float | None, ...]:
    differential = report.differential
    limits = differential.nrbc_ci95_per_100_wbc or (None, None)
    value = differential.nrbc_per_100_wbc
    possible = differential.nrbc_possible_per_100_wbc or (None, None)
    reference = differential.nrbc_reference_per_100_wbc or (None, None)
    flag = ENGLISH[differential.nrbc_flag] if differential.nrbc_flag else None
    return ("nrbc_per_100_wbc", None, value, *limits, *reference, flag, *possible)
