import numpy as np
import pytest

from convert.studies.microscopes.made_microscope import MICROSCOPES, made_microscope


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
