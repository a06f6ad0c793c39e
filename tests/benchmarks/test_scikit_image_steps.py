"""The scikit-image peer does the same work: it finds the cells the product finds."""

from pathlib import Path

import numpy as np
import pytest

from edge.capture.demo_slide import DemoSlide
from edge.segment import segment
from hemalens import preprocess
from hemalens.classes import CellKind
from hemalens.records import Box, Detection
from tests.benchmarks.box_matching import MatchCount, count_matches
from tests.benchmarks.labelled_images import read_bccd, read_rgb
from tests.benchmarks.scikit_image_steps import (
    cut_crop,
    find_cells,
    measure_pixel_size_um,
)

BCCD = Path(__file__).parents[3] / "shared" / "datasets" / "BCCD"


def slide_of(pixel_size_um: float) -> DemoSlide:
    """A field of 77 by 58 µm, with about two white cells, at any scale."""
    width, height = (round(side / pixel_size_um) for side in (77, 58))
    return DemoSlide(
        seed=5,
        frames=4,
        mix="uniform",
        width_px=width,
        height_px=height,
        pixel_size_um=pixel_size_um,
    )


def boxes_of(found: list[Detection], kind: CellKind) -> list[Box]:
    return [cell.box for cell in found if cell.kind is kind]


@pytest.mark.parametrize("pixel_size_um", [0.12, None])
def test_both_find_the_white_cells_of_drawn_fields(pixel_size_um: float | None) -> None:
    slide = slide_of(0.12)
    peer, product = MatchCount(), MatchCount()
    for frame in slide:
        true = [
            cell.box
            for cell in slide.truth(frame.index)
            if cell.kind is CellKind.WHITE_CELL and not cell.at_border
        ]
        found, _ = find_cells(frame.image, pixel_size_um)
        peer += count_matches(boxes_of(found, CellKind.WHITE_CELL), true)
        ours = list(segment(frame.image, pixel_size_um).detections)
        product += count_matches(boxes_of(ours, CellKind.WHITE_CELL), true)
    assert product.true >= 5
    assert peer.recall == product.recall == 1


def test_both_find_the_red_cells_of_drawn_fields() -> None:
    slide = slide_of(0.12)
    peer, product = MatchCount(), MatchCount()
    for frame in slide:
        truth = slide.truth(frame.index)
        true = [cell.box for cell in truth if cell.kind is CellKind.RED_CELL]
        found, _ = find_cells(frame.image, 0.12)
        peer += count_matches(boxes_of(found, CellKind.RED_CELL), true)
        ours = list(segment(frame.image, 0.12).detections)
        product += count_matches(boxes_of(ours, CellKind.RED_CELL), true)
    for total, off in ((peer, 0.1), (product, 0.15)):
        # The finder knows photographs alone: of drawn cells it leaves some out.
        assert total.f1 >= 0.9
        assert total.found / total.true == pytest.approx(1, abs=off)


@pytest.mark.parametrize("pixel_size_um", [0.07, 0.12, 0.18])
def test_scale_is_read_from_the_red_cells(pixel_size_um: float) -> None:
    measured = measure_pixel_size_um(slide_of(pixel_size_um).frame(0).image)
    assert measured == pytest.approx(pixel_size_um, rel=0.15)


def test_empty_slide_has_no_cells() -> None:
    noise = np.random.default_rng(1).normal(230, 2, (240, 320, 3))
    assert find_cells(noise.astype(np.uint8), 0.12)[0] == []


def test_a_field_without_light_has_no_cells() -> None:
    assert find_cells(np.zeros((240, 320, 3), np.uint8))[0] == []


@pytest.mark.parametrize("centre_xy", [(300.0, 240.0), (20.0, 470.0)])
def test_crop_shows_the_same_window(centre_xy: tuple[float, float]) -> None:
    image = slide_of(0.12).frame(0).image
    peer = cut_crop(image, centre_xy, 202, 100).astype(np.int16)
    ours = preprocess.cut_crop(image, centre_xy, 202, 100).astype(np.int16)
    moved = preprocess.cut_crop(image, (centre_xy[0] + 8, centre_xy[1]), 202, 100)
    difference = np.abs(peer - ours).mean()
    assert difference < 4
    assert difference < np.abs(moved - ours).mean() / 2


@pytest.mark.skipif(not BCCD.is_dir(), reason=f"the dataset is not at {BCCD}")
def test_both_find_the_white_cells_of_whole_fields() -> None:
    peer, product = MatchCount(), MatchCount()
    for field in read_bccd(BCCD, 12):
        image = read_rgb(field.path)
        true = field.boxes_of(CellKind.WHITE_CELL)
        found, _ = find_cells(image)
        peer += count_matches(boxes_of(found, CellKind.WHITE_CELL), true)
        ours = list(segment(image).detections)
        product += count_matches(boxes_of(ours, CellKind.WHITE_CELL), true)
    assert peer.true >= 12
    assert abs(peer.matched - product.matched) <= 1
    assert peer.precision >= 0.8
