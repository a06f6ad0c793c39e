"""Which of the measured images a model was trained on."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hemalens.image_set import ImageSet
from hemalens.split import Split
from hemalens.trained_images import TrainedImages
from train.dataset.published_pbc import class_of_name


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedOn:
    """What a model says of the images it was trained on.

    Parameters
    ----------
    images : TrainedImages or None
        None in a model of before they were listed.
    dataset_digest : str
        Of the whole set they were taken from.
    """

    images: TrainedImages | None
    dataset_digest: str

    def seen(self, measured: ImageSet, whole_digest: str) -> NDArray[np.bool_]:
        """Tell of each image whether it was trained on: by its content, where known.

        A model that lists none was trained on the train split of its own set, and of
        PBC; images of neither are not said to be seen for what their names hash to.

        Parameters
        ----------
        measured : ImageSet
        whole_digest : str
            Of the set that they are a part of.
        """
        if self.images is not None:
            return self.images.among(image.sha256 for image in measured.images)
        is_own = whole_digest == self.dataset_digest
        return np.array(
            [
                image.split is Split.TRAIN
                and (is_own or class_of_name(image.name) == image.class_name)
                for image in measured.images
            ],
            bool,
        )

    def doubt(self, measured: ImageSet) -> str | None:
        """Say what is not known of images that are not the model's own set."""
        if self.images is not None or measured.digest == self.dataset_digest:
            return None
        return (
            "the model does not list the images it was trained on: images of its own "
            "set are known by PBC's names alone, others are taken for new to it"
        )


NOTHING_SAID: Final = TrainedOn(images=None, dataset_digest="")
