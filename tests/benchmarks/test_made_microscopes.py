"""The command on a few drawn images."""

from pathlib import Path

import numpy as np
import pytest

from edge.bundles import open_bundle
from hemalens.classifier import BundleClassifier
from hemalens.image_set import read_class_folders
from tests.benchmarks.made_microscopes import MICROSCOPES, made_microscope, measure


@pytest.mark.parametrize("number", range(MICROSCOPES))
def test_a_microscope_shows_the_same_each_time(number: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 24, 24, 3), np.uint8)
    kept = images.copy()
    found = made_microscope(number).show(images, 0.1)
    assert (found.shape, found.dtype) == (images.shape, np.uint8)
    assert np.array_equal(images, kept)
    assert np.array_equal(found, made_microscope(number).show(images, 0.1))
    assert not np.array_equal(found, images)


def test_no_two_microscopes_are_alike() -> None:
    factors = {
        made_microscope(number).pixel_size_factor for number in range(MICROSCOPES)
    }
    assert len(factors) == MICROSCOPES


def test_each_measures_its_share_of_the_cells(drawn_dataset: Path) -> None:
    images = read_class_folders(drawn_dataset).images[::6]
    classifier = BundleClassifier(open_bundle("cnn"))
    for number in (0, 1):
        found = measure(classifier, images, number)
        assert found.n == len(images[number::MICROSCOPES]) > 0
        assert 0 <= found.wrong <= found.answered <= found.n
        assert found.answered - found.wrong <= found.right <= found.n
