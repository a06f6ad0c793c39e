"""The worst microscope and the mean, figure by figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from convert.studies.microscopes.finding import RedCellsFound, WhiteCellsFound
from convert.studies.microscopes.naming import NamingFigures
from convert.studies.microscopes.report import MicroscopeFigures, Way, WayFigures
from convert.studies.microscopes.shares import Share

Value = Callable[[WayFigures], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A column of the table.

    Parameters
    ----------
    title : str
    value : callable
        A fraction, or None where it was not measured.
    distance : callable
        How bad a value is.
    is_signed : bool
        It may err to both sides: the mean is of its sizes.
    """

    title: str
    value: Value
    distance: Callable[[float], float] = lambda value: -value
    is_signed: bool = False


def _share(share: Share | None) -> float | None:
    return None if share is None else share.share


def _white(read: Callable[[WhiteCellsFound], float | None]) -> Value:
    return lambda way: None if way.white_cells is None else read(way.white_cells)


def _red(read: Callable[[RedCellsFound], float | None]) -> Value:
    return lambda way: None if way.red_cells is None else read(way.red_cells)


def _named(read: Callable[[NamingFigures], float | None]) -> Value:
    return lambda way: None if way.naming is None else read(way.naming)


def _platelet_f1(way: WayFigures) -> float | None:
    return None if way.platelets is None else way.platelets.f1


def _scale_error(way: WayFigures) -> float | None:
    return None if way.scale is None else way.scale.error


def _from_one(ratio: float) -> float:
    return abs(ratio - 1)


def _red_f1(red: RedCellsFound) -> float | None:
    return red.f1_centre if red.f1_iou is None else red.f1_iou


FIGURES: Final = (
    Figure(title="white\nfound", value=_white(lambda w: w.recall.share)),
    Figure(title="pre-\ncision", value=_white(lambda w: _share(w.precision))),
    Figure(title="found\nIoU .5", value=_white(lambda w: _share(w.recall_iou))),
    Figure(
        title="red\ntotal",
        value=_red(lambda r: r.total_ratio),
        distance=_from_one,
    ),
    Figure(title="red err\na frame", value=_red(lambda r: r.frame_error), distance=abs),
    Figure(title="red\nfound", value=_red(lambda r: r.recall.share)),
    Figure(title="red\nF1", value=_red(_red_f1)),
    Figure(title="plt\nF1", value=_platelet_f1),
    Figure(title="scale\nerror", value=_scale_error, distance=abs, is_signed=True),
    Figure(title="right", value=_named(lambda n: n.accuracy.share)),
    Figure(title="bal-\nanced", value=_named(lambda n: n.balanced)),
    Figure(title="right\nof all", value=_named(lambda n: n.of_all.share)),
    Figure(title="an-\nswered", value=_named(lambda n: n.answered.share)),
    Figure(title="right\nof these", value=_named(lambda n: n.answered_right.share)),
    Figure(title="AUROC\nwrong", value=_named(lambda n: n.auroc)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """A figure over all microscopes.

    Parameters
    ----------
    worst : float
    microscope : str
        Which it is of.
    mean : float
    """

    worst: float
    microscope: str
    mean: float


def over_all(
    microscopes: Sequence[MicroscopeFigures], way: Way, figure: Figure
) -> Extreme | None:
    """Find the worst of a figure and its mean; None where none was measured."""
    values = [
        (value, one.name)
        for one in microscopes
        for counted in one.ways
        if counted.way is way and (value := figure.value(counted)) is not None
    ]
    if not values:
        return None
    worst, name = max(values, key=lambda pair: figure.distance(pair[0]))
    sizes = [abs(value) if figure.is_signed else value for value, _ in values]
    return Extreme(worst=worst, microscope=name, mean=fmean(sizes))
