"""Figures as the terminal shows them."""

from collections.abc import Iterable
from typing import Literal

import click
from rich.console import Console
from rich.table import Table

from train.evaluation.caveats import NO_PATIENT_IDS
from train.evaluation.comparison import Comparison
from train.evaluation.comparison_tables import Table as Content
from train.evaluation.comparison_tables import comparison_tables
from train.evaluation.figures import Evaluation, Figures


def show_evaluation(evaluation: Evaluation, title: str) -> None:
    """Print figures by class below the accuracy, resubstitution labelled."""
    click.echo(f"{title}\n{_summary(evaluation)}")
    table = Table()
    table.add_column("class")
    for name in ("precision", "recall", "F1", "images"):
        table.add_column(name, justify="right")
    shown = evaluation.held_out or evaluation
    for class_name, of_class in shown.per_class.items():
        table.add_row(
            class_name,
            f"{of_class.precision:.4f}",
            f"{of_class.recall:.4f}",
            f"{of_class.f1:.4f}",
            str(of_class.support),
        )
    Console().print(table)
    click.echo(NO_PATIENT_IDS)


def warn_of_seen(evaluation: Evaluation, doubt: str | None) -> None:
    """Warn on stderr of images that the model was trained on, or may have been."""
    if evaluation.seen_images:
        click.secho(
            f"warning: {evaluation.seen_images} of {evaluation.n} images were trained "
            "on, and say nothing of new cells",
            fg="yellow",
            err=True,
        )
    if doubt is not None:
        click.secho(f"note: {doubt}", fg="yellow", err=True)


def show_comparison(comparison: Comparison) -> None:
    """Print the tables of a comparison."""
    show_tables(comparison_tables(comparison))
    for caveat in comparison.caveats:
        click.echo(caveat)


def show_tables(tables: Iterable[Content]) -> None:
    """Print tables, each with its notes."""
    for content in tables:
        table = Table(title=content.title)
        for index, name in enumerate(content.columns):
            justify: Literal["left", "right"] = "right" if index else "left"
            table.add_column(name, justify=justify, overflow="fold")
        for row in content.rows:
            table.add_row(*row)
        Console().print(table)
        for note in content.notes:
            click.echo(note)


def _summary(evaluation: Evaluation) -> str:
    if not evaluation.resubstitution:
        return _accuracy(evaluation)
    seen = f"{evaluation.seen_images} of {evaluation.n} images were trained on"
    label = f"resubstitution, {seen}"
    if evaluation.held_out is None:
        return f"{label}\n{_accuracy(evaluation)}\nno image held out was measured"
    return (
        f"{label}: {_accuracy(evaluation)}\n"
        f"on images held out, and by class below: {_accuracy(evaluation.held_out)}"
    )


def _accuracy(figures: Figures) -> str:
    low, high = (100 * limit for limit in figures.accuracy_ci95)
    return (
        f"{figures.n} images: accuracy {100 * figures.accuracy:.2f} % (95 % interval "
        f"{low:.2f} to {high:.2f}), macro F1 {figures.macro_f1:.4f}, "
        f"ECE {figures.ece:.4f}"
    )
