"""A cell the model is not sure of, looked at from all sides.

A cell has no up or down, but a network has preferences. Where its first answer is
doubtful, the crop turned by quarters and mirrored is asked as well, and the logarithms
of the eight answers are averaged. On BCCD's images 4 of 100 more are named right, on
PBC as many as before (docs/transfer.md); few cells are doubtful, so that little is
spent.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hemalens.classifier import BundleClassifier, Classification
from hemalens.site_correction import evidence
from hemalens.slide_appearance import SlideAppearance

_FURTHER: Final = 7
"""Views: three turns, and the mirrored crop in four."""


def classify_augmented(
    classifier: BundleClassifier,
    crops: NDArray[np.uint8],
    slide: SlideAppearance | None = None,
) -> Classification:
    """Judge crops of one slide, doubtful ones by eight views.

    Parameters
    ----------
    classifier : BundleClassifier
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
    slide : SlideAppearance, optional
        As `BundleClassifier.judge` takes it.

    Returns
    -------
    Classification
        Whether a crop is like the training images is judged as it lies.
    """
    crops = classifier.normalize(crops, slide)
    judged = classifier.judge(crops)
    minimum = classifier.manifest.thresholds.minimum_probability
    doubtful = np.flatnonzero(judged.probabilities.max(axis=1) < minimum)
    if not len(doubtful):
        return judged
    seen = classifier.classify(rotated_views(crops[doubtful]))
    views = np.concatenate([judged.probabilities[doubtful], seen])
    probabilities = judged.probabilities.copy()
    probabilities[doubtful] = log_mean(views.reshape(1 + _FURTHER, len(doubtful), -1))
    return replace(judged, probabilities=probabilities)


def rotated_views(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the further views of all crops, one after the other."""
    mirrored = crops[:, :, ::-1]
    views = [np.rot90(crops, turns, (1, 2)) for turns in (1, 2, 3)]
    views += [np.rot90(mirrored, turns, (1, 2)) for turns in range(4)]
    return np.concatenate(views)


def log_mean(views: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the logarithms of probabilities (views, N, classes) over the views."""
    count, cells, classes = views.shape
    logarithms = evidence(views.reshape(-1, classes)).reshape(count, cells, classes)
    powers = np.exp(logarithms.mean(axis=0))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
