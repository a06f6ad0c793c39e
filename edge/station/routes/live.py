"""The count under way, as all viewers see it."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Final

import cv2
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel

from edge.population import Population
from edge.station.guard import (
    Anyone,
    Context,
    Here,
    Reader,
    session_token,
)
from edge.station.live_frame import Fault, LiveState
from edge.station.pictures import read_field
from edge.station.records import ModelUsed
from edge.station.refusals import Reason, RefusedError
from edge.station.routes.samples import require_field
from hemalens import __name__ as _package

router = APIRouter(tags=["live"])
_PING_S: Final = 10.0
_TICK_S: Final = 0.05
_WIDEST_PX: Final = 1920
"""A browser scales smaller pictures itself, at no cost to the count."""


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
def status(account: Anyone, context: Here) -> Status:  # noqa: ARG001 - asked for
    """Say what the station is and does."""
    from importlib.metadata import version

    progress = context.live.progress()
    sample = context.live.sample
    is_idle = progress.state is LiveState.IDLE
    return Status(
        source=context.settings.source,
        bundle=context.model,
        state=progress.state,
        count_id=progress.count_id,
        fault=progress.fault,
        version=version(_package),
        laboratory=context.settings.laboratory,
        population=context.settings.population,
        controller=None if is_idle or sample is None else sample.operator,
    )


@router.get("/live", response_class=StreamingResponse)
async def live(
    account: Reader,  # noqa: ARG001 - asked for
    request: Request,
    context: Here,
) -> StreamingResponse:
    """Stream progress and frames; the newest come first, so nothing is to be resent.

    The stream ends with the session it was asked for in.
    """
    return StreamingResponse(
        _events(context, session_token(context, request)),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(context: Context, token: str | None) -> AsyncIterator[str]:
    """Send what is newest whenever there is something new; a slow viewer skips."""
    sent, frame_sent, quiet_s = -1, None, 0.0
    fault_sent = None
    asked_at = time.monotonic()
    while True:
        if token is not None and time.monotonic() - asked_at > _PING_S:
            asked_at = time.monotonic()
            if not await asyncio.to_thread(context.station.accounts.holds, token):
                return
        number = context.live.number
        progress = None
        if number != sent or quiet_s == 0.0:
            progress = await asyncio.to_thread(context.live.progress)
        if progress is not None and (number != sent or progress.fault != fault_sent):
            sent, fault_sent, quiet_s = number, progress.fault, 0.0
            yield _event(number, "progress", progress.model_dump_json())
            frame = context.live.frame()
            if frame is not None and frame is not frame_sent:
                frame_sent = frame
                yield _event(number, "frame", frame.model_dump_json())
        elif quiet_s >= _PING_S:
            quiet_s = 0.0
            yield _event(number, "ping", "{}")
        await asyncio.sleep(_TICK_S)
        quiet_s += _TICK_S


def _event(number: int, name: str, content: str) -> str:
    return f"id: {number}\nevent: {name}\ndata: {content}\n\n"


@router.get("/live/picture", response_class=Response)
def picture(
    account: Reader,  # noqa: ARG001 - asked for
    context: Here,
    frame: Annotated[str, Query(max_length=255)],
) -> Response:
    """Give the picture of a frame of the count under way."""
    sample = context.live.sample
    if sample is None:
        raise RefusedError(Reason.NO_SUCH_PICTURE)
    path = require_field(context, sample.count_id, frame)
    shown = context.live.frame()
    if shown is not None and shown.width <= _WIDEST_PX:
        return FileResponse(path, media_type="image/jpeg")
    return Response(_smaller(path), media_type="image/jpeg")


def _smaller(path: Path) -> bytes:
    """Shrink a picture to what a page shows."""
    bgr = read_field(path)
    height, width = bgr.shape[:2]
    size_wh = (_WIDEST_PX, round(height * _WIDEST_PX / width))
    small = cv2.resize(bgr, size_wh, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small)[1].tobytes()
