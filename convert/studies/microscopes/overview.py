"""The worst microscope and the mean, figure by figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from convert.studies.microscopes.report import MicroscopeFigures, Way, WayFigures

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
    """

    title: str
    value: Value
    distance: Callable[[float], float] = lambda value: -value


def _white_recall(way: WayFigures) -> float | None:
    return way.white_cells and way.white_cells.recall.share


def _white_precision(way: WayFigures) -> float | None:
    white = way.white_cells
    return white.precision.share if white and white.precision else None


def _white_iou(way: WayFigures) -> float | None:
    white = way.white_cells
    return white.recall_iou.share if white and white.recall_iou else None


def _red_total(way: WayFigures) -> float | None:
    return way.red_cells and way.red_cells.total_ratio


def _red_error(way: WayFigures) -> float | None:
    return way.red_cells and way.red_cells.frame_error


def _red_recall(way: WayFigures) -> float | None:
    return way.red_cells and way.red_cells.recall.share


def _red_f1(way: WayFigures) -> float | None:
    red = way.red_cells
    return None if red is None else red.f1_centre if red.f1_iou is None else red.f1_iou


def _platelet_f1(way: WayFigures) -> float | None:
    return way.platelets and way.platelets.f1


def _scale(way: WayFigures) -> float | None:
    return way.scale and way.scale.error


def _accuracy(way: WayFigures) -> float | None:
    return way.naming and way.naming.accuracy.share


def _balanced(way: WayFigures) -> float | None:
    return way.naming and way.naming.balanced


def _of_all(way: WayFigures) -> float | None:
    return way.naming and way.naming.of_all.share


def _answered(way: WayFigures) -> float | None:
    return way.naming and way.naming.answered.share


def _answered_right(way: WayFigures) -> float | None:
    return way.naming and way.naming.answered_right.share


def _auroc(way: WayFigures) -> float | None:
    return way.naming and way.naming.auroc


FIGURES: Final = (
    Figure(title="white\nfound", value=_white_recall),
    Figure(title="pre-\ncision", value=_white_precision),
    Figure(title="found\nIoU .5", value=_white_iou),
    Figure(title="red\ntotal", value=_red_total, distance=lambda v: abs(v - 1)),
    Figure(title="red err\na frame", value=_red_error, distance=abs),
    Figure(title="red\nfound", value=_red_recall),
    Figure(title="red\nF1", value=_red_f1),
    Figure(title="plt\nF1", value=_platelet_f1),
    Figure(title="scale\nerror", value=_scale, distance=abs),
    Figure(title="right", value=_accuracy),
    Figure(title="bal-\nanced", value=_balanced),
    Figure(title="right\nof all", value=_of_all),
    Figure(title="an-\nswered", value=_answered),
    Figure(title="right\nof these", value=_answered_right),
    Figure(title="AUROC\nwrong", value=_auroc),
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
    return Extreme(worst=worst, microscope=name, mean=fmean(v for v, _ in values))
