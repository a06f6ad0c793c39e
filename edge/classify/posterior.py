"""What is known of a stained object beside the model's answer, brought into it.

Segmentation excludes kinds; the population counted makes some classes rarer. Both
multiply the model's probabilities, so that their order does not matter.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hemalens.classes import kind_of_class
from hemalens.records import Detection


def mask_impossible_classes(
    probabilities: NDArray[np.float32],
    stained: Sequence[Detection],
    class_names: Sequence[str],
) -> NDArray[np.float32]:
    """Rule out the classes whose kind segmentation has excluded.

    Parameters
    ----------
    probabilities : ndarray of shape (N, classes), float32
        The model's.
    stained : sequence of Detection
        The object of each row.
    class_names : sequence of str
        In column order.

    Returns
    -------
    ndarray of shape (N, classes), float32
        Rows adding up to 1 again. Where the model gives nothing to any class left,
        those share it evenly: the object is then uncertain.
    """
    kinds = [kind_of_class(name) for name in class_names]
    possible = np.array(
        [[kind in d.possible_kinds for kind in kinds] for d in stained], np.float32
    ).reshape(len(stained), len(kinds))
    left = probabilities * possible
    nothing = left.sum(axis=1, keepdims=True) <= 0
    return _adding_up(np.where(nothing, possible, left))


def apply_class_weights(
    probabilities: NDArray[np.float32], weights: Sequence[float]
) -> NDArray[np.float32]:
    """Weigh classes by how much commoner they are than where the model was trained.

    Parameters
    ----------
    probabilities : ndarray of shape (N, classes), float32
        Rows adding up to 1.
    weights : sequence of float
        One a class, above 0, from `edge.classify.population_weights`; what is
        ruled out stays so.

    Returns
    -------
    ndarray of shape (N, classes), float32
        Rows adding up to 1 again.

    Examples
    --------
    >>> apply_class_weights(np.array([[0.5, 0.5]], np.float32), (3, 1))
    array([[0.75, 0.25]], dtype=float32)
    """
    return _adding_up(probabilities * np.asarray(weights, np.float32))


def _adding_up(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows / rows.sum(axis=1, keepdims=True), np.float32)
