"""Frames tell together what one alone may have wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edge.slide.made_facts import facts, together


def test_nothing_is_told_without_frames() -> None:
    told = together()
    assert (told.frames, told.ruler_um, told.other_size) == (0, None, None)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(6)))
def test_the_order_of_frames_tells_nothing(order: list[int]) -> None:
    frames = [facts(ruler_um=0.08 + 0.01 * n, size_spread=0.1 * n) for n in range(6)]
    assert together(*(frames[n] for n in order)) == together(*frames)


@pytest.mark.parametrize(
    ("rulers", "other"),
    [
        ((0.1, 0.1, 0.11), None),
        ((0.1, 0.2), 0.2),
        ((0.1,) * 20 + (0.2,), None),
        ((0.1,) * 20 + (0.25, 0.26), 0.255),
        ((0.1,) * 40 + (0.25, 0.26), None),
        ((None, None, 0.2), None),
    ],
    ids=["alike", "two", "a slip", "a tenth", "two slips", "one ruler"],
)
def test_frames_of_another_magnification_are_told_from_slips(
    rulers: tuple[float | None, ...], other: float | None
) -> None:
    told = together(*(facts(ruler_um=ruler) for ruler in rulers))
    assert told.other_size == (None if other is None else pytest.approx(other))


def test_the_spread_of_rulers_is_robust() -> None:
    rulers = [*np.linspace(0.095, 0.105, 19), 0.4]
    spread = together(*(facts(ruler_um=one) for one in rulers)).ruler_spread
    assert spread == pytest.approx(0.035, abs=0.01)
