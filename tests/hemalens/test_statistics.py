import math
from dataclasses import dataclass
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from hemalens.statistics import (
    clopper_pearson,
    mcnemar_p,
    poisson_limits,
    ratio_limits,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Limits in percent as Rümke's tables print them."""

    name: str
    k: int
    n: int
    low_percent: float
    high_percent: float


RUEMKE = (
    Published(name="5 of 100", k=5, n=100, low_percent=1.6, high_percent=11.3),
    Published(name="10 of 200", k=10, n=200, low_percent=2.4, high_percent=9.0),
    Published(name="25 of 500", k=25, n=500, low_percent=3.3, high_percent=7.3),
)


@pytest.mark.parametrize("row", RUEMKE, ids=lambda row: row.name)
def test_limits_are_those_of_the_published_tables(row: Published) -> None:
    limits = [round(100 * limit, 1) for limit in clopper_pearson(row.k, row.n)]
    assert limits == [row.low_percent, row.high_percent]


@st.composite
def counts(draw: st.DrawFn, at_least: int = 1) -> tuple[int, int]:
    n = draw(st.integers(at_least, 400))
    return draw(st.integers(0, n)), n


LEVELS = st.floats(0.5, 0.9999)
properties = settings(deadline=None, max_examples=100)


@properties
@given(counts(), LEVELS)
def test_limits_enclose_the_proportion(counted: tuple[int, int], level: float) -> None:
    k, n = counted
    low, high = clopper_pearson(k, n, level)
    assert 0 <= low <= k / n <= high <= 1
    assert low < high


@properties
@given(counts(), LEVELS)
def test_limits_mirror_when_successes_and_failures_change_places(
    counted: tuple[int, int], level: float
) -> None:
    k, n = counted
    low, high = clopper_pearson(k, n, level)
    mirrored = clopper_pearson(n - k, n, level)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


@properties
@given(counts(), LEVELS)
def test_limits_rise_with_the_successes(counted: tuple[int, int], level: float) -> None:
    k, n = counted
    low, high = clopper_pearson(k, n, level)
    more_low, more_high = clopper_pearson(min(k + 1, n), n, level)
    assert more_low >= low
    assert more_high >= high


@properties
@given(counts(), st.tuples(LEVELS, LEVELS).map(sorted))
def test_higher_level_gives_wider_limits(
    counted: tuple[int, int], levels: list[float]
) -> None:
    narrow = clopper_pearson(*counted, levels[0])
    wide = clopper_pearson(*counted, levels[1])
    assert wide[0] <= narrow[0]
    assert wide[1] >= narrow[1]


@properties
@given(counts(), LEVELS)
def test_each_limit_leaves_half_the_rest_in_its_tail(
    counted: tuple[int, int], level: float
) -> None:
    """The definition itself, summed term by term in whole numbers."""
    k, n = counted
    low, high = clopper_pearson(k, n, level)
    tail = (1 - level) / 2
    if k > 0:
        assert binomial_sum(range(k, n + 1), n, low) == pytest.approx(tail, rel=1e-6)
    if k < n:
        assert binomial_sum(range(k + 1), n, high) == pytest.approx(tail, rel=1e-6)


def binomial_sum(successes: range, n: int, p: float) -> float:
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in successes)


@pytest.mark.parametrize("n", [1, 10, 300])
def test_none_of_n_follows_its_closed_form(n: int) -> None:
    low, high = clopper_pearson(0, n)
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / n))


def test_nothing_counted_leaves_everything_open() -> None:
    assert clopper_pearson(0, 0) == (0, 1)


def test_large_counts_stay_exact() -> None:
    """Checked against the definition in whole numbers and 60 decimal places."""
    low, high = clopper_pearson(3376, 3417)
    with localcontext(prec=60):
        assert at_least(3376, 3417, low) == pytest.approx(0.025, rel=1e-9)
        assert at_least(3377, 3417, high) == pytest.approx(0.975, rel=1e-9)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.9999])
@pytest.mark.parametrize("n", [1, 100, 17_000, 1_000_000])
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 1])
def test_limits_are_quantiles_of_the_beta_distribution(
    share: float, n: int, level: float
) -> None:
    k = round(share * n)
    low, high = clopper_pearson(k, n, level)
    tail = (1 - level) / 2
    assert low == pytest.approx(beta.ppf(tail, k, n - k + 1) if k else 0, rel=1e-8)
    assert high == pytest.approx(beta.isf(tail, k + 1, n - k) if k < n else 1, rel=1e-8)


def at_least(k: int, n: int, p: float) -> float:
    chance = Decimal(p)
    terms = (
        math.comb(n, i) * chance**i * (1 - chance) ** (n - i) for i in range(k, n + 1)
    )
    return float(sum(terms))


@pytest.mark.parametrize(("k", "n"), [(-1, 10), (11, 10), (1, 0), (0, -1)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        clopper_pearson(k, n)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, math.nan])
def test_impossible_levels_are_refused(level: float) -> None:
    with pytest.raises(ValueError, match="confidence level"):
        clopper_pearson(5, 100, level)


@pytest.mark.parametrize(
    ("k", "n"), [(300_000, 5_000_000), (2_500_000, 5_000_000), (4_999_999, 5_000_000)]
)
def test_limits_of_a_day_of_counting_are_the_normal_ones(k: int, n: int) -> None:
    """So many cells leave no skew but for rare ones; and it takes no minutes."""
    low, high = clopper_pearson(k, n)
    share = k / n
    spread = 1.959964 * math.sqrt(share * (1 - share) / n)
    if n - k > 1000:
        assert (low, high) == pytest.approx((share - spread, share + spread), abs=5e-7)
    else:
        # Garwood's limits of the one that is missing.
        assert (low, high) == pytest.approx((1 - 5.5716 / n, 1 - 0.0253 / n), abs=1e-10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Garwood:
    """Limits as Garwood's table, continued by later ones, prints them."""

    name: str
    k: int
    low: float
    high: float


GARWOOD = (
    Garwood(name="none", k=0, low=0, high=3.689),
    Garwood(name="1", k=1, low=0.025, high=5.572),
    Garwood(name="10", k=10, low=4.795, high=18.390),
    Garwood(name="40", k=40, low=28.577, high=54.469),
    Garwood(name="100", k=100, low=81.364, high=121.627),
)


@pytest.mark.parametrize("row", GARWOOD, ids=lambda row: row.name)
def test_poisson_limits_are_those_of_the_published_tables(row: Garwood) -> None:
    limits = [round(limit, 3) for limit in poisson_limits(row.k)]
    assert limits == [row.low, row.high]


@properties
@given(st.integers(0, 400), LEVELS)
def test_each_poisson_limit_leaves_half_the_rest_in_its_tail(
    k: int, level: float
) -> None:
    low, high = poisson_limits(k, level)
    tail = (1 - level) / 2
    assert 0 <= low <= k < high
    if k > 0:
        assert poisson_sum(range(k, k + 400), low) == pytest.approx(tail, rel=1e-6)
    assert poisson_sum(range(k + 1), high) == pytest.approx(tail, rel=1e-6)


def poisson_sum(events: range, mean: float) -> float:
    log_mean = math.log(mean)
    return math.fsum(math.exp(i * log_mean - mean - math.lgamma(i + 1)) for i in events)


def test_many_events_have_the_normal_limits() -> None:
    low, high = poisson_limits(1_000_000)
    assert (low, high) == pytest.approx((998_040, 1_001_960), abs=5)


@properties
@given(counts(), LEVELS)
def test_ratio_limits_are_the_odds_of_the_share(
    counted: tuple[int, int], level: float
) -> None:
    k, n = counted
    low, high = ratio_limits(k, n, level) or (math.nan, math.nan)
    share_low, share_high = clopper_pearson(k, k + n, level)
    assert low <= k / n <= high
    assert low / (1 + low) == pytest.approx(share_low, abs=1e-12)
    assert high / (1 + high) == pytest.approx(share_high, abs=1e-12)


def test_a_ratio_to_nothing_has_no_limits() -> None:
    assert ratio_limits(5, 0) is None
    assert ratio_limits(0, 0) is None


@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_impossible_levels_are_refused_for_events_too(level: float) -> None:
    with pytest.raises(ValueError, match="confidence level"):
        poisson_limits(5, level)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="events"):
        poisson_limits(-1)
    with pytest.raises(ValueError, match="successes"):
        ratio_limits(-1, 10)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 120), st.integers(0, 120))
def test_mcnemar_is_the_binomial_test_of_the_discordant(gained: int, lost: int) -> None:
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar_p(gained, lost) == pytest.approx(expected, rel=1e-9)
