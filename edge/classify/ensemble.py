"""Two models asked about the same cells.

What two networks were taught by the same images they answer alike; on a stain that
neither knows each errs in its own way. The mean of the logarithms of their answers is
right more often than either, and less sure where they differ: on BCCD's images 6 of 100
more are named right than by one, and fewer errors pass as certain (docs/transfer.md).
It takes both models' time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.classify.test_time_augmentation import log_mean, rotated_views
from hemalens.classifier import BundleClassifier, Classification
from hemalens.errors import BundleError
from hemalens.site_correction import LEAST_PROBABILITY
from hemalens.slide_appearance import SlideAppearance


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoModelEnsemble:
    """A bundle's classifier, and a second one that is asked as well.

    Parameters
    ----------
    first : BundleClassifier
        Its limits decide what is uncertain.
    second : BundleClassifier

    Raises
    ------
    BundleError
        When they know other classes.
    """

    first: BundleClassifier
    second: BundleClassifier

    def __post_init__(self) -> None:
        names = [one.class_names for one in (self.first, self.second)]
        if names[0] != names[1]:
            raise BundleError(
                f"two models that are asked together know the same classes; one knows "
                f"{', '.join(names[0])}, the other {', '.join(names[1])}"
            )

    def judge(
        self, crops: Sequence[NDArray[np.uint8]], slide: SlideAppearance | None = None
    ) -> Classification:
        """Judge crops of one slide by both, doubtful ones by eight views of each.

        Parameters
        ----------
        crops : sequence of ndarray of shape (N, S, S, 3), uint8, RGB
            The same cells, as the first and as the second model takes them.
        slide : SlideAppearance, optional
            As `BundleClassifier.judge` takes it.

        Returns
        -------
        Classification
            A crop is like the training images where both models say so.
        """
        both = (self.first, self.second)
        normalized = [
            one.normalize(of, slide) for one, of in zip(both, crops, strict=True)
        ]
        judged = [one.judge(of) for one, of in zip(both, normalized, strict=True)]
        views = np.stack([one.probabilities for one in judged])
        probabilities = _together(views)
        minimum = self.first.manifest.thresholds.minimum_probability
        doubtful = np.flatnonzero(probabilities.max(axis=1) < minimum)
        if len(doubtful):
            further = [
                one.classify(rotated_views(of[doubtful]))
                for one, of in zip(both, normalized, strict=True)
            ]
            seen = np.concatenate(further).reshape(-1, *views[0, doubtful].shape)
            seen = np.concatenate([views[:, doubtful], seen])
            probabilities[doubtful] = _together(seen)
        is_in_distribution = judged[0].is_in_distribution & judged[1].is_in_distribution
        return Classification(
            probabilities=probabilities, is_in_distribution=is_in_distribution
        )


def _together(views: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the logarithms; a class that no view gives anything gets nothing."""
    given = log_mean(views) * (views > LEAST_PROBABILITY).any(axis=0)
    return np.asarray(given / given.sum(axis=1, keepdims=True), np.float32)
