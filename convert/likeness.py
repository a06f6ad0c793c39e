"""Give a network the second output that tells cells from what it never saw.

The features of its last layer, shortened to their main directions and whitened by how
training images spread about their class: there a plain distance is Mahalanobis's. A few
bytes of weights, part of the int8 model.
"""

from dataclasses import replace
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from calibration.calibration_set import find_images
from calibration.choose import Chooser
from hemalens.classifier import Int8Model
from hemalens.errors import ConversionError
from hemalens.image_set import ImageSet
from hemalens.likeness import Likeness, distances
from hemalens.split import Split
from train.float_model import predict

DIMENSIONS: Final = 32
"""At most. With 16 half as many deposits are told from cells again, with 64 and 128
no more than with 32 (`cnn` 1.2.0, measured 2026-11)."""

SHRINKAGE: Final = 0.1
"""Of the mean variance, added to every direction: rare directions weigh no more than
so few images can tell. 0.02 did the same (measured 2026-11)."""

LARGEST_SHARE_UNLIKE: Final = 0.01
"""Of the validation cells that would be answered; set by us."""

IMAGES: Final = 1600
"""Training images measured, at most: as many of each class."""

LAST_LAYER: Final = "probability"
"""What `train.networks.ends` calls it."""


def known_images(images: ImageSet) -> ImageSet:
    """Draw the training images that stand for all, as a calibration set is drawn."""
    size = min(IMAGES, len(images.of_split(Split.TRAIN).images))
    chosen = find_images(Chooser(images).choose("stratified", size), images)
    places = {image.place for image in chosen.images}
    return replace(
        images, images=tuple(one for one in images.images if one.place in places)
    )


def with_embedding(
    network: keras.Model, crops: NDArray[np.uint8], class_indices: NDArray[np.int64]
) -> keras.Model:
    """Add the output; the first stays as it is.

    Parameters
    ----------
    network : keras.Model
        As trained.
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
        Of training images.
    class_indices : ndarray of shape (N,), int64
        Their classes.

    Raises
    ------
    ConversionError
        When the network has no such last layer.
    """
    if network.layers[-1].name != LAST_LAYER:
        raise ConversionError(
            f"the model should end with the layer '{LAST_LAYER}', not "
            f"'{network.layers[-1].name}': train it with 'hemalens train fit'"
        )
    features = network.layers[-1].input
    seen = predict(keras.Model(network.input, features), crops).astype(np.float64)
    matrix, offset = _whitening(seen, class_indices)
    layer = keras.layers.Dense(len(offset), name="embedding", dtype="float32")
    two = keras.Model(network.input, [network.output, layer(features)])
    layer.set_weights([matrix.astype(np.float32), offset.astype(np.float32)])
    return two


def _whitening(
    features: NDArray[np.float64], class_indices: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find what turns features into an embedding: a matrix and an offset."""
    mean = features.mean(axis=0)
    dimensions = min(DIMENSIONS, features.shape[1], max(1, len(features) - 1))
    main = np.linalg.svd(features - mean, full_matrices=False)[2][:dimensions].T
    short = (features - mean) @ main
    spread = short - _means(short, class_indices)[_ranks(class_indices)]
    covariance = spread.T @ spread / len(spread)
    floor = SHRINKAGE * np.trace(covariance) / len(covariance) + 1e-9
    variances, directions = np.linalg.eigh(covariance + floor * np.eye(dimensions))
    matrix = main @ (directions / np.sqrt(variances))
    return matrix, -mean @ matrix


def fit_likeness(
    int8_model: Int8Model,
    train: tuple[NDArray[np.uint8], NDArray[np.int64]],
    answered: NDArray[np.uint8],
    *,
    split: str,
) -> Likeness | None:
    """Measure where training images lie, and how far held-out ones are from them.

    Parameters
    ----------
    int8_model : Int8Model
        With the second output.
    train : pair of ndarray
        Crops and their class indices.
    answered : ndarray of shape (N, S, S, 3), uint8, RGB
        Held-out crops that their probability would not send to review.
    split : str
        Of these.

    Returns
    -------
    Likeness or None
        None where no crop would be answered: there is nothing to fit.
    """
    crops, class_indices = train
    if not len(answered):
        return None
    centres = _means(int8_model.embedding(crops).astype(np.float64), class_indices)
    centres = centres.round(3)
    found = distances(int8_model.embedding(answered), centres)
    farthest = float(np.quantile(found, 1 - LARGEST_SHARE_UNLIKE, method="higher"))
    return Likeness(
        centres=tuple(tuple(centre) for centre in centres.tolist()),
        farthest=max(farthest, 1e-6),
        split=split,
        n=len(found),
        unlike=int((found > farthest).sum()),
    )


def _ranks(class_indices: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.unique(class_indices, return_inverse=True)[1], np.int64)


def _means(
    rows: NDArray[np.float64], class_indices: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Average the rows of each class there is."""
    return np.stack(
        [
            rows[class_indices == index].mean(axis=0)
            for index in np.unique(class_indices)
        ]
    )
