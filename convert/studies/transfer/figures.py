"""How many images and cells of a set were called right.

An image that names one type is right when most of its cells are given that type: the
model's likeliest class decides, whether or not the cell is uncertain. Cells that the
edge cuts are heard only in images that show no whole one. An image in which no cell
was found is wrong.

References
----------
.. [1] Zou, Donner: Construction of confidence limits about effect measures: a general
   approach. Statistics in Medicine 27 (2008) 1693, doi 10.1002/sim.3095.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from convert.studies.transfer.answers import Answers
from convert.studies.transfer.selective import (
    CoveragePoint,
    ErrorRoc,
    ShareRight,
    at_coverage,
    error_roc,
    risk_curve,
    share_right,
)
from hemalens.classes import CLASS_NAMES, CellClass
from train.evaluation.figures import Figures, Record, evaluate_predictions

COMMON: Final = (
    CellClass.NEUTROPHIL,
    CellClass.EOSINOPHIL,
    CellClass.LYMPHOCYTE,
    CellClass.MONOCYTE,
)
"""The classes that small sets have enough of."""

ANSWERED_SHARE: Final = 0.8
"""A fifth of the cells may go to review."""


class BalancedAccuracy(Record):
    """Mean of the classes' shares right; a rare class tells as much as a common one."""

    classes: tuple[str, ...]
    accuracy: float
    ci95: tuple[float, float]
    """From the exact limits of each share [1]_."""


class ImageFigures(Record):
    """Images whose type was told."""

    all: ShareRight
    common: ShareRight
    """Those of the four common classes."""
    common_balanced: BalancedAccuracy
    by_class: dict[str, ShareRight]
    without_cell: int
    """No cell was found where one was drawn."""
    of_cut_cells: int
    """Judged by cells that the edge cuts, for want of a whole one."""


class CellFigures(Record):
    """Cells by their likeliest class, and which of them the model answers."""

    figures: Figures
    as_shipped: ShareRight
    """Those the model answers with its own threshold, and are like what it was trained
    on; the others are uncertain."""
    at_80_percent: CoveragePoint
    error_roc: ErrorRoc | None
    """None when all answers are right, or all wrong."""
    risk_coverage: tuple[CoveragePoint, ...]


class TransferFigures(Record):
    """One model on one set."""

    images: ImageFigures
    cells: CellFigures
    """Whole cells: those that a count answers."""
    cells_with_cut: CellFigures
    """The same with cells that the edge cuts."""


def measure(answers: Answers) -> TransferFigures:
    """Measure the answers to one set."""
    return TransferFigures(
        images=_image_figures(answers),
        cells=_cell_figures(answers.whole()),
        cells_with_cut=_cell_figures(answers),
    )


def _cell_figures(answers: Answers) -> CellFigures:
    certainty, is_right = answers.certainty, answers.is_right
    answered = answers.is_answered
    right = int(np.count_nonzero(is_right & answered))
    return CellFigures(
        figures=evaluate_predictions(answers.true, answers.probabilities, CLASS_NAMES),
        as_shipped=share_right(right, int(np.count_nonzero(answered))),
        at_80_percent=at_coverage(certainty, is_right, ANSWERED_SHARE),
        error_roc=error_roc(certainty, is_right),
        risk_coverage=risk_curve(certainty, is_right),
    )


def call_images(answers: Answers) -> dict[str, str]:
    """Say which class each image was given; one without a cell is left out."""
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, cell in enumerate(answers.cells):
        rows[cell.image].append(row)
    return {image: _majority(answers, of_image) for image, of_image in rows.items()}


def _majority(answers: Answers, rows: Sequence[int]) -> str:
    whole = [row for row in rows if answers.cells[row].is_whole]
    heard = answers.probabilities[whole or list(rows)]
    votes = np.bincount(heard.argmax(axis=1), minlength=len(CLASS_NAMES))
    # Of classes with as many cells the one with more probability wins.
    leading = np.where(votes == votes.max(), heard.sum(axis=0), -1)
    return CLASS_NAMES[int(leading.argmax())]


def _image_figures(answers: Answers) -> ImageFigures:
    called = call_images(answers)
    with_whole = {cell.image for cell in answers.cells if cell.is_whole}
    right = {name: called.get(name) == true for name, true in answers.images.items()}
    by_class = {
        class_name: _share(
            right[name] for name, true in answers.images.items() if true == class_name
        )
        for class_name in CLASS_NAMES
        if class_name in answers.images.values()
    }
    common = [by_class[name] for name in COMMON if name in by_class]
    return ImageFigures(
        all=_share(right.values()),
        common=share_right(sum(s.right for s in common), sum(s.n for s in common)),
        common_balanced=_balanced(by_class),
        by_class=by_class,
        without_cell=len(answers.images) - len(called),
        of_cut_cells=len(called) - len(with_whole),
    )


def _share(right: Iterable[bool]) -> ShareRight:
    judged = list(right)
    return share_right(sum(judged), len(judged))


def _balanced(by_class: dict[str, ShareRight]) -> BalancedAccuracy:
    classes = tuple(str(name) for name in COMMON if name in by_class)
    shares = [by_class[name] for name in classes]
    n = max(1, len(shares))
    accuracy = sum(share.accuracy for share in shares) / n
    below = math.hypot(*(s.accuracy - s.accuracy_ci95[0] for s in shares)) / n
    above = math.hypot(*(s.accuracy_ci95[1] - s.accuracy for s in shares)) / n
    return BalancedAccuracy(
        classes=classes, accuracy=accuracy, ci95=(accuracy - below, accuracy + above)
    )
