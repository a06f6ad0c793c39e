"""Who may ask what: each route names the roles it answers to."""

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.live.controller import Live
from edge.station.records import ModelUsed, Role
from edge.station.security.accounts import Account
from edge.station.security.limits import SignInLimit
from edge.station.settings import StationSettings
from edge.station.station import Station

COOKIE: Final = "hemalens_session"
_COOKIE: Final = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description="Given when signing in. Requests that are not safe also carry the "
    "session's csrf in X-CSRF-Token.",
)
"""For the API's description; the session is looked up by what it depends on."""
_OWN_PAGE: Final = frozenset({"same-origin", "none"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the routes work with.

    Parameters
    ----------
    starting : Lock
        Held while a count begins.
    secret : bytes
        Of this process, where there is no session.
    automatic : Account, optional
        Who everybody is on a loopback without accounts.
    """

    station: Station
    live: Live
    settings: StationSettings
    model: ModelUsed
    automatic: Account | None = None
    starting: threading.Lock = field(default_factory=threading.Lock)
    sign_ins: SignInLimit = field(default_factory=SignInLimit)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))


def context_of(request: Request) -> Context:
    """Return what the application was made with."""
    found: Context = request.app.state.context
    return found


ContextDep = Annotated[Context, Depends(context_of)]


def csrf_of(context: Context, token: str | None) -> str:
    """Return the value that unsafe requests of a session carry.

    Another site can make a browser send the cookie, but can read neither.
    """
    key = context.secret if token is None else token.encode()
    return hmac.new(key, b"hemalens csrf", hashlib.sha256).hexdigest()


def signed_in(context: Context, request: Request) -> Account | None:
    """Find whose session a request belongs to."""
    if context.automatic is not None:
        return context.automatic
    token = request.cookies.get(COOKIE)
    return None if token is None else context.station.accounts.find(token)


def session_token(context: Context, request: Request) -> str | None:
    """Return the session's token; None where the account is automatic."""
    return None if context.automatic is not None else request.cookies.get(COOKIE)


class RequireRole:
    """A route's dependency: somebody signed in, in one of these roles."""

    def __init__(self, *roles: Role) -> None:
        self.roles = frozenset(roles)

    def __call__(
        self,
        request: Request,
        context: ContextDep,
        cookie: Annotated[str | None, Security(_COOKIE)],  # noqa: ARG002 - described
    ) -> Account:
        """Return the account, or refuse."""
        account = signed_in(context, request)
        if account is None:
            raise RefusedError(Reason.NOBODY_SIGNED_IN)
        if request.method not in _SAFE:
            require_csrf(context, request)
        if account.role not in self.roles:
            wanted = " or ".join(sorted(self.roles))
            raise RefusedError(
                Reason.NOT_FOR_ROLE, role=account.role.value, wanted=wanted
            )
        return account


def require_csrf(context: Context, request: Request) -> None:
    """Refuse a request that another site may have made."""
    expected = csrf_of(context, session_token(context, request))
    given = request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise RefusedError(Reason.NOT_FROM_PAGE)


def require_own_page(request: Request) -> None:
    """Refuse what a browser says another site's page asks for."""
    if request.headers.get("sec-fetch-site", "none") not in _OWN_PAGE:
        raise RefusedError(Reason.NOT_FROM_PAGE)


def require_attempt(context: Context, *keys: str) -> None:
    """Refuse to try a password again so soon after too many wrong ones.

    It counts as wrong until ``succeeded`` says otherwise: many at once are counted too.
    """
    if (wait_s := context.sign_ins.begin(*keys)) > 0:
        raise RefusedError(Reason.TOO_MANY_ATTEMPTS, retry_after_s=wait_s)


class ForAnybody:
    """A route's dependency: asks for no account, on purpose."""

    def __call__(self) -> None:
        """Let everybody in."""


ANY_ROLE: Final = RequireRole(Role.OPERATOR, Role.SUPERVISOR, Role.SERVICE)
AT_SAMPLES: Final = RequireRole(Role.OPERATOR, Role.SUPERVISOR)
SUPERVISING: Final = RequireRole(Role.SUPERVISOR)
READING_ACCOUNTS: Final = RequireRole(Role.SUPERVISOR, Role.SERVICE)
SERVING: Final = RequireRole(Role.SERVICE)

Anyone = Annotated[Account, Depends(ANY_ROLE)]
Reader = Annotated[Account, Depends(AT_SAMPLES)]
Supervisor = Annotated[Account, Depends(SUPERVISING)]
AccountReader = Annotated[Account, Depends(READING_ACCOUNTS)]
Service = Annotated[Account, Depends(SERVING)]
