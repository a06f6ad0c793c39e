"""The station's application: its routes, behind its guards."""

import logging
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from edge.station.guard import Context, RefusedError
from edge.station.routes import controls, count, export, keeping, live, samples, session
from edge.station.security.headers import SecurityHeaders
from edge.station.security.limits import BodyLimit
from edge.station.settings import LOOPBACK_NAMES
from hemalens.errors import HemaLensError, StationError, StorageError

PREFIX: Final = "/api/1"
PAGE: Final = Path(__file__).parent / "page"
_LOG: Final = logging.getLogger(__name__)
_PARTS: Final = (session, live, count, samples, export, controls, keeping)


def make_app(context: Context) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    context : Context
    """
    app = FastAPI(
        title="HemaLens station",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    api = APIRouter(prefix=PREFIX)
    for part in _PARTS:
        api.include_router(part.router)
    app.include_router(api)
    if PAGE.is_dir():
        app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    _say_in_words(app)
    app.add_middleware(BodyLimit)
    if context.settings.is_loopback:
        # Without it a page elsewhere could have its own name point here.
        app.add_middleware(
            TrustedHostMiddleware,
            allowed_hosts=[*LOOPBACK_NAMES, context.settings.host],
            www_redirect=False,
        )
    app.add_middleware(SecurityHeaders, is_tls=context.settings.is_tls)
    return app


def _say_in_words(app: FastAPI) -> None:
    """Answer every failure alike: what is wrong, and what to do."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(HemaLensError, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)


def _answer(
    status: int, error: str, mend: str | None, headers: dict[str, str] | None = None
) -> JSONResponse:
    return JSONResponse({"error": error, "mend": mend}, status, headers=headers)


def _refused(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    if not isinstance(error, RefusedError):
        raise error
    wait_s = error.retry_after_s
    headers = None if wait_s is None else {"Retry-After": str(int(wait_s) + 1)}
    return _answer(error.status, error.error, error.mend, headers)


def _failed(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    status = 409 if isinstance(error, StationError) else 503
    if isinstance(error, StorageError):
        _LOG.error("the store failed: %s", error)
    what, _, mend = str(error).partition(": ")
    return _answer(status, what, mend or None)


def _invalid(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    if not isinstance(error, RequestValidationError):
        raise error
    # Never what came: it may be a password.
    parts = (
        f"{'.'.join(str(place) for place in one['loc'])}: {one['msg']}"
        for one in error.errors()
    )
    return _answer(422, f"The request is not as wanted: {'; '.join(parts)}.", None)


def _http(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    return _answer(error.status_code, str(error.detail), None, headers)


def _broken(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(
        500, "The station has a fault.", "Try again; if it stays, call your service."
    )
