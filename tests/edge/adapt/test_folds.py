import numpy as np
import pytest

from edge.adapt.folds import deal_folds
from tests.edge.adapt.made_site import made_cells


@pytest.mark.parametrize("seed", range(3))
def test_no_frame_is_in_two_folds(seed: int) -> None:
    cells = made_cells(90, seed=seed)
    fold = deal_folds(cells, 10, np.random.default_rng(seed))
    assert len(fold) == 90
    pairs = set(zip(cells.frames, fold.tolist(), strict=True))
    assert len(pairs) == len(set(cells.frames))


def test_every_fold_has_its_share_of_every_class() -> None:
    cells = made_cells(400)
    alone = cells.at(np.arange(0, 400, 2))
    fold = deal_folds(alone, 5, np.random.default_rng(0))
    for index in np.unique(alone.class_index):
        counts = np.bincount(fold[alone.class_index == index], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_another_dealing_deals_otherwise() -> None:
    cells = made_cells(100)
    one, other = (deal_folds(cells, 10, np.random.default_rng(s)) for s in (0, 1))
    assert not np.array_equal(one, other)
