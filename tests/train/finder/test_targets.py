"""What is drawn for the finder to learn."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from hemalens.finder import BODY_SIZE, CORE_SIZE, Map
from train.finder.fields import Kind
from train.finder.targets import SEAM_WEIGHT, Targets, draw_targets

EVERYTHING = (1.0, 1.0, 1.0)


def _one(kind: Kind, width: float = 20, height: float = 20, turn: float = 0) -> Targets:
    placed = np.array([[kind, 32, 32, width, height, turn]], np.float32)
    return draw_targets(placed, (64, 64), EVERYTHING)


@pytest.mark.parametrize(
    ("kind", "body", "core"),
    [
        (Kind.WHITE, Map.WHITE_BODY, Map.WHITE_CORE),
        (Kind.RED, Map.RED_BODY, Map.RED_CORE),
    ],
)
def test_a_cell_is_its_ellipse_in_its_own_maps(
    kind: Kind, body: Map, core: Map
) -> None:
    maps = _one(kind, 30, 20).maps
    for channel, size in ((body, BODY_SIZE), (core, CORE_SIZE)):
        area = np.pi / 4 * 30 * 20 * size**2
        assert maps[..., channel].sum() == pytest.approx(area, rel=0.15)
    others = [one for one in Map if one not in (body, core)]
    assert not maps[..., others].any()


def test_an_ellipse_lies_where_its_box_does() -> None:
    body = _one(Kind.WHITE, 30, 16).maps[..., Map.WHITE_BODY] > 0
    y, x = np.nonzero(body)
    assert (x.min() + x.max() + 1) / 2 == pytest.approx(32, abs=0.5)
    assert x.max() - x.min() > y.max() - y.min()


def test_an_ellipse_is_turned_with_its_crop() -> None:
    straight = _one(Kind.RED, 30, 16).maps
    turned = _one(Kind.RED, 30, 16, turn=90).maps
    overlap = np.abs(straight.transpose(1, 0, 2) - turned).sum()
    assert overlap < 0.12 * straight.sum()


def test_the_smallest_platelet_keeps_two_pixels_of_radius() -> None:
    assert _one(Kind.PLATELET, 1, 1).maps[..., Map.PLATELET].sum() >= 11


def test_the_seam_of_touching_cells_weighs_more() -> None:
    placed = np.array(
        [[Kind.RED, 22, 32, 20, 20, 0], [Kind.RED, 42, 32, 20, 20, 0]], np.float32
    )
    drawn = draw_targets(placed, (64, 64), EVERYTHING)
    assert drawn.weights[32, 32, Map.RED_CORE] == SEAM_WEIGHT
    assert drawn.weights[32, 22, Map.RED_CORE] == 1


def test_what_is_not_labelled_weighs_nothing_but_where_another_kind_lies() -> None:
    placed = np.array([[Kind.WHITE, 32, 32, 20, 20, 0]], np.float32)
    weights = draw_targets(placed, (64, 64), (0.4, 0.0, 0.0)).weights
    assert weights[2, 2, Map.WHITE_BODY] == pytest.approx(0.4)
    assert weights[2, 2, Map.RED_BODY] == weights[2, 2, Map.PLATELET] == 0
    assert weights[32, 32, Map.RED_BODY] > 0
    assert weights[32, 32, Map.WHITE_BODY] == 1


def test_a_guessed_size_leaves_its_rim_open() -> None:
    placed = np.array([[Kind.RED, 32, 32, 20, 20, 0]], np.float32)
    drawn = draw_targets(placed, (64, 64), (0.0, 0.2, 0.0), outlined=False)
    across = drawn.weights[32, :, Map.RED_BODY]
    assert across[32] == 1
    assert across[23] == 0
    assert across[2] == pytest.approx(0.2)


def test_without_objects_every_map_is_empty() -> None:
    drawn = draw_targets(np.zeros((0, 6), np.float32), (8, 8), EVERYTHING)
    assert not drawn.maps.any()
    assert_array_equal(drawn.weights, 1)
