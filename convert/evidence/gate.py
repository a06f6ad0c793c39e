"""What an int8 model must show before it may ship: limits set before it is measured."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Relation = Literal["at most", "at least", "above"]


class GateLimits(BaseModel):
    """The limits of the gate; points are percentage points of accuracy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin_points: float = Field(default=0.3, gt=0, le=100)
    """The loss that is still no loss: int8 must be shown to lose less."""
    least_agreement: Share = 0.995
    """Share of the images that both models give the same class."""
    largest_recall_loss_points: float = Field(default=2.0, ge=0, le=100)
    """In any class: two cells of a hundred."""
    largest_ece: Share = 0.03
    """Expected calibration error of the int8 model, its temperature applied."""
    largest_size_ratio: float = Field(default=0.3, gt=0)
    """int8 model over float model, in bytes of their files."""
    largest_cut_off_share: Share = 0.001
    """Share of a layer's values that its int8 range cuts off."""
    least_range_used: Share = 0.65
    """Part of its int8 range that a layer's values span, median over the layers:
    calibrated on other images or colours, ranges come out too wide or too narrow."""
    largest_runtime_share: Share = 0.001
    """Share of the images that a runtime gives another class than the first does."""
    largest_disturbed_loss_points: float = Field(default=1.0, ge=0, le=100)
    least_disturbed_agreement: Share = 0.98


class Criterion(BaseModel):
    """One limit with what was found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """As a program reads it."""
    asks: str
    """As a person reads it."""
    relation: Relation
    limit: float
    value: float
    unit: Literal["points", "%", "images", "times"]
    detail: str = ""
    """Where the value comes from, when it is the worst of many."""
    passed: bool


def judged(
    name: str,
    asks: str,
    value: float,
    relation: Relation,
    limit: float,
    unit: Literal["points", "%", "images", "times"],
    detail: str = "",
) -> Criterion:
    """Hold a value against its limit.

    Examples
    --------
    >>> judged("agreement", "Do both agree?", 99.4, "at least", 99.5, "%").passed
    False
    """
    kept = {
        "at most": value <= limit,
        "at least": value >= limit,
        "above": value > limit,
    }
    return Criterion(
        name=name,
        asks=asks,
        relation=relation,
        limit=limit,
        value=value,
        unit=unit,
        detail=detail,
        passed=kept[relation],
    )
