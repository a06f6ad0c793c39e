"""Paired statistics against SciPy, published tables and their definitions."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from convert.evidence.paired import (
    cohen_kappa,
    paired_difference_limits,
)

properties = settings(deadline=None, max_examples=60)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[int, int, int]:
    n = draw(st.integers(2, 2_000))
    gained = draw(st.integers(0, min(n - 1, 40)))
    lost = draw(st.integers(0, min(n - 1 - gained, 40)))
    return gained, lost, n


def log_likelihood(
    gained: int, lost: int, n: int, difference: float, chance_lost: float
) -> float:
    chances = (chance_lost + difference, chance_lost, 1 - 2 * chance_lost - difference)
    counts = (gained, lost, n - gained - lost)
    return sum(
        k * math.log(max(p, 1e-300)) for k, p in zip(counts, chances, strict=True) if k
    )


@properties
@given(pairs())
def test_each_limit_solves_the_score_equation(drawn: tuple[int, int, int]) -> None:
    """The constrained maximum likelihood is found by search, not by formula."""
    gained, lost, n = drawn
    for limit, sign in zip(
        paired_difference_limits(gained, lost, n), (1, -1), strict=True
    ):
        low, high = max(0.0, -limit), (1 - limit) / 2
        found = minimize_scalar(
            lambda p, limit=limit: -log_likelihood(gained, lost, n, limit, p),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-14},
        )
        variance = n * (2 * found.x + limit * (1 - limit))
        score = (gained - lost - n * limit) / math.sqrt(variance)
        assert score == pytest.approx(sign * 1.959964, abs=2e-2)


@properties
@given(pairs())
def test_limits_mirror_and_enclose(drawn: tuple[int, int, int]) -> None:
    gained, lost, n = drawn
    low, high = paired_difference_limits(gained, lost, n)
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    mirrored = paired_difference_limits(lost, gained, n)
    assert mirrored == pytest.approx((-high, -low))
    narrow = paired_difference_limits(gained, lost, n, 0.9)
    assert low < narrow[0] <= narrow[1] < high


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Tango's limits as others print them."""

    name: str
    gained: int
    lost: int
    n: int
    level: float
    limits: tuple[float, float]
    digits: int


PUBLISHED = (
    Published(
        name="airway hyper-responsiveness: Fagerland, Lydersen, Laake, Statistics in "
        "Medicine 33 (2014) 2850, doi 10.1002/sim.6148",
        gained=1,
        lost=7,
        n=21,
        level=0.95,
        limits=(-0.517, -0.026),
        digits=3,
    ),
    Published(
        name="R package PropCIs, scoreci.mp(25, 28, 618), 90 %",
        gained=28,
        lost=25,
        n=618,
        level=0.9,
        limits=(-0.0148, 0.0247),
        digits=4,
    ),
)


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.name)
def test_limits_are_the_published_ones(row: Published) -> None:
    found = paired_difference_limits(row.gained, row.lost, row.n, row.level)
    assert tuple(round(limit, row.digits) for limit in found) == row.limits


@properties
@given(pairs(), st.integers(2, 20))
def test_more_of_the_same_images_narrow_the_limits(
    drawn: tuple[int, int, int], times: int
) -> None:
    low, high = paired_difference_limits(*drawn)
    more_low, more_high = paired_difference_limits(*(times * k for k in drawn))
    assert low < more_low <= more_high < high


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
def test_every_possible_outcome_has_limits(n: int) -> None:
    for gained in range(n + 1):
        for lost in range(n - gained + 1):
            low, high = paired_difference_limits(gained, lost, n)
            assert -1 <= low <= (gained - lost) / n <= high <= 1
            assert low < high


@pytest.mark.parametrize(("gained", "lost", "n"), [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_pairs_are_refused(gained: int, lost: int, n: int) -> None:
    with pytest.raises(ValueError, match="among"):
        paired_difference_limits(gained, lost, n)


def test_kappa_of_a_published_table() -> None:
    """Cohen 1960, table 1: proportions of 200 judgements, kappa 0.492."""
    counts = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    first, second = (
        np.repeat(index, counts.ravel()) for index in np.indices((3, 3)).reshape(2, -1)
    )
    assert cohen_kappa(first, second, 3) == pytest.approx(0.492, abs=5e-4)


@properties
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_kappa_is_symmetric_and_at_most_one(drawn: list[tuple[int, int]]) -> None:
    first, second = (np.array(side) for side in zip(*drawn, strict=True))
    found = cohen_kappa(first, second, 4)
    assert found == pytest.approx(cohen_kappa(second, first, 4))
    assert found <= 1 + 1e-12
    assert cohen_kappa(first, first, 4) == pytest.approx(1)


def test_two_models_that_know_one_class_alone_agree() -> None:
    """Sums of 1/49 are not 1: chance must be counted in whole numbers."""
    for n in range(1, 120):
        named = np.zeros(n, np.int64)
        assert cohen_kappa(named, named, 3) == 1


def test_kappa_is_zero_where_one_model_knows_one_class_alone() -> None:
    first = np.arange(49) % 3
    assert cohen_kappa(first, np.zeros(49, np.int64), 3) == 0


def test_kappa_is_least_where_models_never_agree() -> None:
    first = np.arange(40) % 2
    assert cohen_kappa(first, 1 - first, 2) == -1
