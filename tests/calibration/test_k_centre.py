from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.k_centre import farthest_first, standardize

POINTS = st.lists(
    st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=1, max_size=8
).map(lambda points: np.array(points, np.float64))


def covering_radius(points: NDArray[np.float64], centres: list[int]) -> float:
    """Find how far the worst point is from its nearest centre."""
    between = np.linalg.norm(points[:, np.newaxis] - points[centres], axis=2)
    return float(between.min(axis=1).max())


@given(POINTS, st.integers(1, 8))
def test_the_radius_is_at_most_twice_the_least_there_is(
    points: NDArray[np.float64], count: int
) -> None:
    count = min(count, len(points))
    least = min(
        covering_radius(points, list(centres))
        for centres in combinations(range(len(points)), count)
    )
    found = covering_radius(points, farthest_first(points, count))
    assert found <= 2 * least + 1e-9


@given(POINTS, st.integers(0, 10))
def test_points_are_taken_once_and_begin_with_the_first(
    points: NDArray[np.float64], count: int
) -> None:
    order = farthest_first(points, count)
    assert len(order) == len(set(order)) == min(count, len(points))
    assert order[:1] == [0][:count]
    assert order == farthest_first(points, 10)[:count]


def test_copies_of_a_point_are_taken_last() -> None:
    points = np.array([[0.0, 0.0]] * 3 + [[1.0, 1.0], [5.0, 5.0]])
    assert farthest_first(points, 3) == [0, 4, 3]


def test_a_column_that_never_varies_tells_nothing() -> None:
    features = standardize(np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]]))
    assert np.allclose(features.mean(axis=0), 0)
    assert np.allclose(features.std(axis=0), (1, 0))
