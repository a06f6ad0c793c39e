"""Measure a model file, float or int8, on one split of a dataset."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.split import Split
from train.cache import DEFAULT_CACHE, cached_crops
from train.evaluation.figures import Evaluation, Figures, evaluate_predictions
from train.evaluation.measured_model import MeasuredModel, open_model

ALL: Final = "all"
"""Every image, training ones included: what the paper measured."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """What a model says of labelled images.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Class indices.
    probabilities : ndarray of shape (N, classes), float32
    splits : ndarray of shape (N,), str
        The `Split` each image belongs to.
    seen : ndarray of shape (N,), bool
        Whether the model was trained on it.
    """

    true: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    splits: NDArray[np.str_]
    seen: NDArray[np.bool_]

    def __post_init__(self) -> None:
        shape = (len(self.true), len(CLASS_NAMES))
        lengths = {len(self.splits), len(self.seen), shape[0]}
        if self.probabilities.shape != shape or len(lengths) > 1:
            raise ValueError(
                f"probabilities {self.probabilities.shape} and {len(self.splits)} "
                f"splits are not those of {shape[0]} images and {shape[1]} classes"
            )
        for array in (self.true, self.probabilities, self.splits, self.seen):
            array.flags.writeable = False

    def of_splits(self, splits: Collection[Split]) -> "Predictions":
        """Keep the images of some splits."""
        return self._of(np.isin(self.splits, [split.value for split in splits]))

    def unseen(self) -> "Predictions":
        """Keep the images that the model was not trained on."""
        return self._of(~self.seen)

    def _of(self, chosen: NDArray[np.bool_]) -> "Predictions":
        return Predictions(
            true=self.true[chosen],
            probabilities=self.probabilities[chosen],
            splits=self.splits[chosen],
            seen=self.seen[chosen],
        )

    def figures(self) -> Figures:
        """Evaluate them."""
        return evaluate_predictions(self.true, self.probabilities, CLASS_NAMES)


def measure(
    model: Path, data: Path, split: str, cache: Path = DEFAULT_CACHE
) -> Evaluation:
    """Evaluate a ``.keras`` file or a bundle.

    Parameters
    ----------
    model : Path
        A bundle when its name ends in ``.hemalens``.
    data : Path
        Folder of class folders.
    split : str
        A `Split`, or ``all``.
    cache : Path
        Folder of the crop caches.

    Raises
    ------
    DatasetError
        When the split holds no image, or one cannot be read.
    BundleError, TrainingError
        When the model cannot be loaded.
    """
    images = read_class_folders(data)
    predictions = predict_split(open_model(model), images, split, cache)
    return evaluation_of(predictions, split)


def predict_split(
    model: MeasuredModel, images: ImageSet, split: str, cache: Path = DEFAULT_CACHE
) -> Predictions:
    """Run a model on one split, or on all of them.

    Raises
    ------
    DatasetError
        When the split holds no image, or one cannot be read.
    """
    chosen = images_of(images, split)
    by_split = {one: chosen.of_split(one) for one in Split}
    parts = {one: part for one, part in by_split.items() if part.images}
    # Each split has a crop cache of its own, which training shares.
    crops = [
        cached_crops(
            part,
            size_px=model.size_px,
            crop_side_um=model.crop_side_um,
            folder=cache,
        )
        for part in parts.values()
    ]
    return Predictions(
        true=np.concatenate([part.class_indices for part in crops]),
        probabilities=np.concatenate([model.classify(part.crops) for part in crops]),
        splits=np.repeat(
            [one.value for one in parts], [len(part.names) for part in crops]
        ),
        seen=np.concatenate(
            [model.trained_on.seen(part, images.digest) for part in parts.values()]
        ),
    )


def images_of(images: ImageSet, split: str) -> ImageSet:
    """Keep the images of a `Split`, or all.

    Raises
    ------
    DatasetError
        When there is none.
    """
    part = images.of_split(None if split == ALL else Split(split))
    if not part.images:
        raise DatasetError(
            f"no image of the {split} split among the {len(images.images)} given: "
            "choose another --split or --data"
        )
    return part


def evaluation_of(predictions: Predictions, split: str) -> Evaluation:
    """Figures of all the predictions and, beside them, of the images never seen."""
    unseen = predictions.unseen()
    seen = int(predictions.seen.sum())
    return Evaluation(
        **dict(predictions.figures()),
        split=split,
        resubstitution=seen > 0,
        seen_images=seen,
        held_out=unseen.figures() if seen and len(unseen.true) else None,
    )
