from dataclasses import replace

import pytest

from convert.studies.microscopes.counted import FoundFrame
from convert.studies.microscopes.finding import (
    platelets_found,
    red_cells_found,
    scale_found,
    white_cells_found,
)
from hemalens.classes import CellStatus
from tests.convert.studies.microscopes.made_counts import (
    box,
    counted,
    red,
    shown,
    true,
    white,
)


def test_white_cells_by_centre_and_by_overlap() -> None:
    labelled = shown("a", true(0), true(100), true(200), true(300))
    # One exact, one with its centre inside but too large, one false; two are lost.
    found = FoundFrame(cells=(white(0), white(95, side=20), white(500)))
    figures = white_cells_found([counted((labelled, found))])
    assert figures is not None
    assert (figures.recall.k, figures.recall.n) == (2, 4)
    assert figures.precision is not None
    assert (figures.precision.k, figures.precision.n) == (2, 3)
    assert figures.recall_iou is not None
    assert (figures.recall_iou.k, figures.recall_iou.n) == (1, 4)
    assert not figures.precision_is_floor


def test_object_called_platelet_is_no_white_cell_found() -> None:
    found = FoundFrame(cells=(white(0, "platelet"),))
    figures = white_cells_found([counted((shown("a", true(0)), found))])
    assert figures is not None
    assert figures.recall.share == 0


def test_known_unboxed_white_cell_is_excused_once() -> None:
    labelled = replace(shown("a", true(0)), unboxed_white_cells=1)
    found = FoundFrame(cells=(white(0), white(100), white(200)))
    figures = white_cells_found([counted((labelled, found))])
    assert figures is not None
    assert figures.precision is not None
    assert (figures.precision.k, figures.precision.n) == (1, 2)


def test_precision_is_a_floor_where_not_all_are_boxed() -> None:
    labelled = replace(shown("a", true(0)), has_all_white_cells=False)
    figures = white_cells_found([counted((labelled, FoundFrame(cells=(white(0),))))])
    assert figures is not None
    assert figures.precision_is_floor


def test_cells_that_are_only_placed_have_recall_alone() -> None:
    labelled = replace(shown("a", true(0)), is_drawn=False)
    found = FoundFrame(cells=(white(0), white(100)))
    figures = white_cells_found([counted((labelled, found))])
    assert figures is not None
    assert figures.recall.share == 1
    assert figures.precision is None
    assert figures.recall_iou is None


def test_frame_that_was_never_seen_loses_its_cells() -> None:
    seen = shown("a", true(0)), FoundFrame(cells=(white(0),))
    lost = shown("b", true(0))
    slide = counted(seen, (lost, FoundFrame()))
    gone = replace(slide, frames={"a": seen[1]})
    figures = white_cells_found([gone])
    assert figures is not None
    assert figures.recall.share == 0.5


def test_red_total_is_of_all_frames_and_the_error_of_each() -> None:
    few = replace(shown("a"), red_cells=(box(0), box(20)))
    many = replace(shown("b"), red_cells=(box(0), box(20), box(40), box(60)))
    slide = counted(
        (few, FoundFrame(cells=(red(0), red(20), red(200)))),
        (many, FoundFrame(cells=(red(0), red(20), red(40)))),
    )
    figures = red_cells_found([slide])
    assert figures is not None
    assert figures.total_ratio == 1
    assert figures.frame_error == pytest.approx((0.5 + 0.25) / 2)
    assert (figures.recall.k, figures.recall.n) == (5, 6)
    assert figures.f1_iou == pytest.approx(10 / 12)


def test_red_cells_of_partly_labelled_frames_have_recall_alone() -> None:
    labelled = replace(shown("a"), red_cells=(box(0),), has_all_red_cells=False)
    found = FoundFrame(cells=(red(0), red(20)))
    figures = red_cells_found([counted((labelled, found))])
    assert figures is not None
    assert figures.recall.share == 1
    assert figures.total_ratio is None
    assert figures.f1_centre is None


def test_red_cells_cut_by_the_edge_are_left_out_where_they_have_no_label() -> None:
    labelled = replace(shown("a"), red_cells=(box(0),), whole_red_cells=1)
    found = FoundFrame(cells=(red(0), red(90, CellStatus.BORDER)))
    figures = red_cells_found([counted((labelled, found))])
    assert figures is not None
    assert figures.total_ratio == 1
    assert figures.f1_iou is None


def test_platelets_by_overlap() -> None:
    labelled = replace(shown("a"), platelets=(box(0), box(50)))
    found = FoundFrame(cells=(white(0, "platelet"), white(200, "platelet")))
    figures = platelets_found([counted((labelled, found))])
    assert figures is not None
    assert figures.recall.share == figures.precision.share == figures.f1 == 0.5


def test_scale_error_is_of_the_median_and_frames_are_counted() -> None:
    near = shown("a"), FoundFrame(pixel_size_um=0.11)
    far = shown("b"), FoundFrame(pixel_size_um=0.2)
    none = shown("c"), FoundFrame(pixel_size_um=None)
    figures = scale_found([counted(near, far, none, pixel_size_um=0.12)])
    assert figures.error == pytest.approx(0.2)
    assert (figures.within_15_percent.k, figures.within_15_percent.n) == (1, 3)


def test_nothing_marked_gives_no_figure() -> None:
    slide = counted((shown("a"), FoundFrame(cells=(white(0), red(9)))))
    assert white_cells_found([slide]) is None
    assert red_cells_found([slide]) is None
    assert platelets_found([slide]) is None
