"""What every message to another system says beside its numbers."""

from collections.abc import Iterator
from typing import Final

from edge.station.records import Report

PRE_CLASSIFIED: Final = "Pre-classified by HemaLens; a qualified person signs."
PROVISIONAL: Final = "Provisional: not signed, may change."
BELOW_TARGET: Final = "Below the target: {count} of {target} leukocytes counted."
SUPERSEDED: Final = "Superseded: an amended report has taken its place."


def origin(report: Report) -> str:
    """Name the count by which other systems know a report, amended or not."""
    amendment = report.amendment
    return report.sample.count_id if amendment is None else amendment.origin


def notes(report: Report) -> Iterator[str]:
    """List how the result came about, what to doubt, and what the person wrote."""
    model = report.model
    yield PRE_CLASSIFIED
    yield (
        f"Model {model.name} {model.version}, SHA-256 {model.sha256}, "
        f"HemaLens {report.hemalens_version}, "
        f"{report.differential.leukocytes} leukocytes on {report.frames} frames."
    )
    if report.is_below_target:
        count, target = report.differential.leukocytes, report.sample.target
        yield BELOW_TARGET.format(count=count, target=target)
    yield from report.warnings
    if report.comment:
        yield report.comment
    yield from _amended(report)
    if report.signature is None:
        yield PROVISIONAL
    else:
        yield f"Signed content SHA-256 {report.signature.content_sha256}."


def _amended(report: Report) -> Iterator[str]:
    if (amendment := report.amendment) is not None:
        yield (
            f"Amendment {amendment.number}: takes the place of the report signed by "
            f"{amendment.former_signed_by} at "
            f"{amendment.former_signed_at.isoformat()}, signed content SHA-256 "
            f"{amendment.former_content_sha256}. Reason: {amendment.reason}"
        )
    if report.sample.superseded_by is not None:
        yield SUPERSEDED
