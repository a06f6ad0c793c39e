"""``hemalens train evaluate``: measure a model."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from train.evaluation.figures import Evaluation

FOLDER = click.Path(path_type=Path)


@click.command()
@click.option("--model", type=FOLDER, required=True, help="A .keras file or a bundle.")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="validation",
    show_default=True,
)
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
@click.option("--output", type=FOLDER, help="Write the figures as JSON here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    model: Path,
    data: Path,
    split: str,
    cache: Path,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure a float model or a bundle on labelled images."""
    from hemalens.files import write_whole
    from train.evaluation.measure import measure

    figures = measure(model, data, split, cache)
    text = figures.model_dump_json(indent=2)
    if output is not None:
        write_whole(output, text.encode() + b"\n")
    if as_json:
        click.echo(text)
    else:
        _show(figures, f"{model} on {data}, {split}")


def _show(figures: "Evaluation", title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    low, high = (100 * limit for limit in figures.accuracy_ci95)
    table = Table(
        title=f"{title}\n{figures.n} images: accuracy {100 * figures.accuracy:.2f} % "
        f"(95 % interval {low:.2f} to {high:.2f}), macro F1 {figures.macro_f1:.4f}"
    )
    table.add_column("class")
    for name in ("precision", "recall", "F1", "images"):
        table.add_column(name, justify="right")
    for class_name, of_class in figures.per_class.items():
        table.add_row(
            class_name,
            f"{of_class.precision:.4f}",
            f"{of_class.recall:.4f}",
            f"{of_class.f1:.4f}",
            str(of_class.support),
        )
    Console().print(table)
