"""What makes a model useless, whatever its other figures say."""

import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES
from hemalens.statistics import clopper_pearson

_LEAST_AGREEMENT = 0.9
"""Of int8 with its float model: below it, it is another model. Set by us."""


def faults_of(
    true: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> tuple[str, ...]:
    """Say in words what is wrong with a model's answers; nothing where they serve.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Class indices.
    probabilities : ndarray of shape (N, classes), float32

    Examples
    --------
    >>> true = np.arange(80) % 8
    >>> faults_of(true, np.eye(8, dtype=np.float32)[np.zeros(80, np.int64)])[0]
    'accuracy 12.50 % is no more than chance (12.50 % are of one class)'
    """
    right = probabilities.argmax(axis=1) == true
    counts = np.bincount(true, minlength=len(CLASS_NAMES))
    found = []
    chance = counts.max() / len(true)
    if clopper_pearson(int(right.sum()), len(true))[0] <= chance:
        found.append(
            f"accuracy {100 * right.mean():.2f} % is no more than chance "
            f"({100 * chance:.2f} % are of one class)"
        )
    missed = [
        name
        for index, name in enumerate(CLASS_NAMES)
        if counts[index] and not right[true == index].any()
    ]
    if missed:
        found.append(f"not one image of {', '.join(missed)} is named")
    return tuple(found)


def conversion_faults(agreement: float, answered: int) -> tuple[str, ...]:
    """Say what quantizing and the threshold left of no use.

    Parameters
    ----------
    agreement : float
        Share of the images that int8 and float model name alike.
    answered : int
        Images that the threshold leaves to the model.
    """
    found = []
    if agreement < _LEAST_AGREEMENT:
        found.append(f"int8 and float model agree on {100 * agreement:.2f} % alone")
    if not answered:
        found.append("every image goes to review: no threshold keeps the risk")
    return tuple(found)
