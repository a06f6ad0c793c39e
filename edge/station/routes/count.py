"""Starting and steering the count."""

import secrets

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from edge.records.population import Population
from edge.results.reference_ranges import Sex
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.live.frame import LiveProgress
from edge.station.records import ReviewAction, ReviewedCell, Role, Sample
from edge.station.routes.authorization import Context, ContextDep, Reader
from edge.station.security.accounts import Account

router = APIRouter(tags=["count"], prefix="/count")


class NewCount(BaseModel):
    """What to count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_id: str = Field(min_length=1, max_length=64)
    target: int | None = Field(default=200, ge=1, le=10_000)
    population: Population | None = None
    """The station's own where it is not said."""
    is_control: bool = False
    age_days: int | None = Field(default=None, ge=0, le=130 * 366)
    """Of the patient; the reference ranges are of this age."""
    sex: Sex | None = None
    is_again: bool = False
    """A sample that is signed already is meant to be counted once more."""


class More(BaseModel):
    """How many leukocytes more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: int = Field(default=100, ge=1, le=10_000)


@router.post("", status_code=201)
def start(wanted: NewCount, account: Reader, context: ContextDep) -> Sample:
    """Begin to count a sample; whoever begins it steers it."""
    with context.starting:
        context.live.require_free()
        signed = context.station.samples.signed(wanted.sample_id)
        if signed is not None and not (wanted.is_again or wanted.is_control):
            raise RefusedError(
                Reason.SAMPLE_THERE,
                sample=signed.sample_id,
                person=signed.signed_by or "",
            )
        sample = context.station.samples.begin(
            wanted.sample_id,
            account.name,
            wanted.population or context.settings.population,
            wanted.target,
            wanted.is_control,
            count_id=secrets.token_hex(16),
            age_days=wanted.age_days,
            sex=wanted.sex,
        )
        context.live.begin(sample)
    return sample


@router.post("/pause")
def pause(account: Reader, context: ContextDep) -> LiveProgress:
    """Count no more frames until resumed."""
    _require_controller(context, account)
    context.live.pause()
    return context.live.progress()


@router.post("/resume")
def resume(account: Reader, context: ContextDep) -> LiveProgress:
    """Go on after a pause or a fault, or look for more where the source ended."""
    _require_controller(context, account)
    context.live.resume()
    return context.live.progress()


@router.post("/continue")
def go_on(wanted: More, account: Reader, context: ContextDep) -> LiveProgress:
    """Go on beyond the target."""
    _require_controller(context, account)
    sample = context.live.continue_by(wanted.by)
    if sample.target is not None:
        context.station.samples.continued(sample.count_id, account.name, sample.target)
    return context.live.progress()


@router.post("/finish")
def finish(account: Reader, context: ContextDep) -> LiveProgress:
    """End the count and keep it for review."""
    _require_controller(context, account)
    context.live.finish()
    return context.live.progress()


@router.post("/discard", status_code=204)
def discard(account: Reader, context: ContextDep) -> None:
    """Abandon the count under way; its trail stays."""
    with context.starting:
        _require_controller(context, account)
        sample = context.live.discard()
        context.station.samples.discard(sample.count_id, account.name)


@router.post("/undo")
def undo(account: Reader, context: ContextDep) -> tuple[ReviewedCell, ...]:
    """Take back one's own last word on a cell of this count."""
    sample = _require_controller(context, account)
    reviews = context.station.reviews
    cell_id = reviews.last_reviewed(sample.count_id, account.name)
    if cell_id is None:
        raise RefusedError(Reason.NOTHING_TO_UNDO)
    undone = reviews.apply(
        sample.count_id,
        account.name,
        ReviewAction.UNDO,
        (cell_id,),
        counted=context.live.cells(sample.count_id),
    )
    context.live.publish_review()
    return undone


def _require_controller(context: Context, account: Account) -> Sample:
    sample = context.live.sample
    if sample is None:
        raise RefusedError(Reason.NO_COUNT_UNDER_WAY)
    if account.name != sample.operator and account.role is not Role.SUPERVISOR:
        raise RefusedError(Reason.NOT_YOUR_COUNT, person=sample.operator)
    return sample
