"""When a cell goes to a person: temperature and threshold, fitted on held-out images.

The temperature makes probabilities mean what they say [1]_. The threshold is then the
lowest at which the exact 95 % limit of the errors among the cells answered is what was
asked [2]_; it is each threshold's own limit, not corrected for choosing among them.

References
----------
.. [1] Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks. ICML
   2017, arXiv 1706.04599.
.. [2] Geifman, El-Yaniv: Selective Classification for Deep Neural Networks. NeurIPS
   2017, arXiv 1705.08500; here with the exact binomial limit.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.optimize import minimize_scalar

from hemalens.classifier import tempered
from hemalens.manifest import DecisionThresholds, ThresholdFit
from hemalens.site_correction import LEAST_PROBABILITY
from hemalens.statistics import clopper_pearson

TARGET_RISK: Final = 0.005
"""Share of wrong ones among the cells answered: 1 in 200, the cells of a usual
differential. Set by us."""

LOWEST_THRESHOLD: Final = 0.5
"""Below it no class has the majority, whatever the images it was fitted on."""

_TEMPERATURES: Final = (0.05, 20.0)


class RiskPoint(BaseModel):
    """What one threshold leaves to the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float
    answered: int
    wrong: int
    risk_upper95: float
    """Exact one-sided 95 % limit of the share that is wrong; 1 without a cell."""


def fit_temperature(
    true: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> float:
    """Find the temperature with the least negative log-likelihood [1]_.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Class indices.
    probabilities : ndarray of shape (N, classes), float32
    """

    def loss(log_temperature: float) -> float:
        given = tempered(_off_zero(probabilities), float(np.exp(log_temperature)))
        of_true = given[np.arange(len(true)), true].astype(np.float64)
        return float(-np.log(np.maximum(of_true, 1e-12)).mean())

    bounds = tuple(np.log(_TEMPERATURES).tolist())
    return round(float(np.exp(minimize_scalar(loss, bounds=bounds).x)), 4)


def _off_zero(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lift zeros, which no temperature moves: one of them would decide the fit."""
    lifted = np.maximum(probabilities, np.float32(LEAST_PROBABILITY))
    return np.asarray(lifted / lifted.sum(axis=1, keepdims=True), np.float32)


def risk_coverage(
    true: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> tuple[RiskPoint, ...]:
    """Compute what each possible threshold leaves to the model, the lowest first.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Class indices.
    probabilities : ndarray of shape (N, classes), float32
        After the temperature.
    """
    top = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != true
    order = np.argsort(-top, kind="stable")
    wrong_so_far = np.cumsum(wrong[order])
    last_of_equals = np.flatnonzero(np.diff(top[order], append=-1.0))
    return tuple(
        _risk_point(float(top[order[index]]), index + 1, int(wrong_so_far[index]))
        for index in last_of_equals[::-1].tolist()
    )


def _risk_point(threshold: float, answered: int, wrong: int) -> RiskPoint:
    return RiskPoint(
        threshold=threshold,
        answered=answered,
        wrong=wrong,
        risk_upper95=clopper_pearson(wrong, answered, 0.9)[1],
    )


def fit_thresholds(
    true: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    *,
    split: str,
    target_risk: float = TARGET_RISK,
) -> DecisionThresholds:
    """Fit the temperature, then the lowest threshold that keeps the risk.

    Where no threshold can show it on so few images, the one with the least upper
    limit is taken; the fit says what it leaves.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Class indices.
    probabilities : ndarray of shape (N, classes), float32
        As the int8 model gives them.
    split : str
        Of the images.
    target_risk : float
        Share of wrong ones among the cells answered, at most.
    """
    temperature = fit_temperature(true, probabilities)
    points = [
        point
        for point in risk_coverage(true, tempered(probabilities, temperature))
        if point.threshold >= LOWEST_THRESHOLD
    ]
    kept = next(
        (point for point in points if point.risk_upper95 <= target_risk),
        min(points, key=lambda point: point.risk_upper95, default=None),
    )
    if kept is None:
        kept = _risk_point(1.0, 0, 0)
    below = max(
        (p.threshold for p in points if p.threshold < kept.threshold), default=0
    )
    return DecisionThresholds(
        temperature=temperature,
        minimum_probability=_between(below, kept.threshold),
        fit=ThresholdFit(
            split=split,
            n=len(true),
            target_risk=target_risk,
            answered=kept.answered,
            wrong=kept.wrong,
            risk_upper95=kept.risk_upper95,
        ),
    )


def _between(below: float, threshold: float) -> float:
    """Round down: the cell that set it is answered, and none below it."""
    rounded = math.floor(threshold * 10_000) / 10_000
    return rounded if rounded > below else threshold
