"""Drawings of a validation."""

import math
from collections.abc import Sequence

from matplotlib import style
from matplotlib.figure import Figure

from convert.evidence.report import DisturbedFigures, LayerFigures, ValidationReport
from train.evaluation.calibration_error import ReliabilityBin
from train.evaluation.plots import INK, RIGHT, STYLE, WRONG

FLOAT, INT8 = WRONG, RIGHT


def margin_plot(report: ValidationReport) -> Figure:
    """Draw the difference with its intervals, between no loss and the margin."""
    low, high = (100 * limit for limit in report.pairs.difference_ci95)
    margin = report.limits.margin_points
    with style.context(STYLE):
        figure = Figure(figsize=(8.4, 1.7), layout="constrained")
        axes = figure.subplots()
        left = min(-1.6 * margin, 1.15 * low)
        right = max(1.2 * margin, 1.15 * high)
        axes.axvspan(left, -margin, color=WRONG, alpha=0.18, lw=0)
        axes.axvline(-margin, color=WRONG, lw=1.5)
        axes.axvline(0, color=INK, lw=1, alpha=0.5)
        axes.plot((low, high), (0, 0), color=INT8, lw=2)
        axes.plot(100 * report.pairs.difference_lower95, 0, "|", color=INT8, ms=18)
        axes.plot(100 * report.pairs.difference, 0, "o", color=INT8, ms=9)
        axes.text(-margin, 0.75, " margin", color=WRONG, ha="left", va="top")
        axes.set(ylim=(-1, 1), xlim=(left, right), yticks=[])
        axes.set(xlabel="int8 less float, percentage points of accuracy")
        axes.spines["left"].set_visible(False)
    return figure


def reliability_pair_plot(
    float_bins: Sequence[ReliabilityBin], int8_bins: Sequence[ReliabilityBin]
) -> Figure:
    """Draw how often each probability was right, for both models."""
    with style.context(STYLE):
        figure = Figure(figsize=(5.4, 4.6), layout="constrained")
        axes = figure.subplots()
        axes.plot((0, 1), (0, 1), color=INK, alpha=0.5, lw=1, ls="--")
        for bins, colour, marker, name in (
            (float_bins, FLOAT, "s", "float"),
            (int8_bins, INT8, "o", "int8"),
        ):
            axes.scatter(
                [one.mean_probability for one in bins],
                [one.accuracy for one in bins],
                [20 + 50 * math.log10(one.images) for one in bins],
                color=colour,
                marker=marker,
                alpha=0.75,
                label=name,
            )
        axes.set(xlabel="top probability", ylabel="share that was right")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.grid(visible=True)
        axes.legend(loc="upper left")
    return figure


def risk_coverage_plot(
    report: ValidationReport, threshold: float, answered: float
) -> Figure:
    """Draw the errors left among the cells answered, over how many are answered.

    Parameters
    ----------
    answered : float
        Share of the cells that the threshold leaves to the model.
    """
    points = report.risk_coverage
    coverage = [100 * one.answered / report.n for one in points]
    left = 5 * math.floor(min(90, 100 * answered - 5) / 5)
    shown = [one for one in points if 100 * one.answered / report.n >= left]
    top = 105 * max(one.risk_upper95 for one in shown)
    with style.context(STYLE):
        figure = Figure(figsize=(5.4, 4.6), layout="constrained")
        axes = figure.subplots()
        axes.step(
            coverage,
            [100 * one.wrong / one.answered for one in points],
            color=INT8,
            where="post",
            label="wrong among the answered",
        )
        axes.step(
            coverage,
            [100 * one.risk_upper95 for one in points],
            color=INT8,
            alpha=0.5,
            ls="--",
            where="post",
            label="its 95 % upper limit",
        )
        axes.axvline(
            100 * answered,
            color=INK,
            alpha=0.6,
            ls=":",
            label=f"threshold {threshold:.3f}",
        )
        axes.set(xlabel="cells answered, %", ylabel="%")
        axes.set(xlim=(left, 100.5), ylim=(0, top))
        axes.grid(visible=True)
        axes.legend(loc="upper left")
    return figure


def disturbances_plot(
    found: Sequence[DisturbedFigures], report: ValidationReport
) -> Figure:
    """Draw both models' accuracy under each disturbance, undisturbed first."""
    names = [
        "as they are",
        *(f"{one.name}{'' if one.judged else ' *'}" for one in found),
    ]
    of_float = [report.float_model.accuracy, *(one.float_accuracy for one in found)]
    of_int8 = [report.accuracy, *(one.int8_accuracy for one in found)]
    rows = list(range(len(names)))
    with style.context(STYLE):
        figure = Figure(figsize=(8.4, 0.9 + 0.34 * len(names)), layout="constrained")
        axes = figure.subplots()
        for row, first, second in zip(rows, of_float, of_int8, strict=True):
            axes.plot((100 * first, 100 * second), (row, row), color=INK, alpha=0.4)
        axes.plot([100 * x for x in of_float], rows, "s", color=FLOAT, label="float")
        axes.plot([100 * x for x in of_int8], rows, "o", color=INT8, label="int8")
        axes.set_yticks(rows, names)
        axes.set(xlabel="accuracy, %", ylim=(len(names) - 0.5, -0.5))
        axes.grid(visible=True, axis="x")
        figure.legend(loc="outside upper right", ncols=2)
    return figure


def layers_plot(
    layers: Sequence[LayerFigures], worst: Sequence[LayerFigures]
) -> Figure:
    """Draw the signal to noise of each layer, the worst ones named."""
    with style.context(STYLE):
        figure = Figure(figsize=(8.4, 3.0), layout="constrained")
        axes = figure.subplots()
        axes.plot([one.sqnr_db for one in layers], "o-", color=INT8, ms=3, lw=1)
        for one in worst:
            place = layers.index(one)
            axes.plot(place, one.sqnr_db, "o", color=WRONG, ms=8)
            axes.annotate(
                one.name,
                (place, one.sqnr_db),
                xytext=(0, -14),
                textcoords="offset points",
                ha="center",
                va="top",
                color=WRONG,
            )
        axes.set(xlabel="layer, from input to output", ylabel="signal to noise, dB")
        axes.set(ylim=(0, None))
        axes.grid(visible=True, axis="y")
    return figure
