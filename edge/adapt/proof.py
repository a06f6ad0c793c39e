"""Whether a correction gains anything on cells it was not fitted on.

The labelled cells are dealt into ten folds, each corrected by a fit to the other nine,
penalty chosen anew; five dealings are averaged, so that no lucky one decides. Every
cell then has an answer with and one without the correction, and the pairs are compared.

What it cannot say: the cells are of few slides, and folds part frames, not patients.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.adapt.choose_penalty import fit_best, parted
from edge.adapt.folds import deal_folds
from edge.adapt.gain import gain_limits
from edge.adapt.labelled_cells import LabelledCells
from edge.classify.population_weights import class_weights
from edge.classify.posterior import apply_class_weights, mask_impossible_classes
from edge.records.population import Population
from hemalens.errors import DatasetError
from hemalens.site_correction import SiteProof, corrected
from hemalens.statistics import clopper_pearson, mcnemar_p

FOLDS: Final = 10
REPEATS: Final = 5


def prove(
    cells: LabelledCells,
    minimum_probability: float,
    population: Population = Population.UNRESTRICTED,
    *,
    seed: int = 0,
) -> SiteProof:
    """Measure the correction on cells held back.

    Parameters
    ----------
    cells : LabelledCells
    minimum_probability : float
        The bundle's: cells whose likeliest class has less go to review.
    population : Population
        Whose blood the site counts: answers are those its counts will give.
    seed : int
        Deals the folds.

    Raises
    ------
    DatasetError
        When the cells are of too few frames to part them.
    """
    frames = len(set(cells.frames))
    if frames < FOLDS:
        raise DatasetError(
            f"wanted labelled cells of at least {FOLDS} frames, found {frames}: cells "
            "of one frame are too alike to prove anything; label some of other frames"
        )
    weights = class_weights(population, cells.class_names)
    before, after = (
        apply_class_weights(
            mask_impossible_classes(given, cells.detections, cells.class_names), weights
        )
        for given in (
            cells.probabilities,
            _held_back(cells, np.random.default_rng(seed)),
        )
    )
    return compare(cells, before, after, minimum_probability, population)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Answers:
    """Answers to the labelled cells, as a count gives them."""

    is_right: NDArray[np.bool_]
    is_answered: NDArray[np.bool_]

    @property
    def right(self) -> int:
        return int(self.is_right.sum())

    @property
    def answered(self) -> int:
        return int(self.is_answered.sum())

    @property
    def wrong(self) -> int:
        """Count the wrong ones among those not sent to review."""
        return int((self.is_answered & ~self.is_right).sum())


def compare(
    cells: LabelledCells,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    minimum_probability: float,
    population: Population = Population.UNRESTRICTED,
) -> SiteProof:
    """Compare a count's probabilities (N, classes) of the same cells.

    Parameters
    ----------
    cells : LabelledCells
    before, after : ndarray of shape (N, classes), float32
        What is ruled out and the population brought in.
    minimum_probability : float
        Cells whose likeliest class has less go to review.
    population : Population
        The one brought in.
    """
    first, second = (
        _answers(cells, given, minimum_probability) for given in (before, after)
    )
    differences = second.is_right.astype(np.int64) - first.is_right
    gained, lost = int((differences > 0).sum()), int((differences < 0).sum())
    number = len(cells)
    return SiteProof(
        n=number,
        population=population,
        accuracy_before=first.right / number,
        accuracy_before_ci95=clopper_pearson(first.right, number),
        accuracy_after=second.right / number,
        accuracy_after_ci95=clopper_pearson(second.right, number),
        balanced_before=_balanced(cells, first),
        balanced_after=_balanced(cells, second),
        gained=gained,
        lost=lost,
        gain_ci95=gain_limits(differences, cells.frames),
        mcnemar_p=mcnemar_p(gained, lost),
        answered_before=first.answered,
        wrong_before=first.wrong,
        answered_after=second.answered,
        wrong_after=second.wrong,
    )


def _answers(
    cells: LabelledCells, given: NDArray[np.float32], minimum_probability: float
) -> _Answers:
    return _Answers(
        is_right=given.argmax(axis=1) == cells.class_index,
        is_answered=given.max(axis=1) >= minimum_probability,
    )


def _held_back(cells: LabelledCells, rng: np.random.Generator) -> NDArray[np.float32]:
    """Give each cell's probabilities, the mean over fits that have not seen it."""
    total = np.zeros_like(cells.probabilities)
    for _ in range(REPEATS):
        for others, rows in parted(cells, deal_folds(cells, FOLDS, rng)):
            fitted = fit_best(others, rng)
            total[rows] += corrected(
                cells.probabilities[rows], fitted.matrix, fitted.offsets
            )
    return np.asarray(total / REPEATS, np.float32)


def _balanced(cells: LabelledCells, answers: _Answers) -> float:
    true = cells.class_index
    shares = [float(answers.is_right[true == one].mean()) for one in np.unique(true)]
    return min(1.0, sum(shares) / len(shares))
