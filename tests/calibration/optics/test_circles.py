"""Circles are found where they were drawn, and measured as large."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.optics.circles import find_edges, refine_circles, vote_best


def drawn(circles: list[tuple[float, float, float]]) -> NDArray[np.float32]:
    fine = np.zeros((8 * 100, 8 * 120), np.float32)
    for x, y, radius in circles:
        centre = round(8 * x + 3.5), round(8 * y + 3.5)
        cv2.circle(fine, centre, round(8 * radius), 0.3, cv2.FILLED)
    small = cv2.resize(fine, (120, 100), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.8), np.float32)


CIRCLES = [(25.0, 30.0, 9.0), (60.0, 31.0, 10.0), (90.0, 60.0, 11.0)]


def test_votes_peak_at_the_centres() -> None:
    edges = find_edges(drawn(CIRCLES), contrast=0.3)
    votes, _ = vote_best(edges, [9.0, 10.0, 11.0], margin=0)
    for x, y, _ in CIRCLES:
        near = votes[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
        around = votes[int(y) - 8 : int(y) + 9, int(x) - 8 : int(x) + 9]
        assert near.max() == around.max()
        assert near.max() > 1
    assert votes[85, 20] == 0


def test_votes_reach_centres_outside_the_frame() -> None:
    edges = find_edges(drawn([(-3.0, 50.0, 10.0)]), contrast=0.3)
    votes, _ = vote_best(edges, [10.0], margin=6)
    y, x = np.unravel_index(np.argmax(votes), votes.shape)
    assert (x - 6, y - 6) == pytest.approx((-3, 50), abs=2)


@pytest.mark.parametrize("voted", [0.85, 1.0, 1.1])
def test_circles_are_measured_whatever_radius_was_voted(voted: float) -> None:
    edges = find_edges(drawn(CIRCLES), contrast=0.3)
    table = np.array(CIRCLES, np.float32)
    measured, share = refine_circles(edges, table[:, :2], table[:, 2] * voted)
    assert measured == pytest.approx(table[:, 2], rel=0.06)
    assert (share > 0.9).all()


def test_half_a_circle_is_half_drawn() -> None:
    density = drawn([(60.0, 50.0, 10.0)])
    whole, cut = (
        refine_circles(
            find_edges(image, contrast=0.3),
            np.array([[x, 50]], np.float32),
            np.array([10], np.float32),
        )
        for image, x in ((density, 60), (np.ascontiguousarray(density[:, 60:]), 0))
    )
    assert cut[0] == pytest.approx(whole[0], rel=0.05)
    assert cut[1] == pytest.approx(whole[1] / 2, abs=0.12)


def test_no_edges_measure_nothing() -> None:
    edges = find_edges(np.zeros((40, 40), np.float32), contrast=0.3)
    centres, radii = np.array([[20, 20]], np.float32), np.array([8], np.float32)
    measured, share = refine_circles(edges, centres, radii)
    assert measured.tolist() == [8]
    assert share.tolist() == [0]


def test_no_circles_are_measured_as_none() -> None:
    edges = find_edges(drawn(CIRCLES), contrast=0.3)
    nothing = np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
    measured, share = refine_circles(edges, *nothing)
    assert measured.shape == share.shape == (0,)
