"""Exact statistics of counts, without SciPy, for the device.

References
----------
.. [1] Clopper, Pearson: The use of confidence or fiducial limits illustrated in the
   case of the binomial. Biometrika 26 (1934) 404, doi 10.1093/biomet/26.4.404.
.. [2] Rümke's tables for differential counts hold the same limits.
.. [3] Garwood: Fiducial limits for the Poisson distribution. Biometrika 28 (1936)
   437, doi 10.1093/biomet/28.3-4.437.
.. [4] Przyborowski, Wilenski: Homogeneity of results in testing samples from Poisson
   series. Biometrika 31 (1940) 313, doi 10.1093/biomet/31.3-4.313.
.. [5] McNemar: Note on the sampling error of the difference between correlated
   proportions or percentages. Psychometrika 12 (1947) 153, doi 10.1007/BF02295996;
   exact form: the discordant pairs are tosses of a fair coin.
.. [6] Wilson: Probable inference, the law of succession, and statistical inference.
   Journal of the American Statistical Association 22 (1927) 209, doi
   10.1080/01621459.1927.10502953.
"""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Final

_NEGLIGIBLE: Final = 1e-18
"""Terms below this share of the sum no longer change it in double precision."""
_LAST_STEP: Final = 1e-8
"""Newton's steps square: what is left after one so small is below double precision."""
_MOST_STEPS: Final = 60
"""Of numbers so large that rounding keeps the steps from becoming small."""


def _tail_sum(first: float, next_ratio: Callable[[int], float], terms: int) -> float:
    """Add up terms that decrease, each from the one before, until they are nothing."""
    total = term = first
    for index in range(terms - 1):
        term *= next_ratio(index)
        total += term
        if term <= total * _NEGLIGIBLE:
            break
    return total


def _binomial(i: int, n: int, p: float) -> float:
    log_ways = math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
    return math.exp(log_ways + i * math.log(p) + (n - i) * math.log1p(-p))


def _at_least(k: int, n: int, p: float) -> float:
    """Probability of `k` or more successes in `n` trials of chance `p`.

    The tail away from the mode is added up, so that it takes few terms and a small
    probability keeps its digits.
    """
    if k <= 0 or p >= 1:
        return 1.0
    if p <= 0:
        return 0.0
    odds = p / (1 - p)
    if k > n * p:
        first = _binomial(k, n, p)
        rising = _tail_sum(first, lambda j: (n - k - j) / (k + j + 1) * odds, n - k + 1)
        return min(1.0, rising)
    below = k - 1
    first = _binomial(below, n, p)
    falling = _tail_sum(first, lambda j: (below - j) / (n - below + j + 1) / odds, k)
    return max(0.0, 1.0 - falling)


def _solve(
    chance: Callable[[float], float], probability: float, low: float, high: float
) -> float:
    """Find where a rising chance reaches a probability."""
    for _ in range(60):
        middle = (low + high) / 2
        if chance(middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not {level}")
    return (1 - level) / 2


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
    tail = _tail(level)
    return _lower_limit(k, n, tail), 1 - _lower_limit(n - k, n, tail)


def _lower_limit(k: int, n: int, tail: float) -> float:
    """Find the chance at which `k` or more successes have the probability `tail`.

    By Newton's method on logarithms, from Wilson's limit [6]_: the logarithm of that
    probability, a beta distribution's, is concave in the chance's, so that no step
    goes astray.
    """
    if k == 0:
        return 0.0
    p = _wilson_lower_limit(k / n, n, tail)
    for _ in range(_MOST_STEPS):
        probability = _at_least(k, n, p)
        slope = k * _binomial(k, n, p) / probability
        step = math.log(tail / probability) / slope
        p *= math.exp(step)
        if abs(step) < _LAST_STEP:
            break
    return p


def _wilson_lower_limit(share: float, n: int, tail: float) -> float:
    z = NormalDist().inv_cdf(1 - tail)
    spread = math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return (share + z * z / (2 * n) - z * spread) / (1 + z * z / n)


def _poisson(i: int, mean: float) -> float:
    return math.exp(i * math.log(mean) - mean - math.lgamma(i + 1))


def _poisson_at_least(k: int, mean: float) -> float:
    """Probability of `k` or more events where `mean` are expected."""
    if k <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if k > mean:
        # Beyond twice the count and some, no term is left that matters.
        terms = 2 * k + 1000
        first = _poisson(k, mean)
        return min(1.0, _tail_sum(first, lambda j: mean / (k + j + 1), terms))
    below = k - 1
    first = _poisson(below, mean)
    falling = _tail_sum(first, lambda j: (below - j) / mean, k)
    return max(0.0, 1.0 - falling)


def poisson_limits(k: int, level: float = 0.95) -> tuple[float, float]:
    """Exact confidence limits of the mean of which `k` events were counted [3]_.

    Parameters
    ----------
    k : int
        Events counted.
    level : float
        Confidence level, between 0 and 1.

    Raises
    ------
    ValueError
        When `k` is negative, or `level` outside 0 to 1.

    Examples
    --------
    Garwood's table: 10 events mean 4.8 to 18.4.

    >>> [round(limit, 1) for limit in poisson_limits(10)]
    [4.8, 18.4]
    """
    if k < 0:
        raise ValueError(f"cannot count {k} events")
    tail = _tail(level)
    low = 0.0
    if k > 0:
        low = _solve(lambda mean: _poisson_at_least(k, mean), tail, 0.0, k)
    # No chance reaches the level beyond: the logarithm of the tail falls faster.
    bound = k + 1 - 4 * math.log(tail) + 4 * math.sqrt((k + 1) * -math.log(tail))
    high = _solve(lambda mean: _poisson_at_least(k + 1, mean), 1 - tail, k, bound)
    return low, high


def ratio_limits(k: int, n: int, level: float = 0.95) -> tuple[float, float] | None:
    """Exact confidence limits of the ratio of two rates, counted side by side [4]_.

    Of all ``k + n`` objects the `k` are a binomial share, whatever the rates; its
    limits, as odds, are the ratio's.

    Parameters
    ----------
    k, n : int
        Counts of the two kinds, such as erythroblasts and leukocytes.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : float, or None
        None without any of the second kind: the ratio has no upper limit then.

    Raises
    ------
    ValueError
        When a count is negative, or `level` outside 0 to 1.

    Examples
    --------
    5 erythroblasts beside 100 leukocytes mean 1.6 to 12.1 per 100.

    >>> [round(100 * limit, 1) for limit in ratio_limits(5, 100)]
    [1.6, 12.1]
    """
    low, high = clopper_pearson(k, k + n, level)
    if n == 0:
        return None
    return low / (1 - low), high / (1 - high)


def mcnemar_p(gained: int, lost: int) -> float:
    """Exact two-sided probability of discordant pairs at least as uneven [5]_.

    Parameters
    ----------
    gained, lost : int
        Cells that only the second answer has right, and only the first.

    Examples
    --------
    >>> round(mcnemar_p(15, 5), 4)
    0.0414
    """
    discordant = gained + lost
    ways = sum(math.comb(discordant, k) for k in range(min(gained, lost) + 1))
    return float(min(1.0, 2 * ways / 2**discordant))
