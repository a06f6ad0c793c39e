"""Drawings of an evaluation: PNG for a document, SVG for the page.

Lines and text of an SVG take the colour of the page around it, so that it reads in
light and in dark; the colours of the data are seen on both.
"""

import io
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from hemalens.classes import CLASS_NAMES
from hemalens.statistics import clopper_pearson
from train.evaluation.comparison import ComparedModel
from train.evaluation.sections import Section
from train.run import EpochRecord

RIGHT: Final = "#3b8fd9"
WRONG: Final = "#e0801c"

INK: Final = "#1b1f24"
"""Stands for the page's text colour until the SVG is made."""

STYLE: Final[dict[str, object]] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "font.family": "sans-serif",
    "grid.alpha": 0.15,
    "grid.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "hemalens",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def png(figure: Figure) -> bytes:
    """Render on white, for a document."""
    content = io.BytesIO()
    with style.context(STYLE):
        figure.savefig(content, format="png", dpi=160, facecolor="white")
    return content.getvalue()


def svg(figure: Figure) -> str:
    """Render for inclusion in a page: no ground, no reference to elsewhere."""
    content = io.StringIO()
    with style.context(STYLE):
        figure.savefig(content, format="svg", transparent=True)
    text = content.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    return text.replace(INK, "currentColor")


def confusion_plot(section: Section) -> Figure:
    """Draw the confusion matrix, each row shaded by its share of the true class."""
    confusion = np.array(section.figures.confusion)
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    with style.context(STYLE):
        figure = Figure(figsize=(6.6, 5.8), layout="constrained")
        axes = figure.subplots()
        for (row, column), images in np.ndenumerate(confusion):
            if not images:
                continue
            right = row == column
            # Errors are rare: shaded more steeply, or none would be seen.
            part = share[row, column]
            strength = 0.75 * part if right else 0.25 + 0.65 * part**0.5
            axes.add_patch(_cell(row, column, RIGHT if right else WRONG, strength))
            axes.text(column, row, f"{images:,}", ha="center", va="center", size=9)
        _name_classes(axes)
        axes.set_title(_titled(section))
    return figure


def reliability_plot(section: Section) -> Figure:
    """Draw how often each probability was right, and how many images had it."""
    with style.context(STYLE):
        figure = Figure(figsize=(5.4, 5.6), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.plot((0, 1), (0, 1), color=INK, alpha=0.5, lw=1, ls="--")
        for one in section.bins:
            limits = clopper_pearson(round(one.accuracy * one.images), one.images)
            upper.plot([one.mean_probability] * 2, limits, color=RIGHT, lw=1.5)
            upper.plot(one.mean_probability, one.accuracy, "o", color=RIGHT, ms=6)
            lower.bar(
                (one.low + one.high) / 2,
                one.images,
                width=0.9 * (one.high - one.low),
                color=RIGHT,
                alpha=0.7,
            )
        upper.set(ylabel="share that was right (95 % interval)", ylim=(-0.02, 1.02))
        upper.set_title(_titled(section))
        upper.text(0.03, 0.95, f"ECE {section.figures.ece:.4f}", va="top", size=11)
        upper.text(0.97, 0.03, "dashed: perfectly calibrated", ha="right", size=9)
        lower.set_yscale("log")
        lower.yaxis.set_major_formatter("{x:,.0f}")
        lower.set(ylabel="images", xlabel="top probability", xlim=(0, 1))
        for axes in (upper, lower):
            axes.grid(visible=True)
    return figure


def curves_plot(history: Sequence[EpochRecord]) -> Figure:
    """Draw loss and accuracy over the epochs, and which epoch was kept."""
    epochs = [record.epoch for record in history]
    # Of equal ones a run keeps the last.
    best = min(reversed(history), key=lambda record: record.validation_loss).epoch
    with style.context(STYLE):
        figure = Figure(figsize=(8.4, 3.4), layout="constrained")
        losses, accuracies = figure.subplots(1, 2)
        losses.plot(epochs, [r.loss for r in history], color=WRONG, label="training")
        losses.plot(
            epochs,
            [r.validation_loss for r in history],
            color=RIGHT,
            label="validation",
        )
        losses.set(xlabel="epoch", ylabel="loss", title="Loss")
        accuracies.plot(
            epochs, [100 * r.validation_accuracy for r in history], color=RIGHT
        )
        accuracies.set(xlabel="epoch", ylabel="%", title="Validation accuracy")
        for axes in (losses, accuracies):
            axes.axvline(best, color=INK, alpha=0.5, lw=1, ls=":", label="kept epoch")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(visible=True)
        losses.legend()
    return figure


def accuracy_plot(models: Sequence[ComparedModel]) -> Figure:
    """Draw each model's accuracy with its interval, seeds, and the paper's figure."""
    rows = np.arange(len(models))
    with style.context(STYLE):
        figure = Figure(figsize=(8.4, 1.4 + 0.42 * len(models)), layout="constrained")
        axes = figure.subplots()
        for row, model in zip(rows, models, strict=True):
            limits = [100 * limit for limit in model.accuracy_ci95]
            axes.plot(limits, (row, row), color=RIGHT, lw=2)
            seeds = [100 * run.held_out.accuracy for run in model.runs]
            axes.plot(seeds, [row] * len(seeds), "|", color=RIGHT, ms=12)
            axes.plot(100 * model.accuracy.mean, row, "o", color=RIGHT, ms=8)
            if model.paper is not None:
                paper = 100 * model.paper.accuracy
                axes.plot(paper, row, "D", mfc="none", color=WRONG, ms=7)
        axes.plot([], [], "o-", color=RIGHT, label="held out, 95 % interval")
        axes.plot([], [], "D", mfc="none", color=WRONG, label="the paper's figure")
        axes.set_yticks(rows, [model.name for model in models])
        axes.set(xlabel="accuracy, %", ylim=(len(models) - 0.5, -0.5))
        axes.grid(visible=True, axis="x")
        figure.legend(loc="outside upper right", ncols=2)
    return figure


def _cell(row: int, column: int, colour: str, strength: float) -> Rectangle:
    return Rectangle(
        (column - 0.5, row - 0.5), 1, 1, color=colour, alpha=strength, lw=0
    )


def _name_classes(axes: Axes) -> None:
    places = range(len(CLASS_NAMES))
    axes.set_xticks(places, CLASS_NAMES, rotation=40, ha="right")
    axes.set_yticks(places, CLASS_NAMES)
    axes.set(
        xlabel="called",
        ylabel="true class",
        xlim=(-0.5, len(CLASS_NAMES) - 0.5),
        ylim=(len(CLASS_NAMES) - 0.5, -0.5),
        aspect="equal",
    )
    axes.tick_params(length=0)


def _titled(section: Section) -> str:
    return f"{section.title} (n = {section.figures.n:,})"
