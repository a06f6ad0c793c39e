"""Amending what is signed: a new count of the same cells that refers to the former."""

import secrets
from typing import Final

from edge.station.audit.trail import Audit, Transaction
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import Amendment, Report, Sample, SampleState
from edge.station.review.actions import ReviewLog
from edge.station.review.reports import Reports
from edge.station.storage.samples import Samples

LONGEST_REASON: Final = 1000


class Amendments:
    """The amendments of signed counts.

    The former count stays as it was signed. The new one has its cells, what was said
    of them and its pictures; it is reviewed and signed as any other, and takes the
    former's place from then on.
    """

    def __init__(
        self,
        transaction: Transaction,
        audit: Audit,
        samples: Samples,
        words: ReviewLog,
        reports: Reports,
    ) -> None:
        self._transaction = transaction
        self._audit = audit
        self._samples = samples
        self._words = words
        self._reports = reports

    def begin(self, count_id: str, reason: str, person: str) -> Sample:
        """Begin to amend a signed count, and give the new one.

        Parameters
        ----------
        reason : str
            Why; it stands on the amended report.
        person : str
            Who begins it.

        Raises
        ------
        RefusedError
            When there is no such count, it is not signed or amended already, or no
            reason is given.
        """
        reason = reason.strip()
        if not 0 < len(reason) <= LONGEST_REASON:
            raise RefusedError(Reason.NO_REASON, most=LONGEST_REASON, found=len(reason))
        with self._transaction():
            former = self._reports.get(count_id)
            self._require_amendable(former)
            amendment = _amendment(former, reason, person)
            new_id = self._copy(amendment)
            rows = [("sample", new_id), *self._words.copy(count_id, to=new_id)]
            detail = {"reason": reason, "amended_by": new_id}
            self._audit.add(person, "amendment_begun", count_id, detail)
            detail = {"reason": reason, "amends": count_id}
            self._audit.add(person, "amendment_begun", new_id, detail, rows)
            return self._samples.get(new_id)

    def _require_amendable(self, former: Report) -> None:
        sample = former.sample
        if former.signature is None:
            raise RefusedError(Reason.NOT_SIGNED, sample=sample.sample_id)
        if sample.superseded_by is not None:
            raise RefusedError(Reason.SUPERSEDED, sample=sample.sample_id)
        if (begun := self._begun(sample.count_id)) is not None:
            raise RefusedError(
                Reason.AMENDMENT_OPEN, sample=sample.sample_id, count_id=begun
            )

    def _begun(self, count_id: str) -> str | None:
        """Name the count that is to amend another, and is not signed yet."""
        sql = (
            "SELECT count_id FROM sample WHERE amends = ? AND NOT is_discarded "
            "AND state != ?"
        )
        values = (count_id, SampleState.SIGNED.value)
        with self._transaction() as connection:
            row = connection.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def _copy(self, amendment: Amendment) -> str:
        """Copy a signed count into one that may be reviewed, and name that."""
        new_id, former = secrets.token_hex(16), amendment.former_count_id
        values = (new_id, SampleState.REVIEW.value, former, amendment.model_dump_json())
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO sample (count_id, state, amends, amendment, sample_id, "
                "operator, is_control, population, target, started_at, counted_at, "
                "facts, age_days, sex) SELECT ?, ?, ?, ?, sample_id, operator, "
                "is_control, population, target, started_at, counted_at, facts, "
                "age_days, sex FROM sample "
                "WHERE count_id = ?",
                (*values, former),
            )
        return new_id


def _amendment(former: Report, reason: str, person: str) -> Amendment:
    signature, earlier = former.signature, former.amendment
    if signature is None:
        raise ValueError("a report without signature cannot be amended")
    return Amendment(
        number=1 if earlier is None else earlier.number + 1,
        reason=reason,
        by=person,
        origin=former.sample.count_id if earlier is None else earlier.origin,
        former_count_id=former.sample.count_id,
        former_content_sha256=signature.content_sha256,
        former_signed_by=signature.full_name,
        former_signed_at=signature.at,
    )
