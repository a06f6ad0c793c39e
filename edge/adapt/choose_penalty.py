"""The strength of the penalty: the one that best foretells cells not fitted on."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.adapt.fit_correction import FittedCorrection, fit_correction
from edge.adapt.folds import deal_folds
from edge.adapt.labelled_cells import LabelledCells
from edge.classify.posterior import mask_impossible_classes
from hemalens.site_correction import LEAST_PROBABILITY, corrected

PENALTIES: Final = (10.0, 1.0, 0.1)
"""The strongest first: of equals it is taken. On BCCD each of them serves within two
points of the best (measured 2026-11)."""

FOLDS: Final = 5


def fit_best(cells: LabelledCells, rng: np.random.Generator) -> FittedCorrection:
    """Fit a correction with the penalty chosen by cross-validation.

    Parameters
    ----------
    cells : LabelledCells
    rng : Generator
        Deals the folds.
    """
    fold = deal_folds(cells, FOLDS, rng)
    losses = [_held_back_loss(cells, fold, penalty) for penalty in PENALTIES]
    return fit_correction(cells, PENALTIES[int(np.argmin(losses))])


def parted(
    cells: LabelledCells, fold: NDArray[np.int64]
) -> Iterator[tuple[LabelledCells, NDArray[np.int64]]]:
    """Give, fold by fold, the cells outside it and the rows of those in it."""
    for number in np.unique(fold):
        yield cells.at(np.flatnonzero(fold != number)), np.flatnonzero(fold == number)


def _held_back_loss(
    cells: LabelledCells, fold: NDArray[np.int64], penalty: float
) -> float:
    """Give the negative log-likelihood of cells under fits that have not seen them."""
    loss = 0.0
    for others, rows in parted(cells, fold):
        fitted = fit_correction(others, penalty)
        held = cells.at(rows)
        given = mask_impossible_classes(
            corrected(held.probabilities, fitted.matrix, fitted.offsets),
            held.detections,
            held.class_names,
        )
        of_true = given[np.arange(len(held)), held.class_index]
        loss -= float(np.log(np.maximum(of_true, LEAST_PROBABILITY)).sum())
    return loss
