"""Shares with exact limits, and how well certainty tells wrong answers."""

import numpy as np
from numpy.typing import NDArray

from hemalens.statistics import clopper_pearson
from train.evaluation.figures import Record


class Share(Record):
    """So many of so many; numbers are weights where a cell weighs less than one."""

    k: float
    n: float
    share: float | None
    """None of nothing."""
    ci95: tuple[float, float]
    """Exact limits; weights are rounded to whole cells."""


def share_of(k: float, n: float) -> Share:
    """Compute a share.

    Examples
    --------
    >>> share_of(9, 10).share
    0.9
    """
    whole = round(n)
    return Share(
        k=round(k, 4),
        n=round(n, 4),
        share=k / n if n else None,
        ci95=clopper_pearson(min(round(k), whole), whole),
    )


def auroc_of_wrong(
    certainty: NDArray[np.float64],
    is_right: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> float | None:
    """Compute how often a right answer is surer than a wrong one.

    Parameters
    ----------
    certainty, is_right, weights : ndarray of shape (N,)
        Of each answer.

    Returns
    -------
    float or None
        Of equally sure ones half counts; None when all are right, or all wrong.

    Examples
    --------
    >>> sure, right = np.array([0.9, 0.8, 0.3]), np.array([True, False, True])
    >>> auroc_of_wrong(sure, right, np.ones(3))
    0.5
    """
    right, wrong = certainty[is_right], certainty[~is_right]
    if not len(right) or not len(wrong):
        return None
    pairs = np.outer(weights[is_right], weights[~is_right])
    ahead = right[:, np.newaxis] > wrong
    level = right[:, np.newaxis] == wrong
    return float((pairs * (ahead + level / 2)).sum() / pairs.sum())
