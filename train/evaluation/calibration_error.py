"""Whether a model's probabilities mean what they say.

Of all images given about 90 % probability, about 90 % should be right. The expected
calibration error is the mean gap, weighted by the images in each bin [1]_.

References
----------
.. [1] Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks. ICML
   2017, arXiv 1706.04599, equations 2 to 5; 15 bins as in its tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 15
"""Of equal width over 0 to 1 [1]_."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """The images whose top probability lies in (low, high]; at least one."""

    low: float
    high: float
    images: int
    mean_probability: float
    accuracy: float


def reliability(
    true: NDArray[np.int64], probabilities: NDArray[np.float32], bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Sort images into bins of their top probability.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Class indices.
    probabilities : ndarray of shape (N, classes), float32
    bins : int
        Of equal width.

    Returns
    -------
    tuple of ReliabilityBin
        Those that hold an image, from low to high.
    """
    top = np.clip(probabilities.max(axis=1).astype(np.float64), 0, 1)
    right = probabilities.argmax(axis=1) == true
    edges = np.linspace(0, 1, bins + 1)
    indices = np.digitize(top, edges[1:-1], right=True)
    return tuple(
        ReliabilityBin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            images=int((indices == index).sum()),
            mean_probability=float(top[indices == index].mean()),
            accuracy=float(right[indices == index].mean()),
        )
        for index in np.unique(indices).tolist()
    )


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Average the gap between probability and accuracy over all images [1]_.

    Examples
    --------
    >>> bins = reliability(
    ...     np.array([0, 0]), np.array([[0.9, 0.1], [0.3, 0.7]], np.float32)
    ... )
    >>> round(expected_calibration_error(bins), 3)
    0.4
    """
    images = sum(one.images for one in bins)
    return sum(
        one.images / images * abs(one.accuracy - one.mean_probability) for one in bins
    )
