"""Labelled cells dealt into folds: alike in classes, no frame in two of them."""

import numpy as np
from numpy.typing import NDArray

from edge.adapt.labelled_cells import LabelledCells


def deal_folds(
    cells: LabelledCells, folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Deal cells into folds.

    Parameters
    ----------
    cells : LabelledCells
    folds : int
    rng : Generator
        Another one deals otherwise.

    Returns
    -------
    ndarray of shape (N,), int64
        Each cell's fold, from 0; cells of one frame share theirs.
    """
    names, first, frame = np.unique(
        np.array(cells.frames), return_index=True, return_inverse=True
    )
    shuffled = rng.permutation(len(names))
    # A frame's cells are mostly one or two: the first one's class stands for them.
    by_class = np.argsort(cells.class_index[first][shuffled], kind="stable")
    fold = np.empty(len(names), np.int64)
    fold[shuffled[by_class]] = np.arange(len(names)) % folds
    return np.asarray(fold[frame.ravel()], np.int64)
