"""Signing in and out."""

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import Role
from edge.station.routes.authorization import (
    COOKIE,
    Anyone,
    Context,
    ContextDep,
    ForAnybody,
    csrf_of,
    require_attempt,
    require_own_page,
    session_token,
)
from edge.station.security.accounts import Account

router = APIRouter(tags=["session"])


class SignIn(BaseModel):
    """Who wants in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1024)


class AccountShown(BaseModel):
    """An account without its secrets."""

    name: str
    full_name: str
    role: Role
    is_disabled: bool = False
    """May not sign in any more."""


class SessionShown(BaseModel):
    """Who is signed in, and what unsafe requests must carry."""

    account: AccountShown
    csrf: str
    needs_password: bool
    """A signature asks for the password; not at a station without accounts."""


class NewPassword(BaseModel):
    """A change of one's own password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    old: str = Field(min_length=1, max_length=1024)
    new: str = Field(min_length=1, max_length=1024)


@router.post("/session", dependencies=[Depends(ForAnybody())])
def sign_in(
    wanted: SignIn, request: Request, response: Response, context: ContextDep
) -> SessionShown:
    """Sign in; an earlier session of this browser ends."""
    require_own_page(request)
    if context.automatic is not None:
        return _shown(context.automatic, context, None)
    address = request.client.host if request.client else "nowhere"
    # Not the name alone: whoever knows it would lock its owner out.
    keys = (f"name {wanted.name} at {address}", f"address {address}")
    require_attempt(context, *keys)
    account = context.station.accounts.check(wanted.name, wanted.password)
    if account is None:
        raise RefusedError(Reason.WRONG_SIGN_IN)
    context.sign_ins.succeeded(*keys)
    if (old := request.cookies.get(COOKIE)) is not None:
        context.station.accounts.end(old)
    token = context.station.accounts.begin(account)
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="strict",
        secure=context.settings.is_tls,
        path="/",
    )
    return _shown(account, context, token)


@router.get("/session")
def who(account: Anyone, request: Request, context: ContextDep) -> SessionShown:
    """Return who is signed in."""
    return _shown(account, context, session_token(context, request))


@router.delete("/session", status_code=204)
def sign_out(
    account: Anyone,  # noqa: ARG001 - asked for
    request: Request,
    response: Response,
    context: ContextDep,
) -> None:
    """End the session."""
    if (token := session_token(context, request)) is not None:
        context.station.accounts.end(token)
    response.delete_cookie(COOKIE, path="/")


@router.post("/password", status_code=204)
def change_password(wanted: NewPassword, account: Anyone, context: ContextDep) -> None:
    """Change one's own password."""
    if context.automatic is not None:
        raise RefusedError(Reason.NO_ACCOUNTS)
    key = f"name {account.name}"
    require_attempt(context, key)
    if context.station.accounts.check(account.name, wanted.old) is None:
        raise RefusedError(Reason.WRONG_PASSWORD)
    context.sign_ins.succeeded(key)
    context.station.accounts.change_password(account.name, wanted.new, account.name)


def _shown(account: Account, context: Context, token: str | None) -> SessionShown:
    return SessionShown(
        account=shown_account(account),
        csrf=csrf_of(context, token),
        needs_password=context.automatic is None,
    )


def shown_account(account: Account) -> AccountShown:
    """Leave out nothing: an account holds no secret."""
    return AccountShown(
        name=account.name,
        full_name=account.full_name,
        role=account.role,
        is_disabled=account.is_disabled,
    )
