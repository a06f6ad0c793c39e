"""A count's report: as it was signed, byte by byte, or as it stands."""

import hashlib
from datetime import datetime
from typing import Final

from edge.results.tally import Tally
from edge.station.audit.trail import Audit, Transaction
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import CountSignature, ModelUsed, Report
from edge.station.review.reviews import Reviews
from edge.station.storage.counted_results import CountFacts
from edge.station.storage.samples import Samples

_STILL_COUNTING: Final = CountFacts(
    model=ModelUsed(name="", version="", sha256="", validation_report_sha256=None),
    source="",
    store_sha256="",
    pixel_size_um=None,
    warnings=(),
    counted=Tally().counts(None),
    hemalens_version="",
)


class Reports:
    """The reports of the station's counts.

    Parameters
    ----------
    laboratory : str
        Stands at the head of reports.
    """

    def __init__(
        self,
        transaction: Transaction,
        audit: Audit,
        samples: Samples,
        reviews: Reviews,
        laboratory: str,
    ) -> None:
        self._transaction = transaction
        self._audit = audit
        self._samples = samples
        self._reviews = reviews
        self._laboratory = laboratory

    def get(self, count_id: str) -> Report:
        """Read a count's report.

        Raises
        ------
        RefusedError
            When there is no such count, or what is kept is not what was signed.
        """
        with self._transaction():
            return self._signed(count_id) or self._standing(count_id)

    def _signed(self, count_id: str) -> Report | None:
        sql = (
            "SELECT content, person, full_name, at, content_sha256 FROM signature "
            "WHERE count_id = ?"
        )
        with self._transaction() as connection:
            self._audit.require_as_kept("signature", count_id)
            row = connection.execute(sql, (count_id,)).fetchone()
        if row is None:
            return None
        content, person, full_name, at, content_sha256 = row
        if hashlib.sha256(content).hexdigest() != content_sha256:
            raise RefusedError(Reason.SIGNATURE_BROKEN, count_id=count_id)
        signature = CountSignature(
            person=person,
            full_name=full_name,
            at=datetime.fromisoformat(at),
            content_sha256=content_sha256,
        )
        report = Report.model_validate_json(content)
        now = self._samples.get(count_id)
        sample = report.sample.model_copy(update={"superseded_by": now.superseded_by})
        return report.model_copy(update={"signature": signature, "sample": sample})

    def _comment(self, count_id: str) -> str:
        """Read the comment that an amendment begins with: the former report's."""
        former = self._signed(count_id)
        return "" if former is None else former.comment

    def _standing(self, count_id: str) -> Report:
        sample = self._samples.get(count_id)
        facts = self._samples.facts(count_id) or _STILL_COUNTING
        return Report(
            sample=sample,
            differential=self._reviews.differential(count_id),
            cells=self._reviews.cells(count_id),
            model=facts.model,
            source=facts.source,
            pixel_size_um=facts.pixel_size_um,
            warnings=facts.warnings,
            frames=facts.counted.frames,
            frames_left_out=facts.counted.frames_left_out,
            laboratory=self._laboratory,
            hemalens_version=facts.hemalens_version,
            comment="" if sample.amends is None else self._comment(sample.amends),
            amendment=self._samples.amendment(count_id),
        )
