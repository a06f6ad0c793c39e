"""How good a classifier is on labelled crops."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from hemalens.statistics import clopper_pearson


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClassFigures(_Record):
    """One class against the others; zero where a figure is undefined."""

    precision: float
    recall: float
    f1: float
    support: int


class Evaluation(_Record):
    """Accuracy and its parts, on images the model has not seen."""

    n: int
    accuracy: float
    accuracy_ci95: tuple[float, float]
    macro_f1: float
    """Mean over the classes that occur."""
    confusion: tuple[tuple[int, ...], ...]
    """Rows true, columns predicted, in class order."""
    per_class: dict[str, ClassFigures]


def evaluate_predictions(
    true: NDArray[np.int64], predicted: NDArray[np.int64], class_names: tuple[str, ...]
) -> Evaluation:
    """Compare predicted with true classes.

    Parameters
    ----------
    true, predicted : ndarray of shape (N,), int64
        Class indices.
    class_names : tuple of str
        In index order.

    Raises
    ------
    ValueError
        When there is nothing to compare or the shapes differ.

    Examples
    --------
    >>> true, predicted = np.array([0, 1, 1]), np.array([0, 1, 0])
    >>> found = evaluate_predictions(true, predicted, ("a", "b"))
    >>> found.confusion, round(found.accuracy, 3)
    (((1, 0), (1, 1)), 0.667)
    """
    if true.shape != predicted.shape or not true.size:
        raise ValueError(f"cannot compare {predicted.shape} with {true.shape} classes")
    classes = len(class_names)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (true, predicted), 1)
    right, n = int(confusion.trace()), int(confusion.sum())
    per_class = {
        name: _class_figures(confusion, index) for index, name in enumerate(class_names)
    }
    f1 = [figures.f1 for figures in per_class.values() if figures.support]
    return Evaluation(
        n=n,
        accuracy=right / n,
        accuracy_ci95=clopper_pearson(right, n),
        macro_f1=sum(f1) / len(f1),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        per_class=per_class,
    )


def _class_figures(confusion: NDArray[np.int64], index: int) -> ClassFigures:
    right = int(confusion[index, index])
    predicted = int(confusion[:, index].sum())
    support = int(confusion[index].sum())
    return ClassFigures(
        precision=right / predicted if predicted else 0.0,
        recall=right / support if support else 0.0,
        f1=2 * right / (predicted + support) if predicted + support else 0.0,
        support=support,
    )
