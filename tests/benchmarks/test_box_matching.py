"""Boxes are paired one to one."""

import numpy as np
import pytest

from tests.benchmarks.box_matching import count_matches, iou_matrix, match_boxes


def test_overlap_of_halves() -> None:
    iou = iou_matrix([(0, 0, 10, 10)], [(0, 0, 10, 10), (5, 0, 15, 10), (20, 0, 30, 9)])
    assert iou == pytest.approx(np.array([[1.0, 1 / 3, 0.0]]))


def test_no_boxes_match_nothing() -> None:
    assert match_boxes([], [(0, 0, 1, 1)]) == []
    assert match_boxes([(0, 0, 1, 1)], []) == []


def test_a_true_box_is_matched_once_and_by_the_best() -> None:
    found = [(0, 0, 10, 9), (0, 0, 10, 10)]
    assert match_boxes(found, [(0, 0, 10, 10)]) == [(1, 0)]


def test_counts_add_up_over_images() -> None:
    one = count_matches([(0, 0, 10, 10)], [(0, 0, 10, 10)])
    none = count_matches([(0, 0, 10, 10)], [(50, 50, 60, 60)])
    both = one + none
    assert (both.matched, both.found, both.true) == (1, 2, 2)
    assert both.recall == both.precision == both.f1 == 0.5
