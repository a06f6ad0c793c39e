"""Confidence limits of a share where cells of one slide or patient are alike.

References
----------
.. [1] Korn, Graubard: Confidence intervals for proportions with small expected number
   of positive counts estimated from survey data. Survey Methodology 24 (1998) 193:
   exact limits at the number of independent cells that would vary as much.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from hemalens.statistics import clopper_pearson


def share_limits(
    hits: NDArray[np.bool_], groups: Sequence[str] | None = None
) -> tuple[float, float]:
    """Give the 95 % limits of a share.

    Parameters
    ----------
    hits : ndarray of shape (N,), bool
    groups : sequence of str, optional
        The slide or patient of each; without, the limits are Clopper and Pearson's.

    Examples
    --------
    Two slides of ten cells, one wholly right and one wholly wrong, say next to nothing.

    >>> hits = np.repeat([True, False], 10)
    >>> [round(limit, 2) for limit in share_limits(hits, ["a"] * 10 + ["b"] * 10)]
    [0.0, 1.0]
    >>> [round(limit, 2) for limit in share_limits(hits)]
    [0.27, 0.73]
    """
    n, k = len(hits), int(hits.sum())
    if groups is None or k in (0, n):
        return clopper_pearson(k, n)
    effective = _independent(hits, groups)
    right = k / n * effective
    low, high = (
        float(beta.ppf(0.025, right, effective - right + 1)),
        float(beta.ppf(0.975, right + 1, effective - right)),
    )
    return low, high


def _independent(hits: NDArray[np.bool_], groups: Sequence[str]) -> float:
    """Count the independent cells whose share would vary as much; at most all.

    One group alone says nothing of how groups vary: it counts as one cell.
    """
    names, index = np.unique(np.array(groups), return_inverse=True)
    n, share, number = len(hits), float(hits.mean()), len(names)
    if number == 1:
        return 1.0
    residuals = np.bincount(index, hits) - share * np.bincount(index)
    variance = number / (number - 1) * float((residuals**2).sum()) / n**2
    if variance == 0:
        return float(n)
    return float(np.clip(share * (1 - share) / variance, 1, n))
