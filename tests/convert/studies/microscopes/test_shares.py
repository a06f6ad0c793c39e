import numpy as np
import pytest

from convert.studies.microscopes.shares import auroc_of_wrong, share_of
from hemalens.statistics import clopper_pearson


def test_share_has_exact_limits() -> None:
    share = share_of(9, 10)
    assert share.share == 0.9
    assert share.ci95 == clopper_pearson(9, 10)


def test_share_of_nothing_is_none() -> None:
    assert share_of(0, 0).share is None


def test_weights_are_rounded_to_whole_cells_for_limits_alone() -> None:
    share = share_of(1.5, 2.5)
    assert share.share == 0.6
    assert share.ci95 == clopper_pearson(2, 2)


@pytest.mark.parametrize(
    ("certainty", "right", "wanted"),
    [
        ([0.9, 0.8, 0.3, 0.2], [True, True, False, False], 1.0),
        ([0.2, 0.3, 0.8, 0.9], [True, True, False, False], 0.0),
        ([0.9, 0.4, 0.5, 0.1], [True, True, False, False], 0.75),
        ([0.5, 0.5], [True, False], 0.5),
    ],
)
def test_auroc_counts_the_pairs_in_order(
    certainty: list[float], right: list[bool], wanted: float
) -> None:
    found = auroc_of_wrong(np.array(certainty), np.array(right), np.ones(len(right)))
    assert found == wanted


def test_a_cell_seen_again_weighs_once_in_auroc() -> None:
    certainty = np.array([0.9, 0.9, 0.1, 0.5])
    right = np.array([True, True, True, False])
    assert auroc_of_wrong(certainty, right, np.array([0.5, 0.5, 1, 1])) == 0.5


@pytest.mark.parametrize("right", [True, False])
def test_auroc_of_one_kind_is_none(right: bool) -> None:
    assert auroc_of_wrong(np.array([0.5]), np.array([right]), np.ones(1)) is None
