"""``hemalens train evaluate`` and ``compare``: measure a model, tabulate several."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from train.evaluation.comparison import Comparison

FOLDER = click.Path(path_type=Path)


@click.command()
@click.option("--model", type=FOLDER, required=True, help="A .keras file or a bundle.")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="validation",
    show_default=True,
    help="Images that were trained on are resubstitution, and labelled so.",
)
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
@click.option(
    "--output", type=FOLDER, help="Write the figures as JSON to this file or folder."
)
@click.option(
    "--report", type=FOLDER, help="Write figures, drawings and a page to this folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    model: Path,
    data: Path,
    split: str,
    cache: Path,
    output: Path | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Measure a float model or a bundle on labelled images."""
    from hemalens.files import write_whole
    from hemalens.image_set import read_class_folders
    from train.evaluation.drawing_backend import require_drawing
    from train.evaluation.figures import figures_json
    from train.evaluation.measure import evaluation_of, predict_split
    from train.evaluation.measured_model import open_model
    from train.evaluation.terminal import show_evaluation, warn_of_seen

    if report is not None:
        require_drawing("A report")
    images = read_class_folders(data)
    measured_model = open_model(model)
    predictions = predict_split(measured_model, images, split, cache)
    found = evaluation_of(predictions, split)
    text = figures_json(found)
    if output is not None:
        write_whole(output / "figures.json" if output.is_dir() else output, text)
    if report is not None:
        from train.evaluation.report import MeasuredFile, write_report

        measured = MeasuredFile(
            model=model,
            data=data,
            dataset_digest=images.digest,
            evaluation=found,
            predictions=predictions,
        )
        write_report(report, measured)
    if as_json:
        click.echo(text, nl=False)
    else:
        show_evaluation(found, f"{model} on {data}, {split}")
    warn_of_seen(found, measured_model.trained_on.doubt(images))


@click.command()
@click.argument("runs", nargs=-1, required=True, type=FOLDER, metavar="RUN...")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
@click.option("--output", type=FOLDER, help="Folder for compare.json, .md and .html.")
@click.option(
    "--resubstitution",
    is_flag=True,
    help="One more column: training images included, as the paper measured.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(
    runs: tuple[Path, ...],
    data: Path,
    cache: Path,
    output: Path | None,
    resubstitution: bool,
    as_json: bool,
) -> None:
    """Tabulate finished runs on validation: accuracy, errors, size, speed.

    A RUN is the folder of one run, or one that holds seed-0, seed-1 …
    """
    from train.evaluation.drawing_backend import require_drawing
    from train.evaluation.figures import figures_json
    from train.evaluation.terminal import show_comparison

    if output is not None:
        require_drawing("A comparison's page")
    found = _compared(runs, data, cache, resubstitution)
    if output is not None:
        from train.evaluation.report import write_comparison

        write_comparison(output, found)
    if as_json:
        click.echo(figures_json(found), nl=False)
    else:
        show_comparison(found)


def _compared(
    runs: tuple[Path, ...], data: Path, cache: Path, resubstitution: bool
) -> "Comparison":
    from hemalens.image_set import read_class_folders
    from train.evaluation.finished_run import read_groups
    from train.keras_backend import load_keras

    load_keras("Comparing float models", "train")
    from train.evaluation.compare import Terms, compare_groups

    groups = read_groups(runs)
    terms = Terms(
        images=read_class_folders(data),
        cache=cache,
        resubstitution=resubstitution,
    )
    return compare_groups(
        groups, terms, lambda run: click.echo(f"measuring {run}", err=True)
    )
