"""Discs: the share of them in a mask is read from points, and drawn discs agree."""

import numpy as np
import pytest

from edge.segment.discs import draw_discs, make_discs, share_in_discs
from edge.segment.scale import double_mask, halve_mask, resize_to_work


def test_share_of_discs_in_a_half_plane() -> None:
    mask = np.zeros((60, 100), np.bool_)
    mask[:, 50:] = True
    discs = make_discs([(20, 30, 10), (49.5, 30, 10), (80, 30, 10)])
    assert share_in_discs(mask, discs) == pytest.approx([0, 0.5, 1], abs=0.04)


def test_share_counts_only_what_lies_in_the_frame() -> None:
    mask = np.ones((40, 40), np.bool_)
    discs = make_discs([(0, 20, 10), (-8, -8, 10)])
    assert share_in_discs(mask, discs) == pytest.approx([1, 0], abs=1e-9)


def test_share_of_the_part_on_another_mask() -> None:
    mask, of = np.zeros((2, 40, 40), np.bool_)
    of[:, 20:] = True
    mask[:20] = True
    share = share_in_discs(mask, make_discs([(20, 19.5, 10)]), of)
    assert share == pytest.approx([0.5], abs=0.06)


def test_no_discs_have_no_shares() -> None:
    assert share_in_discs(np.ones((5, 5), np.bool_), make_discs([])).shape == (0,)


def test_drawn_disc_has_its_area() -> None:
    drawn = draw_discs(make_discs([(30.3, 25.7, 12)]), (60, 60))
    assert np.count_nonzero(drawn) == pytest.approx(np.pi * 12**2, rel=0.08)


def test_masks_halve_and_double_onto_themselves() -> None:
    coarse = np.random.default_rng(3).random((14, 22)) < 0.5
    assert np.array_equal(halve_mask(double_mask(coarse)), coarse)


@pytest.mark.parametrize("pixel_size_um", [0.05, 0.095, 0.2])
def test_work_image_is_even_and_keeps_its_light(pixel_size_um: float) -> None:
    image = np.full((363, 361, 3), (200, 150, 90), np.uint8)
    work = resize_to_work(image, pixel_size_um)
    assert work.shape[0] % 2 == work.shape[1] % 2 == 0
    assert work.shape[0] == pytest.approx(363 * pixel_size_um / 0.1875, abs=1.5)
    assert (work == (200, 150, 90)).all()
