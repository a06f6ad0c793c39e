"""The report as JSON with one spelling only."""

from json import dumps

from edge.station.records import Report


def json(report: Report) -> bytes:
    """Spell a report: sorted keys, no spaces, UTF-8, so that equals are equal bytes."""
    return dumps(
        report.model_dump(mode="json"),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    ).encode()
