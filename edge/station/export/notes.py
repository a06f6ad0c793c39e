"""What every message to another system says beside its numbers."""

from collections.abc import Iterator
from typing import Final

from edge.station.records import Report

PRE_CLASSIFIED: Final = "Pre-classified by HemaLens; a qualified person signs."
PROVISIONAL: Final = "Provisional: not signed, may change."


def notes(report: Report) -> Iterator[str]:
    """Tell how the result came about, what to doubt, and what the person wrote."""
    model = report.model
    yield PRE_CLASSIFIED
    yield (
        f"Model {model.name} {model.version}, SHA-256 {model.sha256}, "
        f"HemaLens {report.hemalens_version}, "
        f"{report.differential.leukocytes} leukocytes on {report.frames} frames."
    )
    yield from report.warnings
    if report.comment:
        yield report.comment
    if report.signature is None:
        yield PROVISIONAL
    else:
        yield f"Signed content SHA-256 {report.signature.content_sha256}."
