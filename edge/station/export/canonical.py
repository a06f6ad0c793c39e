"""The report as JSON with one spelling only: what is exported, and what is signed."""

from json import dumps

from edge.station.records import Report


def json(report: Report) -> bytes:
    """Spell a report: sorted keys, no spaces, UTF-8, so that equals are equal bytes.

    A signature's ``content_sha256`` is the SHA-256 of this with ``signature`` and the
    sample's ``superseded_by`` null, for these come after it.
    """
    return dumps(
        report.model_dump(mode="json"),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    ).encode()
