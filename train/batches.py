"""Windows and targets of one epoch after the other, batch by batch."""

from dataclasses import dataclass
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES
from train.augmentation.restain import PBC, Restaining, standards_of
from train.cache import CropArray

OTHERS_SHARE: Final = 5 / 16
"""Of a batch: windows of other microscopes, however few of these there are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherWindows:
    """Windows of another microscope, on PBC's glass.

    Parameters
    ----------
    name : str
        Of its dataset.
    windows : CropArray
    weights : ndarray of shape (N,), float64
        How often each is drawn; they add up to 1.
    """

    name: str
    windows: CropArray
    weights: NDArray[np.float64]


class EpochBatches(keras.utils.PyDataset):
    """Batches in an order drawn anew for each epoch.

    The order depends on the seed and the epoch's number alone, so that a resumed run
    sees what an unbroken one does; so do stains. The last, smaller batch is left out:
    every step has the same shape, and what is left out differs from epoch to epoch.

    Parameters
    ----------
    windows : CropArray
        PBC's: each comes once an epoch.
    batch_size : int
        At most all windows.
    seed : int
    others : tuple of OtherWindows, optional
        Have `OTHERS_SHARE` of each batch, each the same; drawn by weight.
    restaining : Restaining, optional
        Gives windows other stains.
    """

    def __init__(
        self,
        windows: CropArray,
        batch_size: int,
        seed: int,
        *,
        others: tuple[OtherWindows, ...] = (),
        restaining: Restaining | None = None,
    ) -> None:
        super().__init__()
        self._windows = windows
        self.batch_size = min(batch_size, len(windows.crops))
        self.seed = seed
        self._others = others
        self._of_each = int(self.batch_size * OTHERS_SHARE / max(1, len(others)))
        self._of_pbc = self.batch_size - self._of_each * len(others)
        self._restaining = restaining
        names = [PBC, *(other.name for other in others)] if restaining else []
        self._standards = [standards_of(name) for name in names]
        self._targets = np.eye(len(CLASS_NAMES), dtype=np.float32)
        self.begin_epoch(1)

    def begin_epoch(self, epoch: int) -> None:
        """Draw the order of an epoch, numbered from 1."""
        self.epoch = epoch
        random = np.random.default_rng((self.seed, epoch))
        self._order = random.permutation(len(self._windows.crops))

    def __len__(self) -> int:
        return len(self._windows.crops) // self._of_pbc

    @property
    def images(self) -> int:
        """Images of one epoch."""
        return len(self) * self.batch_size

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Give windows (N, S, S, 3) and one-hot classes (N, 8)."""
        start = index * self._of_pbc
        # In the array's order, so that the disk is read forwards.
        chosen = np.sort(self._order[start : start + self._of_pbc])
        crops = [self._windows.crops[chosen]]
        classes = [self._windows.class_indices[chosen]]
        random = np.random.default_rng((self.seed, self.epoch, index))
        for other in self._others:
            drawn = random.choice(len(other.weights), self._of_each, p=other.weights)
            crops.append(other.windows.crops[drawn])
            classes.append(other.windows.class_indices[drawn])
        batch = np.concatenate(crops)
        if self._restaining is not None:
            standards = [
                self._standards[source]
                for source, of_source in enumerate(crops)
                for _ in of_source
            ]
            batch = self._restaining(batch, standards, random)
        return batch, self._targets[np.concatenate(classes)]
