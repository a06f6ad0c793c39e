"""The count under way, as all viewers see it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel

from edge.capture.http_address import shown_source
from edge.records.population import Population
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.errors.responses import PICTURE, described
from edge.station.live.frame import Fault, LiveState
from edge.station.live.view import LiveEvents
from edge.station.records import ModelUsed
from edge.station.routes.authorization import (
    Anyone,
    Context,
    ContextDep,
    Reader,
    session_token,
)
from edge.station.routes.samples import require_field
from hemalens import __name__ as _package

router = APIRouter(tags=["live"])
_PING_S: Final = 10.0
_LOOK_S: Final = 1.0
"""After which a camera is asked how it is, where it says nothing."""
_LEAST_S: Final = 0.1
"""Between two updates: more of them a second nobody sees."""
_PING: Final = b"event: ping\ndata: {}\n\n"


class Status(BaseModel):
    """What the station is and does."""

    source: str
    bundle: ModelUsed
    state: LiveState
    count_id: str | None
    fault: Fault | None
    version: str
    laboratory: str
    population: Population
    """Whose blood is counted where a count does not say it."""
    controller: str | None


@router.get("/status")
def status(account: Anyone, context: ContextDep) -> Status:  # noqa: ARG001 - asked for
    """Describe what the station is and does."""
    from importlib.metadata import version

    progress = context.live.progress()
    sample = context.live.sample
    is_idle = progress.state is LiveState.IDLE
    return Status(
        source=shown_source(context.settings.source),
        bundle=context.model,
        state=progress.state,
        count_id=progress.count_id,
        fault=progress.fault,
        version=version(_package),
        laboratory=context.settings.laboratory,
        population=context.settings.population,
        controller=None if is_idle or sample is None else sample.operator,
    )


@router.get(
    "/live",
    response_class=StreamingResponse,
    responses=described("text/event-stream"),
)
async def live(
    account: Reader,  # noqa: ARG001 - asked for
    request: Request,
    context: ContextDep,
) -> StreamingResponse:
    """Stream progress and frames; the newest come first, so nothing is to be resent.

    The stream ends with the session it was asked for in.
    """
    return StreamingResponse(
        _events(context, session_token(context, request)),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(context: Context, token: str | None) -> AsyncIterator[bytes]:
    """Send what is newest whenever there is something new; a slow viewer skips."""
    number, sent = -1, LiveEvents(progress=b"", frame=None)
    sent_at = asked_at = time.monotonic()
    while True:
        number = await context.live.news.after(number, _LOOK_S)
        if token is not None and time.monotonic() - asked_at > _PING_S:
            asked_at = time.monotonic()
            if not await asyncio.to_thread(context.station.accounts.holds, token):
                return
        newest = await asyncio.to_thread(context.live.events)
        if newest is not sent:
            yield newest.progress
            if newest.frame is not None and newest.frame is not sent.frame:
                yield newest.frame
            sent, sent_at = newest, time.monotonic()
            await asyncio.sleep(_LEAST_S)
        elif time.monotonic() - sent_at >= _PING_S:
            sent_at = time.monotonic()
            yield _PING


@router.get("/live/picture", response_class=Response, responses=PICTURE)
async def picture(
    account: Reader,  # noqa: ARG001 - asked for
    context: ContextDep,
    frame: Annotated[str, Query(max_length=255)],
) -> Response:
    """Return the picture of a frame of the count under way."""
    sample, jpeg = context.live.sample, context.live.picture(frame)
    if jpeg is not None:
        return Response(jpeg, media_type="image/jpeg")
    if sample is None:
        raise RefusedError(Reason.NO_SUCH_PICTURE)
    path = await asyncio.to_thread(require_field, context, sample.count_id, frame)
    return FileResponse(path, media_type="image/jpeg")
