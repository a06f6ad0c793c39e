"""A validation as the terminal shows it."""

from typing import Final

import click
from rich.console import Console
from rich.table import Table

from convert.evidence.gate import Outcome
from convert.evidence.page import limit_text, value_text
from convert.evidence.report import ValidationReport

_MARKS: Final = {
    Outcome.MET: "met",
    Outcome.NOT_MET: "[bold red]NOT MET[/bold red]",
    Outcome.NOT_SHOWN: "[bold red]NOT SHOWN[/bold red]",
}


def show_validation(report: ValidationReport) -> None:
    """Print the criteria and the verdict."""
    low, high = (100 * limit for limit in report.accuracy_ci95)
    click.echo(
        f"{report.bundle_name} {report.bundle_version} on {report.n} images of the "
        f"{report.split} split: int8 {100 * report.accuracy:.2f} % (95 % interval "
        f"{low:.2f} to {high:.2f}), float {100 * report.float_model.accuracy:.2f} %"
    )
    table = Table()
    table.add_column("asked")
    table.add_column("limit", justify="right")
    table.add_column("found", justify="right")
    table.add_column("")
    for one in report.criteria:
        table.add_row(
            f"{one.asks} {f'({one.detail})' if one.detail else ''}",
            limit_text(one),
            value_text(one),
            _MARKS[one.outcome],
        )
    Console().print(table)
    click.secho(report.verdict, fg=None if report.passed else "red", bold=True)
    if not report.passed:
        click.echo("do not ship this model")
