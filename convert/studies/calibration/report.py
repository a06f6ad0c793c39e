"""A calibration study as a table, a drawing and a page."""

from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any, Final, Literal

from markupsafe import Markup
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from calibration.methods import METHODS
from convert.studies.calibration.study import Study
from hemalens.files import write_whole
from hemalens.statistics import clopper_pearson
from train.evaluation.caveats import (
    CHOSEN_ON_VALIDATION,
    NO_PATIENT_IDS,
    ONE_ANALYZER,
)
from train.evaluation.comparison_tables import Table
from train.evaluation.page import made, page_environment
from train.evaluation.plots import INK, RIGHT, STYLE, WRONG, png, svg

CAVEATS: Final = (
    "Whoever chooses a calibration set by these figures tunes on validation images.",
    NO_PATIENT_IDS,
    CHOSEN_ON_VALIDATION,
    ONE_ANALYZER,
)

_DRAWN: Final = dict(zip(METHODS, ((RIGHT, 1 / 1.06), (WRONG, 1.06)), strict=True))
"""Each method's colour, and by what factor it stands beside the size."""

_FLOAT: Final[dict[str, Any]] = {"color": INK, "alpha": 0.6, "lw": 1, "ls": "--"}
_INTERVAL: Final[dict[str, Any]] = {
    "alpha": 0.25,
    "lw": 6,
    "solid_capstyle": "butt",
}


def write_study_report(folder: Path, study: Study) -> None:
    """Write ``study.png`` and ``study.html``.

    Raises
    ------
    StorageError
        When the folder cannot be written.
    """
    figure = study_plot(study)
    write_whole(folder / "study.png", png(figure))
    write_whole(folder / "study.html", _page(study, figure).encode())


def study_table(study: Study) -> Table:
    """Lay a study out, a row for each conversion."""
    return Table(
        title=f"int8 against float on {study.n:,} {study.split} images",
        columns=(
            "method",
            "images",
            "seed",
            "int8 accuracy",
            "95 % interval",
            "agreement",
        ),
        rows=tuple(
            (
                row.method,
                str(row.size),
                str(row.seed),
                _percent(row.accuracy),
                _interval(row.accuracy_ci95),
                _percent(row.agreement),
            )
            for row in study.rows
        ),
        notes=(
            f"Float: {_percent(study.float_accuracy)} "
            f"({_interval(study.float_accuracy_ci95)}). Intervals are exact.",
            "Agreement is the share of images that int8 and float call the same. All "
            "rows are about the same images: within the intervals it says more.",
        ),
    )


def study_plot(study: Study) -> Figure:
    """Draw accuracy and agreement against the size of the set, a line a method."""
    with style.context(STYLE):
        figure = Figure(figsize=(9.2, 4.2), layout="constrained")
        accuracy, agreement = figure.subplots(1, 2)
        _draw_measure(accuracy, study, "accuracy")
        accuracy.axhline(100 * study.float_accuracy, label="float model", **_FLOAT)
        accuracy.set_title("int8 accuracy")
        accuracy.set_ylabel(f"% of {study.n:,} {study.split} images")
        accuracy.plot([], [], "_", color=INK, ms=10, label="one seed")
        accuracy.plot([], [], color=INK, label="95 % interval", **_INTERVAL)
        _draw_measure(agreement, study, "agreement")
        agreement.set_title("int8 agrees with float")
        handles, labels = accuracy.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=len(labels))
    return figure


def _draw_measure(
    axes: Axes, study: Study, measure: Literal["accuracy", "agreement"]
) -> None:
    sizes = sorted({row.size for row in study.rows})
    for method, (colour, shift) in _DRAWN.items():
        means: dict[float, float] = {}
        for size in sizes:
            seeds = [
                getattr(row, measure)
                for row in study.rows
                if (row.method, row.size) == (method, size)
            ]
            if not seeds:
                continue
            place, mean = size * shift, fmean(seeds)
            limits = clopper_pearson(round(mean * study.n), study.n)
            axes.plot([place] * 2, _percents(limits), color=colour, **_INTERVAL)
            axes.plot([place] * len(seeds), _percents(seeds), "_", color=colour, ms=10)
            means[place] = mean
        if means:
            axes.plot(
                [*means], _percents(means.values()), "o-", color=colour, label=method
            )
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("calibration images")
    axes.grid(visible=True)


def _percents(fractions: Iterable[float]) -> list[float]:
    return [100 * fraction for fraction in fractions]


def _page(study: Study, figure: Figure) -> str:
    return (
        page_environment("convert.studies.calibration")
        .get_template("calibration.html")
        .render(
            study=study,
            tables=[study_table(study)],
            drawing=Markup(svg(figure)),  # noqa: S704  # our own drawing
            caveats=CAVEATS,
            origin=(
                ("model SHA-256", study.model_sha256),
                ("dataset digest", study.dataset_digest),
                *made(),
            ),
        )
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"


def _interval(limits: tuple[float, float]) -> str:
    return "{:.2f} to {:.2f}".format(*_percents(limits))
