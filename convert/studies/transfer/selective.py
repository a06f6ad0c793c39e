"""What becomes of the errors when the least certain cells go to a person.

References
----------
.. [1] Geifman, El-Yaniv: Selective Classification for Deep Neural Networks. NeurIPS
   2017, arXiv 1705.08500.
.. [2] DeLong, DeLong, Clarke-Pearson: Comparing the areas under two or more correlated
   receiver operating characteristic curves. Biometrics 44 (1988) 837,
   doi 10.2307/2531595.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from hemalens.statistics import clopper_pearson
from train.evaluation.figures import Record

COVERAGES: Final = tuple(percent / 100 for percent in range(5, 101, 5))


class ShareRight(Record):
    """How many were right, with exact 95 % limits."""

    n: int
    right: int
    accuracy: float
    """0 where there was none."""
    accuracy_ci95: tuple[float, float]


class CoveragePoint(Record):
    """The cells answered when the rest goes to review."""

    coverage: float
    """Share of the cells that was asked for."""
    answered: ShareRight


class ErrorRoc(Record):
    """How well certainty tells right answers from wrong ones."""

    auroc: float
    auroc_ci95: tuple[float, float]
    """DeLong's [2]_."""


def share_right(right: int, n: int) -> ShareRight:
    """Give a share with its limits."""
    return ShareRight(
        n=n,
        right=right,
        accuracy=right / n if n else 0.0,
        accuracy_ci95=clopper_pearson(right, n),
    )


def at_coverage(
    certainty: NDArray[np.float64], is_right: NDArray[np.bool_], coverage: float
) -> CoveragePoint:
    """Answer the most certain share of the cells.

    Of equally certain cells the wrong ones are answered first, for nothing tells them
    apart and the order of the files must not.

    Parameters
    ----------
    certainty : ndarray of shape (N,), float64
    is_right : ndarray of shape (N,), bool
    coverage : float
        Share to answer, rounded to whole cells.

    Examples
    --------
    >>> certainty = np.array([0.9, 0.9, 0.8, 0.1])
    >>> is_right = np.array([True, False, True, False])
    >>> [at_coverage(certainty, is_right, c).answered.right for c in (0.25, 0.5, 1)]
    [0, 1, 2]
    """
    answered = round(coverage * len(certainty))
    order = np.lexsort((is_right, -certainty))
    right = int(np.count_nonzero(is_right[order[:answered]]))
    return CoveragePoint(coverage=coverage, answered=share_right(right, answered))


def risk_curve(
    certainty: NDArray[np.float64], is_right: NDArray[np.bool_]
) -> tuple[CoveragePoint, ...]:
    """Give the accuracy at every twentieth of the coverage [1]_."""
    return tuple(at_coverage(certainty, is_right, share) for share in COVERAGES)


def error_roc(
    certainty: NDArray[np.float64], is_right: NDArray[np.bool_]
) -> ErrorRoc | None:
    """Measure the area under the ROC of "is this answer wrong".

    Returns
    -------
    ErrorRoc or None
        None when all answers are right, or all wrong.

    Examples
    --------
    >>> error_roc(np.array([0.9, 0.8, 0.3]), np.array([True, True, False])).auroc
    1.0
    """
    of_right, of_wrong = certainty[is_right], certainty[~is_right]
    m, n = len(of_right), len(of_wrong)
    if not m or not n:
        return None
    ranks = rankdata(np.concatenate([of_right, of_wrong]))
    # Share of the other kind that each cell is on the right side of.
    above = (ranks[:m] - rankdata(of_right)) / n
    below = 1 - (ranks[m:] - rankdata(of_wrong)) / m
    auroc = float(above.mean())
    variance = _variance_of_mean(above) + _variance_of_mean(below)
    half = float(norm.ppf(0.975)) * variance**0.5
    limits = (max(0.0, auroc - half), min(1.0, auroc + half))
    return ErrorRoc(auroc=auroc, auroc_ci95=limits)


def _variance_of_mean(values: NDArray[np.float64]) -> float:
    if len(values) < 2:
        return 0.0
    return float(values.var(ddof=1) / len(values))
