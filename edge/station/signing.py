"""Signing a count: what was signed is kept, byte by byte, and changes no more."""

import hashlib
from datetime import UTC, datetime

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.export.canonical import json
from edge.station.records import CountSignature, Report, Role, Sample, SampleState
from edge.station.review.seen import report_digest
from edge.station.security.accounts import Account
from edge.station.station import Station


def sign(
    station: Station,
    count_id: str,
    account: Account,
    password: str,
    comment: str = "",
    seen: str | None = None,
    *,
    is_below_target: bool = False,
) -> CountSignature:
    """Sign a count as reviewed; it is immutable from then on.

    Parameters
    ----------
    account : Account
        Who signs; a service account may not.
    password : str
        Asked again; at a station without accounts anything.
    comment : str
        Stands on the report.
    seen : str, optional
        Digest (`edge.station.review.seen`) of the report that the person read.
    is_below_target : bool
        Fewer leukocytes than were wanted are meant to be signed.

    Raises
    ------
    RefusedError
        When the account may not sign, the password is wrong, which the trail keeps,
        cells are not settled, the count goes on or is signed already, the report is
        another than the one read, or too few leukocytes are counted.
    """
    if account.role is Role.SERVICE or account.is_disabled:
        raise RefusedError(Reason.MAY_NOT_SIGN, person=account.name)
    if not station.accounts.confirms(account, password):
        station.audit.add(account.name, "signing_refused", count_id)
        raise RefusedError(Reason.WRONG_PASSWORD)
    with station.transaction():
        report = _signable(station, count_id, account)
        if seen is not None and seen != report_digest(report):
            sample = report.sample.sample_id
            raise RefusedError(Reason.REPORT_CHANGED, sample=sample)
        _require_enough(report, is_below_target=is_below_target)
        now = datetime.now(UTC)
        signed = _as_signed(report, account, comment, now)
        signature = _keep(station, signed, account, now)
        detail = {
            "content_sha256": signature.content_sha256,
            "seen_sha256": report_digest(report),
        }
        rows = [("sample", count_id), ("signature", count_id)]
        station.audit.add(account.name, "signed", count_id, detail, rows)
        if report.sample.amends is not None:
            detail = {"superseded_by": count_id}
            former = report.sample.amends
            station.audit.add(account.name, "superseded", former, detail)
    return signature


def _signable(station: Station, count_id: str, account: Account) -> Report:
    sample = station.samples.unsigned(count_id)
    if sample.amends is not None and account.role is not Role.SUPERVISOR:
        raise RefusedError(Reason.AMENDMENT_NEEDS_SUPERVISOR)
    if sample.state is SampleState.COUNTING:
        raise RefusedError(Reason.STILL_COUNTING, sample=sample.sample_id)
    report = station.reports.get(count_id)
    if report.differential.open_cells:
        raise RefusedError(
            Reason.CELLS_OPEN,
            open=report.differential.open_cells,
            sample=sample.sample_id,
        )
    return report


def _require_enough(report: Report, *, is_below_target: bool) -> None:
    sample, count = report.sample, report.differential.leukocytes
    if not count:
        raise RefusedError(Reason.NOTHING_COUNTED, sample=sample.sample_id)
    if report.is_below_target and not is_below_target:
        raise RefusedError(
            Reason.BELOW_TARGET,
            count=count,
            target=sample.target or 0,
            sample=sample.sample_id,
        )


def _as_signed(report: Report, account: Account, comment: str, at: datetime) -> Report:
    signed: Sample = report.sample.model_copy(
        update={
            "state": SampleState.SIGNED,
            "signed_at": at,
            "signed_by": account.name,
        }
    )
    return report.model_copy(update={"sample": signed, "comment": comment.strip()})


def _keep(
    station: Station, report: Report, account: Account, at: datetime
) -> CountSignature:
    content = json(report)
    signature = CountSignature(
        person=account.name,
        full_name=account.full_name,
        at=at,
        content_sha256=hashlib.sha256(content).hexdigest(),
    )
    count_id = report.sample.count_id
    when = at.isoformat()
    with station.transaction() as connection:
        connection.execute(
            "UPDATE sample SET state = ?, signed_at = ?, signed_by = ? "
            "WHERE count_id = ?",
            (SampleState.SIGNED.value, when, account.name, count_id),
        )
        connection.execute(
            "INSERT INTO signature VALUES (?, ?, ?, ?, ?, ?)",
            (
                count_id,
                account.name,
                account.full_name,
                when,
                signature.content_sha256,
                content,
            ),
        )
    return signature
