from itertools import pairwise

import pytest

from convert.studies.microscopes.truth import Pick


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_limited_frames_are_spread_evenly_and_the_same_each_time(limit: int) -> None:
    kept = Pick(limit=limit).of(range(20), lambda _: True)
    assert len(kept) == limit
    assert kept == Pick(limit=limit).of(range(20), lambda _: True)
    gaps = [b - a for a, b in pairwise(kept)]
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_frames_kept_apart_come_before_the_limit() -> None:
    assert Pick(limit=2, apart=True).of(range(9), lambda n: n % 2 == 1) == (1, 5)


def test_without_terms_all_are_kept() -> None:
    assert Pick().of("abc", lambda _: False) == ("a", "b", "c")
