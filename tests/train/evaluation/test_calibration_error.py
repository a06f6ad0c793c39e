import numpy as np
import pytest

from train.evaluation.calibration_error import expected_calibration_error, reliability


def test_error_is_the_gap_weighted_by_images() -> None:
    """By hand: two bins of 15, |1/2 - 0.55| * 2/4 + |1 - 0.9| * 2/4 = 0.075."""
    true = np.array([0, 1, 0, 0])
    probabilities = np.array(
        [[0.55, 0.45], [0.55, 0.45], [0.88, 0.12], [0.92, 0.08]], np.float32
    )
    bins = reliability(true, probabilities)
    assert [(one.images, one.accuracy) for one in bins] == [(2, 0.5), (2, 1)]
    assert expected_calibration_error(bins) == pytest.approx(0.075, abs=1e-6)


def test_gaps_of_opposite_sign_in_one_bin_cancel() -> None:
    """The measure looks at means of bins: 80 % sure, right in 4 of 5, is calibrated."""
    true = np.array([0, 0, 0, 0, 1])
    probabilities = np.tile(np.array([[0.8, 0.2]], np.float32), (5, 1))
    error = expected_calibration_error(reliability(true, probabilities))
    assert error == pytest.approx(0, abs=1e-6)


def test_a_bin_holds_its_upper_edge() -> None:
    probabilities = np.array([[0.5, 0.5], [0.4, 0.6]], np.float32)
    bins = reliability(np.array([0, 1]), probabilities, bins=2)
    assert [(one.low, one.high, one.images) for one in bins] == [
        (0, 0.5, 1),
        (0.5, 1, 1),
    ]


def test_certainty_lies_in_the_last_bin() -> None:
    (only,) = reliability(np.array([1]), np.array([[0, 1]], np.float32))
    assert (only.high, only.mean_probability, only.accuracy) == (1, 1, 1)
