"""Segmentation of drawn fields: what is found, as what, and where."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.segment import segment
from hemalens.box_matching import match_boxes
from hemalens.classes import CellKind
from tests.edge.segment.drawn_fields import NUCLEUS, DrawnField, of_kind

WHITE, RED, PLATELET = CellKind.WHITE_CELL, CellKind.RED_CELL, CellKind.PLATELET


def field_with_white_cell(lobes: int = 1) -> DrawnField:
    drawn = DrawnField()
    drawn.white_cell(30, 22, lobes=lobes)
    drawn.red_cells_in_rows([(30, 22, 6)])
    return drawn


def found_boxes_match(
    drawn: DrawnField, kind: CellKind, pixel_size_um: float, given_um: float | None
) -> tuple[int, int, int]:
    """Count matched, found and drawn boxes of a kind."""
    found = of_kind(segment(drawn.image(pixel_size_um), given_um), kind)
    true = drawn.boxes_px(kind, pixel_size_um)
    pairs = match_boxes([cell.box for cell in found], true)
    return len(pairs), len(found), len(true)


@pytest.mark.parametrize("pixel_size_um", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("is_given", [True, False])
def test_cells_are_found_at_every_scale(pixel_size_um: float, is_given: bool) -> None:
    drawn = field_with_white_cell(lobes=3)
    given_um = pixel_size_um if is_given else None
    assert found_boxes_match(drawn, WHITE, pixel_size_um, given_um) == (1, 1, 1)
    matched, found, true = found_boxes_match(drawn, RED, pixel_size_um, given_um)
    assert true > 15
    assert matched == found == true


@pytest.mark.parametrize("pixel_size_um", [0.05, 0.072, 0.1, 0.2])
def test_red_cells_are_the_ruler(pixel_size_um: float) -> None:
    found = segment(field_with_white_cell().image(pixel_size_um))
    assert found.red_cell_diameter_px is not None
    assert found.pixel_size_um is not None
    assert found.pixel_size_um == pytest.approx(pixel_size_um, rel=0.12)
    assert found.red_cell_diameter_px * found.pixel_size_um == pytest.approx(7.5)


def test_given_pixel_size_is_kept() -> None:
    found = segment(field_with_white_cell().image(0.1), 0.11)
    assert found.pixel_size_um == 0.11
    assert found.red_cell_diameter_px == pytest.approx(75, rel=0.15)


def test_frame_without_red_cells_has_its_white_cells_for_a_ruler() -> None:
    drawn = DrawnField()
    drawn.white_cell(30, 22)
    found = segment(drawn.image(0.095))
    assert found.measured_scale is not None
    assert found.measured_scale.kind is WHITE
    assert found.pixel_size_um == pytest.approx(0.095, rel=0.35)
    assert found.red_cell_diameter_px is None
    assert len(of_kind(found, WHITE)) == 1


def test_box_holds_the_cytoplasm() -> None:
    drawn = field_with_white_cell()
    (cell,) = of_kind(segment(drawn.image()), WHITE)
    (true,) = drawn.boxes_px(WHITE)
    assert cell.box == pytest.approx(true, abs=6)


def test_big_nucleus_can_only_be_a_white_cell() -> None:
    (cell,) = of_kind(segment(field_with_white_cell().image()), WHITE)
    assert cell.possible_kinds == {WHITE}


@pytest.mark.parametrize("lobes", [2, 3, 4])
def test_lobes_are_one_cell(lobes: int) -> None:
    drawn = field_with_white_cell(lobes)
    assert len(of_kind(segment(drawn.image()), WHITE)) == 1


@pytest.mark.parametrize("apart_um", [9.0, 9.6, 10.4])
def test_touching_white_cells_are_two(apart_um: float) -> None:
    drawn = DrawnField()
    drawn.white_cell(30 - apart_um / 2, 22, diameter=10)
    drawn.white_cell(30 + apart_um / 2, 22, diameter=10)
    drawn.red_cells_in_rows([(25, 22, 6), (35, 22, 6)])
    assert found_boxes_match(drawn, WHITE, 0.1, None) == (2, 2, 2)


def test_clump_of_red_cells_is_split() -> None:
    drawn = DrawnField()
    drawn.red_cells_in_rows([(30, 22, 12)])
    for x, y in ((25, 20), (31, 19), (28, 25.5), (34.5, 24.5)):
        drawn.red_cell(x, y)
    assert found_boxes_match(drawn, RED, 0.1, None)[0] == len(drawn.boxes)
    assert not of_kind(segment(drawn.image()), WHITE)


def test_platelets_are_found_on_the_slide() -> None:
    drawn = DrawnField()
    clear = [(20.0, 12.0, 2.0), (45.0, 30.0, 2.0), (12.0, 33.0, 2.0)]
    drawn.red_cells_in_rows(clear)
    for x, y, _ in clear:
        drawn.platelet(x, y)
    found = of_kind(segment(drawn.image()), PLATELET)
    places = sorted(cell.box.centre_xy for cell in found)
    assert np.allclose(places, [(120, 330), (200, 120), (450, 300)], atol=6)
    for cell in found:
        assert cell.possible_kinds == {PLATELET}
        assert max(cell.box.size_wh) <= 48


def test_pale_platelet_alone_on_the_slide_is_found() -> None:
    """Its granules are too small to be a core, and the rest is as pale as cytoplasm."""
    drawn = DrawnField()
    drawn.red_cells_in_rows([(30, 22, 3)])
    drawn.disc(30, 22, 1.4, (214, 196, 216))
    for angle in np.arange(5) * 2 * np.pi / 5:
        drawn.disc(30 + 0.9 * np.cos(angle), 22 + 0.9 * np.sin(angle), 0.2, NUCLEUS)
    (cell,) = of_kind(segment(drawn.image(), 0.1), PLATELET)
    assert cell.box.centre_xy == pytest.approx((300, 220), abs=6)
    assert max(cell.box.size_wh) <= 48


def test_platelet_on_a_red_cell_is_found() -> None:
    drawn = field_with_white_cell()
    drawn.disc(18, 15, 1.2, (110, 60, 150))
    found = segment(drawn.image(), 0.1)
    (cell,) = of_kind(found, PLATELET)
    assert cell.box.centre_xy == pytest.approx((180, 150), abs=8)
    assert len(of_kind(found, RED)) == pytest.approx(len(drawn.boxes_px(RED)), abs=1)


def test_stain_deposit_is_neither_white_cell_nor_platelet() -> None:
    drawn = field_with_white_cell()
    for x in np.arange(3, 58, 3.7):
        for y in np.arange(3, 42, 4.3):
            if np.hypot(x - 30, y - 22) > 8:
                drawn.disc(float(x), float(y), 0.2, NUCLEUS)
    stained = [c for c in segment(drawn.image(), 0.1).detections if c.kind is not RED]
    assert len(stained) == 1


@pytest.mark.parametrize("shown_um", [2.0, 3.5, 5.5])
def test_red_cell_cut_by_the_frame_is_found(shown_um: float) -> None:
    drawn = DrawnField()
    drawn.red_cells_in_rows([(0, 22, 6)])
    whole = len(of_kind(segment(drawn.image(), 0.1), RED))
    drawn.red_cell(shown_um - 3.75, 22)
    found = of_kind(segment(drawn.image(), 0.1), RED)
    assert len(found) == whole + 1
    (cut,) = (cell for cell in found if cell.at_border)
    assert cut.box.right == pytest.approx(10 * shown_um, abs=6)


def test_black_dirt_is_no_white_cell() -> None:
    drawn = field_with_white_cell()
    image = drawn.image()
    cv2.circle(image, (90, 95), 14, (20, 20, 20), -1)
    cv2.line(image, (380, 40), (560, 70), (60, 60, 60), 4)
    assert len(of_kind(segment(image), WHITE)) == 1


def test_giant_platelet_is_left_to_the_classifier() -> None:
    drawn = DrawnField()
    drawn.red_cells_in_rows([(30, 22, 4)])
    drawn.platelet(30, 22, diameter=6.2)
    stained = [c for c in segment(drawn.image()).detections if c.kind is not RED]
    assert len(stained) == 1
    assert PLATELET in stained[0].possible_kinds


def test_cell_cut_by_the_frame_is_emitted_at_the_border() -> None:
    drawn = DrawnField()
    drawn.white_cell(0.5, 22)
    drawn.red_cells_in_rows([(0.5, 22, 6)])
    found = segment(drawn.image())
    (cell,) = of_kind(found, WHITE)
    assert cell.at_border
    assert cell.box.left == 0
    assert not all(detection.at_border for detection in found.detections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """Shading over a frame, as a factor from one corner to the other."""

    name: str
    first: float
    last: float
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)


LIGHTS = (
    Light(name="left_to_right", first=1.0, last=0.55),
    Light(name="dim", first=0.4, last=0.35),
    Light(name="bluish", first=1.0, last=0.8, colour=(0.75, 0.85, 1.0)),
    Light(name="yellowish", first=0.8, last=1.0, colour=(1.0, 0.95, 0.7)),
)


@pytest.mark.parametrize("light", LIGHTS, ids=lambda light: light.name)
def test_uneven_light_changes_nothing(light: Light) -> None:
    drawn = field_with_white_cell(lobes=3)
    image = drawn.image()
    height, width = image.shape[:2]
    ramp = np.linspace(light.first, light.last, width + height)
    shade = ramp[np.add.outer(np.arange(height), np.arange(width))]
    lit = (image * shade[..., None] * np.array(light.colour)).astype(np.uint8)
    found = segment(lit)
    true = drawn.boxes_px(RED)
    boxes = [cell.box for cell in of_kind(found, RED)]
    assert len(match_boxes(boxes, true)) == len(true)
    assert len(of_kind(found, WHITE)) == 1


@pytest.mark.parametrize("strength", [0.5, 1.5])
def test_pale_and_dark_stain_change_nothing(strength: float) -> None:
    drawn = field_with_white_cell(lobes=3)
    slide = drawn.image()[0, 0].astype(float)
    stained = slide * (drawn.image() / slide) ** strength
    found = segment(np.clip(stained, 0, 255).astype(np.uint8))
    assert len(of_kind(found, WHITE)) == 1
    assert len(of_kind(found, RED)) == len(drawn.boxes_px(RED))


def _noise(shape: tuple[int, ...], low: int = 0, high: int = 256) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(low, high, shape, np.uint8)


def _text() -> NDArray[np.uint8]:
    image = np.full((240, 320, 3), 255, np.uint8)
    for row in range(30, 240, 30):
        cv2.putText(image, "no blood here 0123", (4, row), 0, 0.9, (0, 0, 0), 2)
    return image


EMPTY_FRAMES = {
    "one_pixel": np.zeros((1, 1, 3), np.uint8),
    "one_white_pixel": np.full((1, 1, 3), 255, np.uint8),
    "one_row": _noise((1, 300, 3)),
    "one_column": _noise((300, 1, 3)),
    "white": np.full((240, 320, 3), 255, np.uint8),
    "grey": np.full((240, 320, 3), 128, np.uint8),
    "black": np.zeros((240, 320, 3), np.uint8),
    "purple": np.full((240, 320, 3), (90, 40, 150), np.uint8),
    "dark_noise": _noise((240, 320, 3), 0, 20),
    "sensor_noise": _noise((240, 320, 3), 205, 235),
}


@pytest.mark.parametrize("pixel_size_um", [None, 0.05, 0.2])
@pytest.mark.parametrize("name", EMPTY_FRAMES)
def test_frame_without_cells_gives_none(name: str, pixel_size_um: float | None) -> None:
    found = segment(EMPTY_FRAMES[name].copy(), pixel_size_um)
    assert found.detections == ()
    assert found.pixel_size_um == pixel_size_um
    assert found.red_cell_diameter_px is None


@pytest.mark.parametrize("pixel_size_um", [None, 0.05, 0.2])
def test_strong_noise_shows_next_to_nothing(pixel_size_um: float | None) -> None:
    found = segment(_noise((240, 320, 3)), pixel_size_um)
    assert not of_kind(found, WHITE)
    assert len(found.detections) <= 2


def test_print_is_no_white_cell() -> None:
    found = segment(_text(), 0.1)
    assert not of_kind(found, WHITE)
    assert len(found.detections) < 30


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((0, 10, 3), np.uint8),
        np.zeros((10, 10, 3), np.float32),
    ],
    ids=["grey", "rgba", "empty", "float"],
)
def test_what_is_no_rgb_image_is_refused(image: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="an image is"):
        segment(image)


@pytest.mark.parametrize("pixel_size_um", [0.0, -0.1, 5.0, float("nan")])
def test_impossible_pixel_size_is_refused(pixel_size_um: float) -> None:
    with pytest.raises(ValueError, match="pixel size"):
        segment(np.full((20, 20, 3), 200, np.uint8), pixel_size_um)


def test_image_is_left_as_it_was() -> None:
    image = field_with_white_cell().image()
    image.flags.writeable = False
    before = image.copy()
    segment(image)
    assert np.array_equal(image, before)


@settings(max_examples=25, deadline=None)
@given(
    cells=st.lists(
        st.tuples(
            st.sampled_from(["red_cell", "white_cell", "platelet"]),
            st.floats(-2, 32),
            st.floats(-2, 26),
        ),
        max_size=14,
    ),
    pixel_size_um=st.sampled_from([0.05, 0.08, 0.13, 0.2]),
    given_um=st.sampled_from([None, 0.06, 0.1, 0.2]),
)
def test_boxes_lie_in_the_frame(
    cells: list[tuple[str, float, float]],
    pixel_size_um: float,
    given_um: float | None,
) -> None:
    drawn = DrawnField(width_um=30, height_um=24)
    for kind, x, y in cells:
        getattr(drawn, kind)(x, y)
    image = drawn.image(pixel_size_um)
    found = segment(image, given_um)
    height, width = image.shape[:2]
    for cell in found.detections:
        left, top, right, bottom = cell.box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert all(isinstance(side, int) for side in cell.box)
        assert cell.kind in cell.possible_kinds
        if left == 0 or top == 0 or right == width or bottom == height:
            assert cell.at_border
    kinds = [cell.kind is RED for cell in found.detections]
    assert kinds == sorted(kinds)


@settings(max_examples=25, deadline=None)
@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    seed=st.integers(0, 10_000),
    blur=st.sampled_from([0.0, 1.5, 5.0]),
    pixel_size_um=st.sampled_from([None, 0.05, 0.2]),
)
@example(size=(1, 32), seed=0, blur=0.0, pixel_size_um=None)
def test_any_image_is_survived(
    size: tuple[int, int], seed: int, blur: float, pixel_size_um: float | None
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    if blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), blur), np.uint8)
    for cell in segment(np.ascontiguousarray(image), pixel_size_um).detections:
        assert min(cell.box.size_wh) > 0


def test_large_dense_frame_counts_every_cell() -> None:
    one = DrawnField()
    one.red_cells_in_rows([])
    cells = len(of_kind(segment(one.image(0.1), 0.1), RED))
    found = of_kind(segment(np.tile(one.image(0.1), (5, 12, 1)), 0.1), RED)
    assert len(found) == pytest.approx(60 * cells, rel=0.02)


def test_nothing_outside_the_field_of_view_is_found() -> None:
    image = field_with_white_cell().image()
    y, x = np.indices(image.shape[:2])
    mask = np.hypot(x - 300, y - 220) < 190
    image[~mask] = 0
    found = segment(image, 0.1, mask)
    assert len(of_kind(found, WHITE)) == 1
    for cell in of_kind(found, RED):
        assert mask[tuple(round(at) for at in cell.box.centre_xy[::-1])]


def test_given_pixel_size_that_cells_contradict_is_told_beside_it() -> None:
    found = segment(field_with_white_cell().image(0.1), 0.13)
    assert found.pixel_size_um == 0.13
    assert found.measured_scale is not None
    assert found.measured_scale.pixel_size_um == pytest.approx(0.1, rel=0.12)


def test_threads_find_the_same() -> None:
    images = [field_with_white_cell(lobes).image(0.1) for lobes in (1, 2, 3)] * 3
    alone = [segment(image, 0.1) for image in images]
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda image: segment(image, 0.1), images)) == alone
