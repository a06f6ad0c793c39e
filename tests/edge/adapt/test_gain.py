import numpy as np
import pytest

from edge.adapt.gain import gain_limits


def test_limits_of_single_cells_are_those_of_their_mean() -> None:
    differences = np.array([1] * 20 + [-1] * 5 + [0] * 75)
    low, high = gain_limits(differences, [str(index) for index in range(100)])
    half = 1.96 * differences.std() / 10
    assert low == pytest.approx(0.15 - half, abs=0.015)
    assert high == pytest.approx(0.15 + half, abs=0.015)


def test_cells_of_one_frame_say_less_than_as_many_of_several() -> None:
    differences = np.array(([1] * 5 + [0] * 15) * 5)
    apart = gain_limits(differences, [str(index) for index in range(100)])
    in_fives = gain_limits(differences, [str(index // 5) for index in range(100)])
    assert in_fives[1] - in_fives[0] > 1.5 * (apart[1] - apart[0])
