"""Samples: what was counted, its review and its signature."""

from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.errors.responses import PICTURE
from edge.station.export.outbox import ExportOutbox
from edge.station.live.frame import LiveState
from edge.station.records import (
    Differential,
    Report,
    ReviewAction,
    ReviewedCell,
    Sample,
    SampleState,
)
from edge.station.review.amendments import LONGEST_REASON
from edge.station.review.seen import cell_digest, report_digest
from edge.station.routes.authorization import (
    Context,
    ContextDep,
    Reader,
    Supervisor,
    require_attempt,
)
from edge.station.signing import sign
from edge.station.storage.pictures import cell_picture, fields_folder, find_field
from hemalens.classes import CellClass

router = APIRouter(tags=["samples"], prefix="/samples")

CountId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
CellId = Annotated[int, Path(ge=-(2**31), lt=2**31)]
Pixel = Annotated[int, Field(ge=0, lt=100_000)]


class ShownCell(ReviewedCell):
    """A cell as it is shown."""

    digest: str
    """What a change of it has to carry, as `seen`."""


class ShownReport(Report):
    """A report as it is shown, without its cells."""

    digest: str
    """Of the whole; a signature has to carry it, as `seen`."""
    minimum_probability: float | None
    """That the model's answers are asked for; null where another model counted."""


class Review(BaseModel):
    """What a person says of cells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: ReviewAction
    cell_ids: tuple[Annotated[int, Field(ge=-(2**31), lt=2**31)], ...] = Field(
        default=(), max_length=10_000
    )
    seen: tuple[Annotated[str, Field(max_length=64)], ...] = Field(
        default=(), max_length=10_000
    )
    """The digests of these cells as the person saw them."""
    class_name: CellClass | None = None
    frame: str | None = Field(default=None, max_length=255)
    box_xyxy: tuple[Pixel, Pixel, Pixel, Pixel] | None = None


class Reviewed(BaseModel):
    """What that changed."""

    cells: tuple[ShownCell, ...]
    differential: Differential


class AmendmentWanted(BaseModel):
    """Why a signed report is to be amended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class SignatureWanted(BaseModel):
    """A signature: the password once more, and what is to be said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seen: str = Field(max_length=64)
    """The digest of the report that was read."""
    password: str = Field(default="", max_length=1024)
    comment: str = Field(default="", max_length=4000)
    is_below_target: bool = False
    """Fewer leukocytes than were wanted are meant to be signed."""


@router.get("")
def samples(
    account: Reader,  # noqa: ARG001 - asked for
    context: ContextDep,
    before: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> tuple[Sample, ...]:
    """List the samples, newest first."""
    return context.station.samples.all(limit=limit, before=before)


@router.get("/{count_id}")
def report(count_id: CountId, account: Reader, context: ContextDep) -> ShownReport:  # noqa: ARG001
    """Return a sample's result, without its cells."""
    require_sample(context, count_id)
    return _shown_report(context, count_id)


@router.delete("/{count_id}", status_code=204)
def discard(count_id: CountId, account: Supervisor, context: ContextDep) -> None:
    """Take an unsigned count out of the list; its trail stays."""
    require_sample(context, count_id)
    sample, state = context.live.sample, context.live.state
    if state is not LiveState.IDLE and sample and sample.count_id == count_id:
        raise RefusedError(Reason.COUNT_UNDER_WAY)
    context.station.samples.discard(count_id, account.name)
    context.live.publish_review()


@router.get("/{count_id}/cells")
def cells(
    count_id: CountId,
    account: Reader,  # noqa: ARG001 - asked for
    context: ContextDep,
) -> tuple[ShownCell, ...]:
    """Return a sample's stained cells."""
    return _shown(_cells(context, count_id))


@router.get(
    "/{count_id}/cells/{cell_id}/crop", response_class=Response, responses=PICTURE
)
def crop(
    count_id: CountId,
    cell_id: CellId,
    account: Reader,  # noqa: ARG001 - asked for
    context: ContextDep,
    side_um: Annotated[float, Query(ge=4, le=200)] = 24.0,
) -> Response:
    """Return the picture of a cell."""
    found = _cells(context, count_id, only=(cell_id,))
    if not found:
        raise RefusedError(Reason.NO_SUCH_CELL)
    path = require_field(context, count_id, found[0].frame)
    facts = context.station.samples.facts(count_id)
    frame = context.live.frame()
    known = facts or frame
    pixel_size_um = None if known is None else known.pixel_size_um
    picture = cell_picture(path, found[0].box_xyxy, pixel_size_um, side_um)
    # A cell's pixels never change; a private cache spares the gallery the way.
    kept = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(picture, media_type="image/jpeg", headers=kept)


@router.get(
    "/{count_id}/fields/{frame}", response_class=FileResponse, responses=PICTURE
)
def field(
    count_id: CountId,
    frame: Annotated[str, Path(max_length=255)],
    account: Reader,  # noqa: ARG001 - asked for
    context: ContextDep,
) -> FileResponse:
    """Return the picture of a frame."""
    require_sample(context, count_id)
    path = require_field(context, count_id, frame)
    return FileResponse(path, media_type="image/jpeg")


@router.post("/{count_id}/review")
def review(
    count_id: CountId, wanted: Review, account: Reader, context: ContextDep
) -> Reviewed:
    """Reclassify, remove or add cells, or take that back."""
    require_sample(context, count_id)
    reviews, counted = context.station.reviews, context.live.cells(count_id)
    changed = reviews.apply(
        count_id,
        account.name,
        wanted.action,
        wanted.cell_ids,
        wanted.class_name,
        wanted.frame,
        wanted.box_xyxy,
        counted=counted,
        seen=dict(zip(wanted.cell_ids, wanted.seen, strict=False)),
    )
    context.live.publish_review()
    return Reviewed(
        cells=_shown(changed), differential=reviews.differential(count_id, counted)
    )


@router.post("/{count_id}/sign")
def sign_off(
    count_id: CountId, wanted: SignatureWanted, account: Reader, context: ContextDep
) -> ShownReport:
    """Sign a result; it then never changes."""
    require_sample(context, count_id)
    key = f"name {account.name}"
    require_attempt(context, key)
    try:
        sign(
            context.station,
            count_id,
            account,
            wanted.password,
            wanted.comment,
            wanted.seen,
            is_below_target=wanted.is_below_target,
        )
    except RefusedError as error:
        if error.reason is not Reason.WRONG_PASSWORD:
            context.sign_ins.succeeded(key)
        raise
    context.sign_ins.succeeded(key)
    ExportOutbox(context.station.transaction).withdraw(count_id)
    context.live.publish_review()
    return _shown_report(context, count_id)


@router.post("/{count_id}/amend", status_code=201)
def amend(
    count_id: CountId, wanted: AmendmentWanted, account: Supervisor, context: ContextDep
) -> Sample:
    """Begin to amend a signed count: gives a new one, to be reviewed and signed."""
    require_sample(context, count_id)
    begun = context.station.amendments.begin(count_id, wanted.reason, account.name)
    context.live.publish_review()
    return begun


def require_sample(context: Context, count_id: str) -> Sample:
    """Find a sample, or refuse in words."""
    return context.station.samples.get(count_id)


def require_field(context: Context, count_id: str, frame: str) -> FilePath:
    """Find the picture of a frame, or refuse in words."""
    folder = fields_folder(context.station.samples.pictures(count_id))
    if (path := find_field(folder, frame)) is None:
        raise RefusedError(Reason.NO_SUCH_PICTURE)
    return path


def _shown(cells: Iterable[ReviewedCell]) -> tuple[ShownCell, ...]:
    return tuple(
        ShownCell(**cell.model_dump(), digest=cell_digest(cell)) for cell in cells
    )


def _shown_report(context: Context, count_id: str) -> ShownReport:
    whole = context.station.reports.get(count_id)
    said = {name: getattr(whole, name) for name in Report.model_fields}
    seen = context.live.frame()
    if seen is not None and seen.count_id == count_id:
        # While it is counted, the scale is that of the frame on show.
        said["pixel_size_um"] = whole.pixel_size_um or seen.pixel_size_um
    is_counting = whole.sample.state is SampleState.COUNTING
    is_own = is_counting or whole.model.sha256 == context.model.sha256
    return ShownReport(
        **{**said, "cells": ()},
        digest=report_digest(whole),
        minimum_probability=context.live.minimum_probability if is_own else None,
    )


def _cells(
    context: Context, count_id: str, only: tuple[int, ...] | None = None
) -> tuple[ReviewedCell, ...]:
    require_sample(context, count_id)
    reviews = context.station.reviews
    return reviews.cells(count_id, context.live.cells(count_id), only)
