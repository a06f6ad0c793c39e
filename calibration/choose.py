"""Choose the calibration set: as many images of each class, from the train split."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, islice, zip_longest

import numpy as np
from numpy.typing import NDArray

from calibration.calibration_set import CalibrationImage, CalibrationSet
from calibration.image_features import measure_features
from calibration.k_centre import farthest_first, standardize
from calibration.methods import DEFAULT_SIZE, Method
from hemalens.classes import CLASS_NAMES
from hemalens.errors import CalibrationError
from hemalens.image_set import CellImage, CellImages, ImageSet
from hemalens.progress import Progress
from hemalens.split import SPLIT_RULE, Split


class Chooser:
    """Chooses sets among the training images of a dataset.

    Parameters
    ----------
    images : CellImages
        Of any splits; only train is drawn from. Those of an `ImageSet` are chosen
        class by class, others as if they were of one class.
    progress : callable, optional
        Told the images measured and their total, once k-centre is asked for.

    Raises
    ------
    CalibrationError
        When a class has no training image.
    """

    def __init__(self, images: CellImages, progress: Progress | None = None) -> None:
        self._images = images
        self._progress = progress
        self._train = images.of_split(Split.TRAIN).images
        names = CLASS_NAMES if isinstance(images, ImageSet) else (None,)
        self._classes = {
            name: [image for image in self._train if image.class_name == name]
            for name in names
        }
        missing = [name or "any class" for name, of in self._classes.items() if not of]
        if missing:
            raise CalibrationError(
                f"no training image of {', '.join(missing)}: give more images; of ten "
                "file names seven belong to the train split"
            )

    def choose(
        self, method: Method, size: int = DEFAULT_SIZE, seed: int = 0
    ) -> CalibrationSet:
        """Choose a set.

        Stratified takes the images of a class with the smallest SHA-256 of seed and
        content: random, and the same on every machine. K-centre begins with the first
        of these and goes on with the image whose features are farthest from those of
        all images taken, see `calibration.k_centre`; another build of OpenCV may decode
        a JPEG slightly differently and choose another set.

        Parameters
        ----------
        size : int
            Number of images; a class with too few leaves its places to the others.

        Raises
        ------
        CalibrationError
            When there are fewer images than asked for, or more classes.
        DatasetError
            When k-centre cannot decode an image.
        """
        if not len(self._classes) <= size <= len(self._train):
            raise CalibrationError(
                f"cannot choose {size} images: give a size from {len(self._classes)} "
                f"to {len(self._train)}, the training images there are"
            )
        turns = zip_longest(
            *(self._ranked(of, method, size, seed) for of in self._classes.values())
        )
        taken = (image for image in chain.from_iterable(turns) if image is not None)
        chosen = sorted(islice(taken, size), key=lambda image: image.place)
        return CalibrationSet(
            method=method,
            seed=seed,
            split_rule=SPLIT_RULE,
            dataset_digest=self._images.digest,
            images=tuple(
                CalibrationImage(name=i.name, class_name=i.class_name, sha256=i.sha256)
                for i in chosen
            ),
        )

    def _ranked(
        self, images: Sequence[CellImage], method: Method, count: int, seed: int
    ) -> list[CellImage]:
        """Return the images of a class that the method would take first."""
        drawn = sorted(images, key=lambda image: _draw(image, seed))
        if method == "stratified":
            return drawn[:count]
        points = np.stack([self._features[image.sha256] for image in drawn])
        return [drawn[index] for index in farthest_first(points, count)]

    @cached_property
    def _features(self) -> dict[str, NDArray[np.float64]]:
        """By content; measured once."""
        features = standardize(measure_features(self._train, self._progress))
        contents = (image.sha256 for image in self._train)
        return dict(zip(contents, features, strict=True))


def _draw(image: CellImage, seed: int) -> str:
    return hashlib.sha256(f"{seed} {image.sha256}".encode()).hexdigest()
