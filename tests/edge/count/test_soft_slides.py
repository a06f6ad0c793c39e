"""What sharpening gives on PBC's own images out of focus, where they are at hand.

Drawn cells have no chromatin fine enough to lose; `tests/hemalens/test_focus.py` checks
the sharpening itself on made grains.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convert.evidence.disturbances import IN_THE_FIELD
from edge.bundles import open_bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.image_set import read_class_folders
from hemalens.split import Split
from tests.benchmarks.disturbances import cut
from tests.benchmarks.labelled_images import evenly

PBC = Path(__file__).parents[4] / "shared" / "datasets" / "PBC_dataset_normal_DIB"

pytestmark = pytest.mark.skipif(not PBC.is_dir(), reason=f"the images are not at {PBC}")


def test_more_cells_out_of_focus_are_named_right() -> None:
    classifier = BundleClassifier(open_bundle("cnn"))
    images = evenly(read_class_folders(PBC).of_split(Split.VALIDATION).images, 160)
    true = np.array([CLASS_NAMES.index(one.class_name) for one in images])
    defocus = next(one for one in IN_THE_FIELD if one.name.startswith("defocus"))
    crops, slide = cut(classifier, images, defocus)
    assert slide.blur_um == pytest.approx(0.585, abs=0.03)
    mended, left = (
        int((classifier.classify(crops, look).argmax(axis=1) == true).sum())
        for look in (slide, replace(slide, blur_um=None))
    )
    assert mended >= left + 4
