"""Batches of training crops, sources drawn by fixed shares."""

from collections.abc import Sequence
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from hemalens.errors import DatasetError
from train.finder.crops import TrainingCrop, cut_training_crop, draw_empty_crop
from train.finder.fields import Field

SHARES: Final = {
    "PBC": 0.20,
    "PBC centred": 0.08,
    "BCCD": 0.27,
    "chula_wbc": 0.16,
    "chula_rbc12": 0.14,
    "phone_eyepiece": 0.08,
    "drawn": 0.07,
}
"""How often a crop is of each source; of missing ones, the others have it."""
DRAWN: Final = "drawn"


class FinderBatches(keras.utils.PyDataset):
    """Batches drawn without end; each depends on seed, epoch and place alone.

    Parameters
    ----------
    fields : sequence of Field
    steps : int
        Batches of an epoch.
    batch_size : int
    side_px : int
        Of a crop, a multiple of 16.
    seed : int

    Raises
    ------
    DatasetError
        When there is no field.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        steps: int,
        batch_size: int,
        side_px: int,
        seed: int,
    ) -> None:
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=8)
        if not fields:
            raise DatasetError("no field is left to train on")
        self._of_source = {
            source: [field for field in fields if field.source == source]
            for source in SHARES
        }
        names = [name for name in SHARES if name == DRAWN or self._of_source[name]]
        shares = np.array([SHARES[name] for name in names])
        self._names, self._shares = names, shares / shares.sum()
        self.steps, self.batch_size, self.side_px = steps, batch_size, side_px
        self.seed, self.epoch = seed, 0

    def __len__(self) -> int:
        return self.steps

    def begin_epoch(self, epoch: int) -> None:
        """Draw the batches of an epoch from now on."""
        self.epoch = epoch

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return codes (N, S, S, 3), and targets with weights (N, S/2, S/2, 10)."""
        random = np.random.default_rng((self.seed, self.epoch, index))
        crops = [self._crop(random) for _ in range(self.batch_size)]
        wanted = [
            np.concatenate([crop.targets.maps, crop.targets.weights], axis=-1)
            for crop in crops
        ]
        return np.stack([crop.codes for crop in crops]), np.stack(wanted)

    def _crop(self, random: np.random.Generator) -> TrainingCrop:
        source = self._names[random.choice(len(self._names), p=self._shares)]
        if source == DRAWN:
            return draw_empty_crop(self.side_px, random)
        fields = self._of_source[source]
        field = fields[random.integers(len(fields))]
        return cut_training_crop(field, self.side_px, random)
