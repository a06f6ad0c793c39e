"""The command on a few drawn images."""

from pathlib import Path

import numpy as np
import pytest

from convert.evidence.disturbances import IN_THE_FIELD, Disturbance
from edge.bundles import open_bundle
from hemalens.classifier import BundleClassifier
from hemalens.image_set import read_class_folders
from tests.benchmarks.disturbances import measure, row


def test_every_disturbance_is_measured_bare_and_as_a_device_does(
    drawn_dataset: Path,
) -> None:
    images = read_class_folders(drawn_dataset).images[::12]
    chosen = [one for one in IN_THE_FIELD if one.name.startswith(("exp", "pixel"))]
    rows = list(measure(BundleClassifier(open_bundle("cnn")), images, chosen))
    assert len(rows) == 2 * (1 + len(chosen))
    assert [one.way for one in rows[:2]] == ["bare", "device"]
    assert {one.n for one in rows} == {len(images)}
    assert rows[0].loss_points == 0


def test_a_loss_is_counted_image_by_image() -> None:
    before = np.array([True, True, True, False])
    after = np.array([False, False, True, True])
    found = row("made", "bare", before, after, np.array([True, False, True, True]))
    assert found.loss_points == 25
    assert found.loss_ci95_points[0] < 25 < found.loss_ci95_points[1]
    assert (found.answered, found.wrong) == (3, 1)


@pytest.mark.parametrize("disturbance", IN_THE_FIELD, ids=lambda one: one.name)
def test_disturbances_keep_the_shape_and_the_original(disturbance: Disturbance) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 24, 24, 3), np.uint8)
    kept = images.copy()
    found = disturbance.apply(images, 0.1)
    assert (found.shape, found.dtype) == (images.shape, np.uint8)
    assert np.array_equal(images, kept)
