"""The folder a report is written to: figures, drawings and one page."""

from dataclasses import dataclass
from pathlib import Path

from hemalens.files import sha256_of, write_whole
from hemalens.split import Split
from train.evaluation.caveats import (
    CHOSEN_ON_VALIDATION,
    NO_PATIENT_IDS,
    ONE_ANALYZER,
    TRAINED_ON,
)
from train.evaluation.comparison import Comparison
from train.evaluation.comparison_tables import markdown
from train.evaluation.figures import Evaluation, figures_json
from train.evaluation.finished_run import read_history
from train.evaluation.measure import Predictions
from train.evaluation.page import comparison_page, evaluation_page
from train.evaluation.plots import confusion_plot, curves_plot, png, reliability_plot
from train.evaluation.sections import sections_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredFile:
    """A model file with what was found of it."""

    model: Path
    data: Path
    dataset_digest: str
    evaluation: Evaluation
    predictions: Predictions


def write_report(folder: Path, measured: MeasuredFile) -> None:
    """Write ``figures.json``, the PNGs and ``index.html``; the page last.

    Curves are drawn when the model lies in its run's folder. The PNGs show what was
    held out whenever there is any.

    Raises
    ------
    TrainingError
        When the run's history is damaged.
    StorageError
        When the folder cannot be written.
    """
    history = read_history(measured.model.parent)
    sections = sections_of(measured.evaluation, measured.predictions)
    page = evaluation_page(
        _name(measured.model), sections, history, _caveats(measured), _origin(measured)
    )
    write_whole(folder / "figures.json", figures_json(measured.evaluation))
    write_whole(folder / "confusion.png", png(confusion_plot(sections[0])))
    write_whole(folder / "reliability.png", png(reliability_plot(sections[0])))
    if history:
        write_whole(folder / "curves.png", png(curves_plot(history)))
    write_whole(folder / "index.html", page.encode())


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write ``compare.json``, ``compare.md`` and ``compare.html``.

    Raises
    ------
    StorageError
        When the folder cannot be written.
    """
    write_whole(folder / "compare.json", figures_json(comparison))
    write_whole(folder / "compare.md", markdown(comparison).encode())
    write_whole(folder / "compare.html", comparison_page(comparison).encode())


def _name(model: Path) -> str:
    """Every run calls its model best.keras; the folder tells them apart."""
    path = model.resolve()
    return f"{path.parent.name}/{path.name}" if path.suffix == ".keras" else path.name


def _caveats(measured: MeasuredFile) -> tuple[str, ...]:
    seen = (TRAINED_ON,) if measured.evaluation.resubstitution else ()
    validated = Split.VALIDATION in measured.predictions.splits
    chosen = (CHOSEN_ON_VALIDATION,) if validated else ()
    return (*seen, NO_PATIENT_IDS, *chosen, ONE_ANALYZER)


def _origin(measured: MeasuredFile) -> tuple[tuple[str, str], ...]:
    return (
        ("model", str(measured.model)),
        ("model SHA-256", sha256_of(measured.model)),
        ("images", f"{measured.data}, split {measured.evaluation.split}"),
        ("dataset digest", measured.dataset_digest),
    )
