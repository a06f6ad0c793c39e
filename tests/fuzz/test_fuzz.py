from collections.abc import Callable

import pytest

from tests.fuzz.__main__ import Found, bundles, faults, pictures, streams, videos


@pytest.mark.parametrize(
    ("attack", "times"),
    [(pictures, 70), (videos, 150), (bundles, 200), (streams, 200)],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_few_of_each_kind_find_nothing(
    attack: Callable[[int], Found], times: int
) -> None:
    found = attack(times)
    assert sum(found.values()) > 0
    assert not list(faults(found))
