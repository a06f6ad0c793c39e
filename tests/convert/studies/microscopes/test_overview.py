import pytest

from convert.studies.microscopes.finding import RedCellsFound
from convert.studies.microscopes.overview import FIGURES, over_all
from convert.studies.microscopes.report import MicroscopeFigures, Way, WayFigures
from convert.studies.microscopes.seen import Seen
from convert.studies.microscopes.shares import share_of

RED_TOTAL = next(figure for figure in FIGURES if figure.title == "red\ntotal")
RED_FOUND = next(figure for figure in FIGURES if figure.title == "red\nfound")


def microscope(name: str, total: float | None, found: int) -> MicroscopeFigures:
    red = RedCellsFound(
        recall=share_of(found, 10),
        total_ratio=total,
        frame_error=None,
        frames=1,
        f1_centre=None,
        f1_iou=None,
    )
    way = WayFigures(
        way=Way.COUNT,
        frames=1,
        red_cells=red,
        right_by_slide={},
        left_out={},
        seconds=0,
    )
    return MicroscopeFigures(
        name=name,
        seen=Seen.UNSEEN,
        seen_by_finder=Seen.UNSEEN,
        truth="",
        frames=1,
        ways=(way,),
    )


SETS = (microscope("a", 1.3, 9), microscope("b", 0.6, 5), microscope("c", None, 7))


def test_worst_total_is_the_farthest_from_one() -> None:
    found = over_all(SETS, Way.COUNT, RED_TOTAL)
    assert found is not None
    assert (found.worst, found.microscope) == (0.6, "b")
    assert found.mean == pytest.approx(0.95)


def test_worst_share_is_the_lowest() -> None:
    found = over_all(SETS, Way.COUNT, RED_FOUND)
    assert found is not None
    assert (found.worst, found.microscope) == (0.5, "b")


def test_way_that_was_not_measured_has_no_extreme() -> None:
    assert over_all(SETS, Way.BOXES, RED_FOUND) is None
