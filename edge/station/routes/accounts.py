"""The accounts: service keeps them, supervisors see them."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from edge.station.records import Role
from edge.station.routes.authorization import AccountReader, ContextDep, Service
from edge.station.routes.session import AccountShown, shown_account

router = APIRouter(tags=["accounts"], prefix="/accounts")

Name = Annotated[str, Path(min_length=1, max_length=64)]


class NewAccount(BaseModel):
    """An account to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    full_name: str = Field(min_length=1, max_length=128)
    role: Role
    password: str = Field(min_length=1, max_length=1024)


class NewRole(BaseModel):
    """What a person may do from now on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role


class GivenPassword(BaseModel):
    """A password for somebody who has lost theirs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    password: str = Field(min_length=1, max_length=1024)


@router.get("")
def accounts(account: AccountReader, context: ContextDep) -> tuple[AccountShown, ...]:  # noqa: ARG001
    """List the accounts, locked ones too."""
    return tuple(shown_account(one) for one in context.station.accounts.all())


@router.post("", status_code=201)
def add(wanted: NewAccount, account: Service, context: ContextDep) -> AccountShown:
    """Make an account."""
    made = context.station.accounts.add(
        wanted.name, wanted.full_name, wanted.role, wanted.password, account.name
    )
    return shown_account(made)


@router.post("/{name}/lock")
def lock(name: Name, account: Service, context: ContextDep) -> AccountShown:
    """Let a person in no more; it takes effect at once."""
    return shown_account(context.station.accounts.disable(name, account.name))


@router.post("/{name}/unlock")
def unlock(name: Name, account: Service, context: ContextDep) -> AccountShown:
    """Let a person in again."""
    return shown_account(context.station.accounts.enable(name, account.name))


@router.post("/{name}/role")
def change_role(
    name: Name, wanted: NewRole, account: Service, context: ContextDep
) -> AccountShown:
    """Change a person's role; they sign in anew."""
    changed = context.station.accounts.change_role(name, wanted.role, account.name)
    return shown_account(changed)


@router.post("/{name}/password", status_code=204)
def give_password(
    name: Name, wanted: GivenPassword, account: Service, context: ContextDep
) -> None:
    """Set a person's new password; the trail keeps who set it."""
    context.station.accounts.change_password(name, wanted.password, account.name)
