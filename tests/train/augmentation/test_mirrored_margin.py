import numpy as np
import pytest

from train.augmentation.mirrored_margin import with_margin


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (0, 3), (2, 0), (4, 4)])
def test_margins_are_mirrored_about_the_edge(
    axis: int, before: int, after: int
) -> None:
    crops = np.random.default_rng(0).random((2, 4, 5, 3), np.float32)
    margins = [(0, 0)] * 4
    margins[axis] = (before, after)
    expected = np.pad(crops, margins, mode="symmetric")
    assert np.array_equal(np.asarray(with_margin(crops, axis, before, after)), expected)
