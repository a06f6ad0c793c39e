"""``hemalens device selftest``: whether this device counts as validated."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from edge.device.check.finding import Examination


@click.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/var/lib/hemalens"),
    show_default=True,
    help="Holds the models that updates brought.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it for a machine.")
def selftest(state: Path, as_json: bool) -> None:
    """Run every model on every runtime, and count a simulated slide; 1 if one fails.

    Needs neither camera nor rights, and may run while the service counts.
    """
    from edge.device.check.selftest import self_test
    from edge.update.current import ModelRoot

    report(self_test(ModelRoot(state)), as_json=as_json)


def report(examination: "Examination", *, as_json: bool) -> None:
    """Print what was found, on stderr what failed; exit with 1 when something did."""
    if as_json:
        click.echo(examination.model_dump_json(indent=2))
    for finding in () if as_json else examination.findings:
        mark = "ok  " if finding.passed else "FAIL"
        click.echo(f"{mark} {finding.name}: {finding.found}")
    failed = [finding for finding in examination.findings if not finding.passed]
    for finding in failed:
        click.echo(
            f"hemalens: {finding.name}: {finding.found}; wanted {finding.wanted}: "
            f"{finding.mend}",
            err=True,
        )
    if failed:
        sys.exit(1)
