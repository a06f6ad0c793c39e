"""K-centre: few points that lie near all the others, found greedily.

References
----------
.. [1] Gonzalez: Clustering to minimize the maximum intercluster distance. Theoretical
   Computer Science 38 (1985) 293, doi 10.1016/0304-3975(85)90224-5.
.. [2] Sener, Savarese: Active learning for convolutional neural networks: a core-set
   approach. ICLR 2018, arXiv 1708.00489.
"""

import numpy as np
from numpy.typing import NDArray


def farthest_first(points: NDArray[np.float64], count: int) -> list[int]:
    """Order points so that each lies farthest from all before it [1]_.

    The first k of them cover: no point is farther from its nearest one than twice the
    least distance that any k points allow. A model's core-set is chosen so [2]_.

    Parameters
    ----------
    points : ndarray of shape (N, D), float64
        The first one begins.
    count : int
        How many are wanted; all of them when there are fewer.

    Returns
    -------
    list of int
        Rows of `points`. Among equally far ones the first is taken.

    Examples
    --------
    >>> farthest_first(np.array([[0.0], [1.0], [9.0], [4.0]]), 3)
    [0, 2, 3]
    """
    order: list[int] = []
    distances = np.full(len(points), np.inf)
    while len(order) < min(count, len(points)):
        farthest = int(distances.argmax())
        order.append(farthest)
        from_it = np.linalg.norm(points - points[farthest], axis=1)
        distances = np.minimum(distances, from_it)
        distances[order] = -1  # a copy of a point is taken, the point itself is not
    return order


def standardize(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring each column to mean 0 and deviation 1; one that never varies to 0."""
    deviations = features.std(axis=0)
    centred = features - features.mean(axis=0)
    return np.asarray(centred / np.where(deviations > 0, deviations, 1), np.float64)
