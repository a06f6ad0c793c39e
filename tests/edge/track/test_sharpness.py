from itertools import pairwise

import numpy as np
import pytest

from edge.track.sharpness import sharpness_per_um
from hemalens.records import Box
from tests.edge.track.worlds import blurred, drawn_world


@pytest.fixture(scope="module")
def scene():
    world = drawn_world(3, 4, 3, 0.1)
    return world.image, [cell.box for cell in world.cells]


def test_blur_lowers_every_cells_sharpness(scene) -> None:
    image, boxes = scene
    grades = [
        np.array(sharpness_per_um(blurred(image, sigma), boxes, 0.1))
        for sigma in (0, 2, 4, 8)
    ]
    for sharper, softer in pairwise(grades):
        assert (softer < sharper).all()


def test_light_and_a_larger_box_hardly_matter(scene) -> None:
    image, boxes = scene
    plain = np.array(sharpness_per_um(image, boxes, 0.1))
    dim = np.array(sharpness_per_um((image * 0.8).astype(np.uint8), boxes, 0.1))
    assert np.median(np.abs(dim / plain - 1)) < 0.03
    height, width = image.shape[:2]
    larger = [
        Box(
            max(0, b.left - 5),
            max(0, b.top - 5),
            min(width, b.right + 5),
            min(height, b.bottom + 5),
        )
        for b in boxes
    ]
    wide = np.array(sharpness_per_um(image, larger, 0.1))
    assert np.median(np.abs(wide / plain - 1)) < 0.05


def test_it_is_a_length_on_the_specimen_not_in_pixels(scene) -> None:
    image, boxes = scene
    soft = blurred(image, 6)
    fine = np.array(sharpness_per_um(soft, boxes, 0.1))
    coarse_boxes = [Box(*(round(v / 2) for v in box)) for box in boxes]
    half = soft[: soft.shape[0] // 2 * 2, : soft.shape[1] // 2 * 2]
    half = half.reshape(half.shape[0] // 2, 2, -1, 2, 3).mean(axis=(1, 3))
    coarse = sharpness_per_um(np.rint(half).astype(np.uint8), coarse_boxes, 0.2)
    assert np.median(np.abs(np.array(coarse) / fine - 1)) < 0.1


def test_bare_glass_has_none_and_no_boxes_give_nothing() -> None:
    image = np.full((90, 91, 3), 230, np.uint8)
    boxes = [Box(0, 0, 91, 90), Box(90, 89, 91, 90)]
    assert sharpness_per_um(image, boxes, 0.1) == [0.0, 0.0]
    assert sharpness_per_um(image, [], 0.1) == []
