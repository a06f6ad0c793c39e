"""How the station says no: every failure answers alike, in words and with a code."""

import logging
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from edge.station.errors.reasons import Reason, RefusedError, Values
from hemalens.errors import HemaLensError, StationError, StorageError

_LOG: Final = logging.getLogger(__name__)
_OF_HTTP: Final = {
    400: Reason.UNREADABLE,
    404: Reason.NOT_FOUND,
    405: Reason.NOT_SO,
}


class Refused(BaseModel):
    """What is wrong, and what to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: str
    """A sentence in English."""
    mend: str | None
    code: str
    """Of `edge.station.errors.reasons.Reason`, in lower case; it stays as it is."""
    values: Values
    """What `{name}` stands for in another language's sentence."""


# Any: what FastAPI asks for.
DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Refused, "description": description}
    for status, description in (
        (400, "It cannot be read."),
        (401, "Nobody is signed in."),
        (403, "Not for this role, or not from the station's page."),
        (404, "It is not there."),
        (409, "Not in this state."),
        (413, "The request is too large."),
        (422, "The request is not as wanted."),
        (429, "Too many attempts."),
        (503, "The station cannot do it now."),
    )
}
"""What any address may answer beside what it is asked for."""


def described(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Describe an address that answers with a file of one of these media types."""
    return {200: {"content": {media_type: {} for media_type in media_types}}}


PICTURE: Final = described("image/jpeg")


def say_in_words(app: FastAPI) -> None:
    """Let an application answer every failure so."""
    app.add_exception_handler(HemaLensError, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)


def refusal(
    reason: Reason,
    values: Values | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Put a reason into an answer.

    Parameters
    ----------
    values : dict, optional
        What stands in its sentence.
    """
    values = values or {}
    mend = None if reason.mend is None else _sentence(reason.mend, values)
    said = Refused(
        error=_sentence(reason.what, values),
        mend=mend,
        code=reason.code,
        values=values,
    )
    return JSONResponse(said.model_dump(), reason.status, headers=headers)


def _sentence(words: str, values: Values) -> str:
    # A value keeps its letters: it may be a sample's name.
    whole = words if words.startswith("{") else words[0].upper() + words[1:]
    said = whole.format(**values)
    return said if said.endswith(".") else f"{said}."


def _failed(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    if isinstance(error, RefusedError):
        wait_s = error.retry_after_s
        headers = None if wait_s is None else {"Retry-After": str(int(wait_s) + 1)}
        return refusal(error.reason, error.values, headers)
    if isinstance(error, StationError):
        return refusal(Reason.REFUSED, {"detail": str(error)})
    if isinstance(error, StorageError):
        _LOG.error("the store failed: %s", error)
        return refusal(Reason.STORAGE, {"detail": str(error)})
    return refusal(Reason.FAILED, {"detail": str(error)})


def _invalid(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    if not isinstance(error, RequestValidationError):
        raise error
    # Never what came: it may be a password.
    parts = (
        f"{'.'.join(str(place) for place in one['loc'])}: {one['msg']}"
        for one in error.errors()
    )
    return refusal(Reason.NOT_AS_WANTED, {"detail": "; ".join(parts)})


def _http(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    return refusal(_OF_HTTP.get(error.status_code, Reason.NOT_FOUND), headers=headers)


def _broken(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return refusal(Reason.STATION_FAULT)
