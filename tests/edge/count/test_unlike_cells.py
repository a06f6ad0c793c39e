"""Cells that the model never saw, through the device's pipeline."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.count.frame_counter import FrameCounter
from hemalens.classes import CellStatus
from hemalens.classifier import BundleClassifier, Classification
from hemalens.slide_appearance import SlideAppearance


class KnowsNone(BundleClassifier):
    """Says of every crop that it is unlike those trained on."""

    def judge(
        self, crops: NDArray[np.uint8], slide: SlideAppearance | None = None
    ) -> Classification:
        judged = super().judge(crops, slide)
        return Classification(
            probabilities=judged.probabilities,
            is_in_distribution=np.zeros(len(crops), bool),
        )


@pytest.mark.parametrize("kind", [BundleClassifier, KnowsNone])
def test_a_cell_unlike_those_trained_on_is_never_counted(
    kind: type[BundleClassifier],
) -> None:
    counter = FrameCounter(kind(open_bundle("cnn")))
    frame = DemoSlide(seed=3, frames=1, mix="uniform").frame(0)
    cells = counter.count(frame).cells
    statuses = {cell.status for cell in cells if cell.class_name is not None}
    assert (CellStatus.COUNTED in statuses) == (kind is BundleClassifier)
    assert statuses
