"""Matches add up."""

from tests.benchmarks.box_matching import count_matches


def test_counts_add_up_over_images() -> None:
    one = count_matches([(0, 0, 10, 10)], [(0, 0, 10, 10)])
    none = count_matches([(0, 0, 10, 10)], [(50, 50, 60, 60)])
    both = one + none
    assert (both.matched, both.found, both.true) == (1, 2, 2)
    assert both.recall == both.precision == both.f1 == 0.5
