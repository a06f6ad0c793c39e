"""Two models on the same images: what the pairs say.

References
----------
.. [1] Tango: Equivalence test and confidence interval for the difference in
   proportions for the paired-sample design. Statistics in Medicine 17 (1998) 891,
   doi 10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B.
.. [2] Cohen: A coefficient of agreement for nominal scales. Educational and
   Psychological Measurement 20 (1960) 37, doi 10.1177/001316446002000104.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm


def paired_difference_limits(
    gained: int, lost: int, n: int, level: float = 0.95
) -> tuple[float, float]:
    """Limits of the second model's accuracy less the first's, by Tango's score [1]_.

    Parameters
    ----------
    gained, lost : int
        Images that only the second model has right, and only the first.
    n : int
        All images.
    level : float
        Two-sided confidence level.

    Returns
    -------
    low, high : float
        As fractions, between -1 and 1.

    Raises
    ------
    ValueError
        When there are more discordant pairs than images, or no image.

    Examples
    --------
    >>> low, high = paired_difference_limits(0, 0, 1697)
    >>> round(100 * low, 3), round(100 * high, 3)
    (-0.226, 0.226)
    """
    if min(gained, lost) < 0 or n < 1 or gained + lost > n:
        raise ValueError(f"no {gained} gained and {lost} lost among {n} images")
    quantile = float(norm.ppf((1 + level) / 2))
    return (
        _limit(gained, lost, n, quantile),
        -_limit(lost, gained, n, quantile),
    )


def _limit(gained: int, lost: int, n: int, quantile: float) -> float:
    """Find the least difference that the score test does not reject."""

    def excess(difference: float) -> float:
        return _score(gained, lost, n, difference) - quantile

    observed = (gained - lost) / n
    if observed <= -1 + 1e-12:
        return -1.0
    return float(brentq(excess, -1 + 1e-12, observed, xtol=1e-12))


def _score(gained: int, lost: int, n: int, difference: float) -> float:
    """Tango's statistic: how far the pairs lie from a true difference."""
    a = 2 * n
    b = -gained - lost + (2 * n - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    chance_lost = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = n * (2 * chance_lost + difference * (1 - difference))
    distance = gained - lost - n * difference
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def cohen_kappa(
    first: NDArray[np.int64], second: NDArray[np.int64], classes: int
) -> float:
    """Agreement of two models beyond what chance would give [2]_.

    Parameters
    ----------
    first, second : ndarray of shape (N,), int64
        Predicted class indices.

    Returns
    -------
    float
        1 when they always agree, also when both name one class alone.

    Examples
    --------
    >>> cohen_kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), 2)
    0.0
    """
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (first, second), 1)
    # Times n squared, in whole numbers: certain agreement is told from almost certain.
    certain = len(first) ** 2
    expected = int(table.sum(axis=1) @ table.sum(axis=0))
    observed = int(table.trace()) * len(first)
    return 1.0 if expected == certain else (observed - expected) / (certain - expected)
