"""``hemalens device doctor``: what is wrong with this device, and what mends it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from edge.device.check.finding import Examination


@click.command()
@click.option(
    "--settings",
    type=click.Path(path_type=Path),
    default=Path("/etc/hemalens/device.json"),
    show_default=True,
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/var/lib/hemalens"),
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="Print it for a machine.")
def doctor(settings: Path, state: Path, as_json: bool) -> None:
    """Examine this device; exits with 1 when something is wrong.

    Opens the camera: stop the service first, 'sudo systemctl stop hemalens'.
    """
    from edge.device.check.doctor import examine

    report(examine(state, settings), as_json=as_json)


def report(examination: "Examination", *, as_json: bool) -> None:
    """Print what was found, with what mends it; exit with 1 when something is wrong."""
    if as_json:
        click.echo(examination.model_dump_json(indent=2))
    for finding in () if as_json else examination.findings:
        mark = "ok  " if finding.passed else "FAIL"
        click.echo(f"{mark} {finding.name}: {finding.found}")
        if not finding.passed:
            click.echo(f"     wanted: {finding.wanted}")
            click.echo(f"     do: {finding.mend}")
    if not examination.passed:
        sys.exit(1)
