"""The audit trail, for supervisors."""

from typing import Annotated

from fastapi import APIRouter, Query

from edge.station.audit_check import check_trail
from edge.station.records import AuditEntry, TrailCheck
from edge.station.routes.authorization import ContextDep, Supervisor

router = APIRouter(tags=["audit"], prefix="/audit")


@router.get("")
def trail(
    account: Supervisor,  # noqa: ARG001 - asked for
    context: ContextDep,
    count_id: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$")] = None,
    before: Annotated[int | None, Query(ge=1, lt=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> tuple[AuditEntry, ...]:
    """Read lines of the trail, newest first: of one count, or of all."""
    return context.station.audit.latest(count_id, before, limit)


@router.get("/check")
def check(account: Supervisor, context: ContextDep) -> TrailCheck:  # noqa: ARG001
    """Check that no line was changed, and the data against them.

    The station goes on meanwhile.
    """
    return check_trail(context.station.folder)
