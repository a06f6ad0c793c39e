import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hemalens.likeness import Likeness, distances

CENTRES = ((0.0, 0.0), (10.0, 0.0))


def likeness(**changed: object) -> Likeness:
    given = {"centres": CENTRES, "farthest": 2.0, "split": "drawn", "n": 9, "unlike": 0}
    return Likeness.model_validate({**given, **changed})


def test_near_any_class_is_alike_and_between_two_is_not() -> None:
    places = np.array([[1, 1], [9, 1], [5, 0], [0, 2], [0, 2.1]], np.float32)
    assert likeness().is_in_distribution(places).tolist() == [
        True,
        True,
        False,
        True,
        False,
    ]


def test_no_cells_are_neither() -> None:
    assert likeness().is_in_distribution(np.empty((0, 2), np.float32)).shape == (0,)


@given(st.floats(0.1, 50), st.floats(0.1, 50))
def test_a_wider_limit_never_makes_a_cell_unlike(one: float, other: float) -> None:
    places = np.random.default_rng(0).normal(0, 20, (64, 2)).astype(np.float32)
    strict = likeness(farthest=min(one, other)).is_in_distribution(places)
    wide = likeness(farthest=max(one, other)).is_in_distribution(places)
    assert not (strict & ~wide).any()


def test_the_distance_is_that_to_the_nearest_centre() -> None:
    places = np.random.default_rng(1).normal(0, 8, (32, 2)).astype(np.float32)
    found = distances(places, np.array(CENTRES))
    for place, distance in zip(places, found, strict=True):
        assert distance == pytest.approx(min(np.hypot(*(place - c)) for c in CENTRES))


def test_centres_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValidationError, match="one number of coordinates"):
        likeness(centres=((0.0, 1.0), (2.0,)))
