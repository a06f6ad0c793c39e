"""Exact statistics of counts, without SciPy, for the device.

References
----------
.. [1] Clopper, Pearson: The use of confidence or fiducial limits illustrated in the
   case of the binomial. Biometrika 26 (1934) 404, doi 10.1093/biomet/26.4.404.
.. [2] Rümke's tables for differential counts hold the same limits.
"""

import math
from collections.abc import Iterator


def _at_least(k: int, n: int, p: float) -> float:
    """Probability of `k` or more successes in `n` trials of chance `p`."""
    if k <= 0 or p >= 1:
        return 1.0
    if p <= 0:
        return 0.0
    if 2 * k <= n:
        return max(0.0, 1.0 - math.fsum(_binomial(range(k), n, p)))
    return min(1.0, math.fsum(_binomial(range(k, n + 1), n, p)))


def _binomial(successes: range, n: int, p: float) -> Iterator[float]:
    log_p, log_q = math.log(p), math.log1p(-p)
    log_n = math.lgamma(n + 1)
    for i in successes:
        log_ways = log_n - math.lgamma(i + 1) - math.lgamma(n - i + 1)
        yield math.exp(log_ways + i * log_p + (n - i) * log_q)


def _solve(k: int, n: int, probability: float) -> float:
    """Find the chance at which `k` or more of `n` has this probability."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_least(k, n, middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def clopper_pearson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact confidence limits of a proportion [1]_.

    Parameters
    ----------
    k, n : int
        Successes and trials.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : float
        As fractions; 0 and 1 when nothing was counted.

    Raises
    ------
    ValueError
        When `k` lies outside 0 to `n`, or `level` outside 0 to 1.

    Examples
    --------
    Rümke's table: 5 % of 100 cells means 1.6 to 11.3 %.

    >>> [round(100 * limit, 1) for limit in clopper_pearson(5, 100)]
    [1.6, 11.3]
    """
    if not 0 <= k <= n:
        raise ValueError(f"cannot have {k} successes in {n} trials")
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not {level}")
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else _solve(k, n, tail)
    high = 1.0 if k == n else _solve(k + 1, n, 1 - tail)
    return low, high
