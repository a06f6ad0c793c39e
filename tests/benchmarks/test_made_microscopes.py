"""The command on a few drawn images."""

from pathlib import Path

from edge.bundles import open_bundle
from hemalens.classifier import BundleClassifier
from hemalens.image_set import read_class_folders
from tests.benchmarks.made_microscopes import MICROSCOPES, measure


def test_each_measures_its_share_of_the_cells(drawn_dataset: Path) -> None:
    images = read_class_folders(drawn_dataset).images[::6]
    classifier = BundleClassifier(open_bundle("cnn"))
    for number in (0, 1):
        found = measure(classifier, images, number)
        assert found.n == len(images[number::MICROSCOPES]) > 0
        assert 0 <= found.wrong <= found.answered <= found.n
        assert found.answered - found.wrong <= found.right <= found.n
