"""The daily controls: cells located, and the control slides' charts."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from edge.station.review.control_slides import LocatedCheck
from edge.station.routes.authorization import ContextDep, Reader, Supervisor
from edge.station.routes.samples import AmendmentWanted, require_sample
from hemalens.classes import CellClass

router = APIRouter(tags=["controls"], prefix="/controls")


class LocatedShown(BaseModel):
    """One check of how many cells were located."""

    number: int
    count_id: str
    at: datetime
    person: str
    found: int
    missed: int
    located_percent: float


class PointShown(BaseModel):
    """One count of a control slide."""

    count_id: str
    at: datetime
    percent: float
    deviations: float | None


class ChartShown(BaseModel):
    """One class of one control slide over the days."""

    sample_id: str
    class_name: CellClass
    points: tuple[PointShown, ...]
    mean_percent: float | None
    sd_percent: float | None


class ControlsShown(BaseModel):
    """All charts."""

    located: tuple[LocatedShown, ...]
    charts: tuple[ChartShown, ...]


class Located(BaseModel):
    """What a person found missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    found: int = Field(ge=0, le=100_000)
    missed: int = Field(ge=0, le=100_000)


@router.get("")
def controls(
    account: Reader,  # noqa: ARG001 - asked for
    context: ContextDep,
    limit: Annotated[int, Query(ge=1, le=400)] = 60,
) -> ControlsShown:
    """Return the checks and the charts."""
    kept = context.station.controls
    charts = (
        chart
        for sample_id in kept.control_slides()
        for chart in kept.charts(sample_id, limit)
    )
    return ControlsShown(
        located=tuple(_located(one) for one in kept.located_checks(limit)),
        charts=tuple(
            ChartShown(
                sample_id=chart.sample_id,
                class_name=chart.class_name,
                points=tuple(
                    PointShown(
                        count_id=point.count_id,
                        at=point.at,
                        percent=point.percent,
                        deviations=point.deviations,
                    )
                    for point in chart.points
                ),
                mean_percent=chart.mean_percent,
                sd_percent=chart.sd_percent,
            )
            for chart in charts
        ),
    )


@router.post("/located", status_code=201)
def located(wanted: Located, account: Reader, context: ContextDep) -> LocatedShown:
    """Keep how many cells were located and missed."""
    require_sample(context, wanted.count_id)
    return _located(
        context.station.controls.located(
            wanted.count_id, wanted.found, wanted.missed, account.name
        )
    )


@router.post("/located/{number}/strike", status_code=204)
def strike(
    number: Annotated[int, Path(ge=1, lt=2**31)],
    wanted: AmendmentWanted,
    account: Supervisor,
    context: ContextDep,
) -> None:
    """Strike a check that is wrong, and say why."""
    context.station.controls.strike(number, wanted.reason, account.name)


def _located(check: LocatedCheck) -> LocatedShown:
    return LocatedShown(
        number=check.number,
        count_id=check.count_id,
        at=check.at,
        person=check.person,
        found=check.found,
        missed=check.missed,
        located_percent=check.located_percent,
    )
