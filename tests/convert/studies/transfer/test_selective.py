"""What review of the least certain cells leaves, against other reckonings."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.studies.transfer.selective import at_coverage, error_roc, risk_curve

properties = settings(deadline=None, max_examples=30)

LEVELS = 6
"""So few that many cells are equally certain."""


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 40))
    levels = draw(st.lists(st.integers(0, LEVELS), min_size=n, max_size=n))
    right = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(levels) / LEVELS, np.array(right)


def pairs_won(certainty: np.ndarray, is_right: np.ndarray) -> np.ndarray:
    """Hold each right answer against each wrong one; a tie is half a win."""
    right, wrong = certainty[is_right, np.newaxis], certainty[~is_right]
    return (right > wrong) + 0.5 * (right == wrong)


@properties
@given(judged())
def test_area_is_the_share_of_pairs_won(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    certainty, is_right = drawn
    found = error_roc(certainty, is_right)
    won = pairs_won(certainty, is_right)
    if found is None:
        assert won.size == 0
        return
    assert found.auroc == pytest.approx(won.mean())
    low, high = found.auroc_ci95
    assert 0 <= low <= found.auroc <= high <= 1


def test_limits_are_de_long_s() -> None:
    """From the pairs themselves, as the paper writes it."""
    random = np.random.default_rng(3)
    is_right = random.random(90) < 0.7
    certainty = random.normal(is_right * 1.0, 1)
    won = pairs_won(certainty, is_right)
    m, n = won.shape
    variance = won.mean(1).var(ddof=1) / m + won.mean(0).var(ddof=1) / n
    found = error_roc(certainty, is_right)
    assert found is not None
    half = 1.959964 * np.sqrt(variance)
    assert found.auroc_ci95 == pytest.approx(
        (won.mean() - half, won.mean() + half), abs=1e-6
    )


@pytest.mark.parametrize("right", [True, False])
def test_answers_all_alike_have_no_area(right: bool) -> None:
    assert error_roc(np.array([0.1, 0.9]), np.array([right, right])) is None


@properties
@given(judged(), st.floats(0, 1))
def test_of_equally_certain_cells_the_wrong_ones_are_answered(
    drawn: tuple[np.ndarray, np.ndarray], coverage: float
) -> None:
    certainty, is_right = drawn
    point = at_coverage(certainty, is_right, coverage)
    worst = sorted(zip(-certainty, is_right, strict=True))[: point.answered.n]
    assert point.answered.n == round(coverage * len(certainty))
    assert point.answered.right == sum(right for _, right in worst)


@properties
@given(judged())
def test_the_curve_ends_with_every_cell_answered(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    certainty, is_right = drawn
    curve = risk_curve(certainty, is_right)
    assert (curve[-1].answered.n, curve[-1].answered.right) == (
        len(is_right),
        is_right.sum(),
    )
    for before, after in pairwise(curve):
        assert before.answered.n <= after.answered.n
        assert before.answered.right <= after.answered.right


def test_a_good_certainty_sends_the_errors_to_review() -> None:
    certainty = np.linspace(1, 0, 100)
    is_right = np.arange(100) < 80
    assert at_coverage(certainty, is_right, 0.8).answered.accuracy == 1
    assert at_coverage(-certainty, is_right, 0.8).answered.accuracy == 0.75
