"""Results on their way to the laboratory system."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.export.outbox import ExportOutbox, OutboxEntry
from edge.station.records import SampleState
from edge.station.routes.authorization import Context, ContextDep, Reader
from edge.station.routes.samples import CountId, require_sample

router = APIRouter(tags=["outbox"])

_MESSAGE_ID = r"^[0-9a-f]{20}$"
MessageId = Annotated[str, Path(pattern=_MESSAGE_ID)]


class Queued(BaseModel):
    """A message that waits for the laboratory system."""

    message_id: str


class SendWanted(BaseModel):
    """What is to be sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_provisional: bool = False
    """An unsigned result is meant to be sent."""


class OutboxShown(BaseModel):
    """The messages, and whether they have where to go."""

    is_delivering: bool
    """A laboratory system is named; without one messages wait."""
    entries: tuple[OutboxEntry, ...]


@router.post("/samples/{count_id}/send", status_code=202)
def send(
    count_id: CountId,
    account: Reader,
    context: ContextDep,
    wanted: SendWanted | None = None,
) -> Queued:
    """Queue a result for the laboratory system; an unsigned one when it is meant."""
    sample = require_sample(context, count_id)
    if sample.state is SampleState.COUNTING:
        raise RefusedError(Reason.STILL_COUNTING, sample=sample.sample_id)
    if sample.superseded_by is not None:
        raise RefusedError(Reason.SUPERSEDED, sample=sample.sample_id)
    if sample.is_control:
        raise RefusedError(Reason.CONTROL, sample=sample.sample_id)
    with context.station.transaction():
        report = context.station.reports.get(count_id)
        if report.signature is None and not (wanted and wanted.is_provisional):
            open_cells = report.differential.open_cells
            raise RefusedError(
                Reason.PROVISIONAL, sample=sample.sample_id, open=open_cells
            )
        message_id = _outbox(context).add(report, datetime.now(UTC))
        detail = {"message_id": message_id}
        context.station.audit.add(account.name, "queued", count_id, detail)
    return Queued(message_id=message_id)


@router.get("/outbox")
def outbox(
    account: Reader,  # noqa: ARG001 - asked for
    context: ContextDep,
    before: Annotated[str | None, Query(pattern=_MESSAGE_ID)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> OutboxShown:
    """List the messages, newest first."""
    return OutboxShown(
        is_delivering=bool(context.settings.deliver_to),
        entries=_outbox(context).entries(limit, before),
    )


@router.post("/outbox/{message_id}/again")
def send_again(
    message_id: MessageId, account: Reader, context: ContextDep
) -> OutboxEntry:
    """Send a message that waits, or was rejected, as soon as may be."""
    with context.station.transaction():
        entry = _outbox(context).again(message_id, datetime.now(UTC))
        detail = {"message_id": message_id}
        context.station.audit.add(account.name, "sent_again", entry.count_id, detail)
    return entry


def _outbox(context: Context) -> ExportOutbox:
    return ExportOutbox(context.station.transaction)
