"""What an int8 model must show before it may ship: limits set before it is measured."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Unit = Literal["points", "%", "images", "times"]
Relation = Literal["at most", "at least", "above"]


class GateLimits(BaseModel):
    """The limits of the gate; points are percentage points of accuracy.

    Those beside the float model ask whether int8 is as good, the floors whether it is
    good at all: a bad model is copied as well as a good one.
    """

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
    largest_restained_loss_points: float = Field(default=1.0, ge=0, le=100)
    """On images in the stains of other slides, of a model that was trained on such."""
    least_restained_agreement: Share = 0.98
    smallest_class_images: int = Field(default=50, ge=1)
    """Of a class with fewer nothing is shown, whatever was measured of them."""
    least_accuracy: Share = 0.95
    """Lower 95 % limit; as of the other floors, so that few images show little."""
    least_recall: Share = 0.85
    """Of each class, lower 95 % limit."""
    least_precision: Share = 0.85
    """Of each class, lower 95 % limit."""
    most_called_mature: Share = 0.1
    """Of the erythroblasts, and of the immature granulocytes, upper 95 % limit: what is
    called a mature leukocyte is missed as a sign of disease."""
    most_called_platelet: Share = 0.01
    """Of the leukocytes, upper 95 % limit: they are lost to the differential."""
    least_answered: Share = 0.5
    """Of the images, by the bundle's own threshold: a model that sends every cell to
    review is never wrong."""
    largest_bias_points: float = Field(default=2.0, ge=0, le=100)
    """Of any class's share on made slides, mean of model less truth."""
    widest_agreement_points: float = Field(default=6.0, ge=0, le=100)
    """Of the same, the farther of Bland and Altman's 95 % limits from 0."""
    least_within_ruemke: Share = 0.95
    """Share of made slides on which a class lies within Rümke's 95 % limits."""


class Outcome(StrEnum):
    """What became of a criterion."""

    MET = "met"
    NOT_MET = "not met"
    NOT_SHOWN = "not shown"
    """There were too few images to say."""


class Criterion(BaseModel):
    """One limit with what was found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """As a program reads it."""
    asks: str
    """As a person reads it."""
    relation: Relation
    limit: float
    value: float | None
    """None where nothing could be measured."""
    unit: Unit
    detail: str = ""
    """Where the value comes from, when it is the worst of many."""
    outcome: Outcome

    @property
    def passed(self) -> bool:
        """Whether it was met."""
        return self.outcome is Outcome.MET


def judged(
    name: str,
    asks: str,
    value: float | None,
    relation: Relation,
    limit: float,
    unit: Unit,
    detail: str = "",
    *,
    shown: bool = True,
) -> Criterion:
    """Hold a value against its limit.

    What misses it was not met, however few images say so; what keeps it is met where
    there were enough of them.

    Examples
    --------
    >>> judged("agreement", "Do both agree?", 99.4, "at least", 99.5, "%").outcome.value
    'not met'
    """
    if value is None:
        outcome = Outcome.NOT_SHOWN
    elif not _kept(value, relation, limit):
        outcome = Outcome.NOT_MET
    else:
        outcome = Outcome.MET if shown else Outcome.NOT_SHOWN
    return Criterion(
        name=name,
        asks=asks,
        relation=relation,
        limit=limit,
        value=value,
        unit=unit,
        detail=detail,
        outcome=outcome,
    )


def _kept(value: float, relation: Relation, limit: float) -> bool:
    if relation == "at most":
        return value <= limit
    return value >= limit if relation == "at least" else value > limit
