"""The audit trail and the accounts."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from edge.station.guard import AccountReader, Here, Service, Supervisor
from edge.station.records import AuditEntry, Role
from edge.station.routes.session import AccountShown

router = APIRouter(tags=["keeping"])


class NewAccount(BaseModel):
    """An account to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    full_name: str = Field(min_length=1, max_length=128)
    role: Role
    password: str = Field(min_length=1, max_length=1024)


@router.get("/audit")
def audit(
    account: Supervisor,  # noqa: ARG001 - asked for
    context: Here,
    count_id: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$")] = None,
    after: Annotated[int, Query(ge=0, lt=2**62)] = 0,
) -> tuple[AuditEntry, ...]:
    """Give the trail."""
    return tuple(context.station.audit.entries(count_id=count_id, after=after))


@router.get("/accounts")
def accounts(account: AccountReader, context: Here) -> tuple[AccountShown, ...]:  # noqa: ARG001
    """List the accounts."""
    return tuple(
        AccountShown(name=one.name, full_name=one.full_name, role=one.role)
        for one in context.station.accounts.all()
    )


@router.post("/accounts", status_code=201)
def add_account(wanted: NewAccount, account: Service, context: Here) -> AccountShown:
    """Make an account."""
    made = context.station.accounts.add(
        wanted.name, wanted.full_name, wanted.role, wanted.password, account.name
    )
    return AccountShown(name=made.name, full_name=made.full_name, role=made.role)
