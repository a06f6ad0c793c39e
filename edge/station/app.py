"""The station's application: its routes, behind its guards."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from edge.station.errors.responses import DESCRIBED, say_in_words
from edge.station.routes import (
    accounts,
    audit,
    controls,
    count,
    export,
    live,
    outbox,
    samples,
    session,
)
from edge.station.routes.authorization import Context
from edge.station.security.headers import SecurityHeaders
from edge.station.security.limits import BodyLimit
from edge.station.settings import LOOPBACK_NAMES

PREFIX: Final = "/api/1"
PAGE: Final = Path(__file__).parent / "page"
_PARTS: Final = (
    session,
    live,
    count,
    samples,
    export,
    outbox,
    controls,
    audit,
    accounts,
)


def make_app(context: Context) -> FastAPI:
    """Make the application."""
    app = FastAPI(
        title="HemaLens station",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    api = APIRouter(prefix=PREFIX, responses=DESCRIBED)
    for part in _PARTS:
        api.include_router(part.router)
    app.include_router(api)
    if PAGE.is_dir():
        app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    say_in_words(app)
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
