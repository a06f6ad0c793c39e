"""What the paper reports for its nine models, and how it measured.

References
----------
.. [1] Asghar, Kumar, Mahfooz: Classification of Blood Cells Using Deep Learning Models,
   arXiv 2308.06300 (2023).
"""

from enum import StrEnum
from typing import Final

from train.evaluation.figures import Record


class Measurement(StrEnum):
    """How a published accuracy was come by."""

    RESUBSTITUTION = "resubstitution"
    """On all images, training ones included."""
    FROZEN_BACKBONE = "frozen backbone"
    """Only the layers behind it were trained."""


class PublishedFigure(Record):
    """One accuracy of the paper [1]_."""

    accuracy: float
    measurement: Measurement


def _frozen(accuracy: float) -> PublishedFigure:
    return PublishedFigure(accuracy=accuracy, measurement=Measurement.FROZEN_BACKBONE)


_OWN_CNN: Final = PublishedFigure(
    accuracy=0.9991, measurement=Measurement.RESUBSTITUTION
)

PUBLISHED: Final = {
    # The same network as the paper writes it, and as it learns.
    "cnn": _OWN_CNN,
    "paper_cnn": _OWN_CNN,
    "paper_cnn_literal": _OWN_CNN,
    "vgg16": _frozen(0.928),
    "vgg19": _frozen(0.918),
    "resnet50": _frozen(0.9472),
    "resnet101": _frozen(0.937),
    "resnet152": _frozen(0.91375),
    "inceptionv3": _frozen(0.93125),
    "mobilenetv2": _frozen(0.9201),
    "densenet201": _frozen(0.94262),
}
"""By the name of the model here [1]_."""
