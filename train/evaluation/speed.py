"""How fast a float model is here and now."""

import time
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from train.float_model import predict

BATCH: Final = 32

_SECONDS: Final = 2.0
"""Long enough for many batches of a small network, short for a large one."""


def images_per_second(network: keras.Model, crops: NDArray[np.uint8]) -> float:
    """Time inference in batches of `BATCH`, for about two seconds.

    Parameters
    ----------
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
        Repeated where they do not fill a batch.

    Returns
    -------
    float
        Median over the batches, which one disturbed batch does not move.
    """
    batch = np.resize(crops, (BATCH, *crops.shape[1:]))
    predict(network, batch, BATCH)
    seconds: list[float] = []
    while sum(seconds) < _SECONDS:
        began = time.perf_counter()
        predict(network, batch, BATCH)
        seconds.append(time.perf_counter() - began)
    return BATCH / float(np.median(seconds))
