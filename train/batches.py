"""Windows and targets of one epoch after the other, batch by batch."""

import keras
import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES
from train.cache import CropArray


class EpochBatches(keras.utils.PyDataset):
    """Batches in an order drawn anew for each epoch.

    The order depends on the seed and the epoch's number alone, so that a resumed run
    sees what an unbroken one does. The last, smaller batch is left out: every step
    has the same shape, and what is left out differs from epoch to epoch.

    Parameters
    ----------
    windows : CropArray
    batch_size : int
        At most all windows.
    seed : int
    """

    def __init__(self, windows: CropArray, batch_size: int, seed: int) -> None:
        super().__init__()
        self._windows = windows
        self.batch_size = min(batch_size, len(windows.crops))
        self.seed = seed
        self._targets = np.eye(len(CLASS_NAMES), dtype=np.float32)
        self.begin_epoch(1)

    def begin_epoch(self, epoch: int) -> None:
        """Draw the order of an epoch, numbered from 1."""
        self.epoch = epoch
        random = np.random.default_rng((self.seed, epoch))
        self._order = random.permutation(len(self._windows.crops))

    def __len__(self) -> int:
        return len(self._windows.crops) // self.batch_size

    @property
    def images(self) -> int:
        """Images of one epoch."""
        return len(self) * self.batch_size

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Give windows (N, S, S, 3) and one-hot classes (N, 8)."""
        start = index * self.batch_size
        # In the array's order, so that the disk is read forwards.
        chosen = np.sort(self._order[start : start + self.batch_size])
        return (
            self._windows.crops[chosen],
            self._targets[self._windows.class_indices[chosen]],
        )
