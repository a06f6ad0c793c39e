"""Drawn images without a leukocyte, through the device's pipeline."""

import numpy as np
import pytest

from edge.bundles import open_bundle, shipped_bundles
from hemalens.classifier import BundleClassifier
from tests.benchmarks.drawn_non_cells import HEIGHT, KINDS, WIDTH, made_non_cells
from tests.benchmarks.non_cells import measure, sum_of

CELL_FREE = ("blank", "red-cell clump", "rouleau", "platelet clump")
"""What every smear shows: here not one leukocyte may be counted."""


@pytest.mark.parametrize("bundle", shipped_bundles())
def test_what_every_smear_shows_is_not_counted_as_leukocytes(bundle: str) -> None:
    images = [one for one in made_non_cells(3) if one.kind in CELL_FREE]
    tallies = measure(BundleClassifier(open_bundle(bundle)), images)
    assert set(tallies) == set(CELL_FREE)
    total = sum_of(tallies.values())
    assert total.images == 12
    assert (total.wrong_frames, total.wrong_crops) == (0, 0)


def test_images_are_of_every_kind_and_the_same_each_time() -> None:
    first, again = list(made_non_cells(1)), list(made_non_cells(1))
    assert [one.kind for one in first] == list(KINDS)
    for one, same in zip(first, again, strict=True):
        assert one.image.shape == (HEIGHT, WIDTH, 3)
        assert np.array_equal(one.image, same.image)


def test_images_of_a_kind_differ() -> None:
    images = [one.image for one in made_non_cells(2, seed=1)]
    for one, other in zip(images[::2], images[1::2], strict=True):
        assert not np.array_equal(one, other)
