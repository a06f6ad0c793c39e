"""What a report shows, the honest figures first.

When training images are among those measured, what was held out comes first and the
rest is called resubstitution wherever it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hemalens.classes import CLASS_NAMES
from train.evaluation.calibration_error import ReliabilityBin, reliability
from train.evaluation.figures import Evaluation, Figures
from train.evaluation.measure import ALL, Predictions

RESUBSTITUTION_TITLE: Final = "Resubstitution: training images included"
HELD_OUT_TITLE: Final = "Images held out from training"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Images of one class that were called another."""

    true: str
    predicted: str
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Figures of one set of images and their reliability."""

    title: str
    figures: Figures
    bins: tuple[ReliabilityBin, ...]
    resubstitution: bool

    @property
    def errors(self) -> int:
        """Images called another class."""
        return sum(self.figures.errors.values())

    @property
    def lean(self) -> str:
        """Describe which way the probabilities err on the whole."""
        images = self.figures.n
        mean = sum(one.images * one.mean_probability for one in self.bins) / images
        sure, right = (
            f"{100 * mean:.1f}\u00a0% sure",
            f"{100 * self.figures.accuracy:.1f}\u00a0%",
        )
        return f"on average {sure}, right in {right}"

    @property
    def worst_class(self) -> str:
        """Name the class with the lowest recall among those that occur."""
        occurring = {k: v for k, v in self.figures.per_class.items() if v.support}
        return min(occurring, key=lambda name: occurring[name].recall)

    @property
    def confusions(self) -> tuple[Confusion, ...]:
        """List the confusions that occur, most frequent first."""
        found = [
            Confusion(true=CLASS_NAMES[t], predicted=CLASS_NAMES[p], images=images)
            for t, row in enumerate(self.figures.confusion)
            for p, images in enumerate(row)
            if images and t != p
        ]
        return tuple(sorted(found, key=lambda one: -one.images))


def sections_of(evaluation: Evaluation, predictions: Predictions) -> Sequence[Section]:
    """Order what was measured for a reader."""
    everything = Section(
        title=_title(evaluation),
        figures=evaluation,
        bins=reliability(predictions.true, predictions.probabilities),
        resubstitution=evaluation.resubstitution,
    )
    if evaluation.held_out is None:
        return (everything,)
    unseen = predictions.unseen()
    honest = Section(
        title=HELD_OUT_TITLE,
        figures=evaluation.held_out,
        bins=reliability(unseen.true, unseen.probabilities),
        resubstitution=False,
    )
    return (honest, everything)


def _title(evaluation: Evaluation) -> str:
    if evaluation.resubstitution:
        return RESUBSTITUTION_TITLE
    if evaluation.split == ALL:
        return HELD_OUT_TITLE
    return f"Images of the {evaluation.split} split"
