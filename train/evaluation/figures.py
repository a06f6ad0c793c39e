"""How good a classifier is on labelled crops."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from hemalens.statistics import clopper_pearson
from train.evaluation.calibration_error import (
    expected_calibration_error,
    reliability,
)


class Record(BaseModel):
    """What leaves the process: frozen, a misspelt key an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def figures_json(figures: Record) -> bytes:
    """Write figures as every command prints and keeps them."""
    return figures.model_dump_json(indent=2).encode() + b"\n"


class ClassFigures(Record):
    """One class against the others; zero where a figure is undefined.

    Limits are exact (Clopper and Pearson); those that a report of before they were
    reckoned lacks are None.
    """

    precision: float
    precision_ci95: tuple[float, float] | None = None
    recall: float
    recall_ci95: tuple[float, float]
    f1: float
    f1_ci95: tuple[float, float] | None = None
    """Of the cells that are of the class or called so, given how many those are."""
    specificity: float | None = None
    specificity_ci95: tuple[float, float] | None = None
    support: int


class Figures(Record):
    """Accuracy and its parts on one set of images."""

    n: int
    accuracy: float
    accuracy_ci95: tuple[float, float]
    macro_f1: float
    """Mean over the classes that occur."""
    ece: float
    """Expected calibration error of the top probability, 15 equal bins."""
    confusion: tuple[tuple[int, ...], ...]
    """Rows true, columns predicted, in class order."""
    per_class: dict[str, ClassFigures]

    @property
    def errors(self) -> dict[str, int]:
        """Images of each class that were called another."""
        return {
            name: self.per_class[name].support - row[index]
            for index, (name, row) in enumerate(
                zip(self.per_class, self.confusion, strict=True)
            )
        }


class Evaluation(Figures):
    """The figures of one split, and whether the model was trained on its images."""

    split: str
    resubstitution: bool
    """Whether training images are among those measured."""
    seen_images: int
    """How many of them."""
    held_out: Figures | None
    """On the measured images the model was not trained on, when there are both."""


def evaluate_predictions(
    true: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    class_names: tuple[str, ...],
) -> Figures:
    """Compare predicted with true classes.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Class indices.
    probabilities : ndarray of shape (N, classes), float32
        The likeliest class is the predicted one.
    class_names : tuple of str
        In index order.

    Raises
    ------
    ValueError
        When there is nothing to compare or the shapes differ.

    Examples
    --------
    >>> true = np.array([0, 1, 1])
    >>> probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], np.float32)
    >>> found = evaluate_predictions(true, probabilities, ("a", "b"))
    >>> found.confusion, round(found.accuracy, 3), found.errors
    (((1, 0), (1, 1)), 0.667, {'a': 0, 'b': 1})
    """
    classes = len(class_names)
    if probabilities.shape != (len(true), classes) or not true.size:
        raise ValueError(
            f"cannot compare probabilities {probabilities.shape} with "
            f"{true.shape} images of {classes} classes"
        )
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (true, probabilities.argmax(axis=1)), 1)
    right, n = int(confusion.trace()), int(confusion.sum())
    per_class = {
        name: _class_figures(confusion, index) for index, name in enumerate(class_names)
    }
    f1 = [figures.f1 for figures in per_class.values() if figures.support]
    return Figures(
        n=n,
        accuracy=right / n,
        accuracy_ci95=clopper_pearson(right, n),
        macro_f1=sum(f1) / len(f1),
        ece=expected_calibration_error(reliability(true, probabilities)),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        per_class=per_class,
    )


def _class_figures(confusion: NDArray[np.int64], index: int) -> ClassFigures:
    right = int(confusion[index, index])
    predicted = int(confusion[:, index].sum())
    support = int(confusion[index].sum())
    # Neither of the class nor called so, among all that are not of it.
    others = int(confusion.sum()) - support
    spared = others - (predicted - right)
    low, high = clopper_pearson(right, predicted + support - right)
    return ClassFigures(
        precision=right / predicted if predicted else 0.0,
        precision_ci95=clopper_pearson(right, predicted),
        recall=right / support if support else 0.0,
        recall_ci95=clopper_pearson(right, support),
        f1=2 * right / (predicted + support) if predicted + support else 0.0,
        f1_ci95=(_f1_of(low), _f1_of(high)),
        specificity=spared / others if others else 0.0,
        specificity_ci95=clopper_pearson(spared, others),
        support=support,
    )


def _f1_of(overlap: float) -> float:
    """Turn the share right, of all of a class or called so, into F1: it rises with it.

    Examples
    --------
    >>> _f1_of(0.6), 2 * 3 / (4 + 4)
    (0.7499999999999999, 0.75)
    """
    return 2 * overlap / (1 + overlap)
