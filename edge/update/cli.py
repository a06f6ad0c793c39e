"""``hemalens device``: update, rollback, status, update-software, confirm.

`edge.device.cli` puts them into the group ``device``.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from edge.update.trial import TrialLimits

_FOLDER = click.Path(path_type=Path, file_okay=False)

_state = click.option(
    "--state",
    type=_FOLDER,
    default=Path("/var/lib/hemalens"),
    show_default=True,
    help="Where the device keeps its models, keys and history.",
)
_software_root = click.option(
    "--software-root",
    type=_FOLDER,
    default=Path("/opt/hemalens"),
    show_default=True,
    help="Where its two environments are.",
)
_trial_starts = click.option(
    "--trial-starts",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Starts of the service without a confirmation until it goes back.",
)
_trial_minutes = click.option(
    "--trial-minutes",
    type=click.FloatRange(min=1),
    default=30.0,
    show_default=True,
    help="Minutes without one, until the next start goes back.",
)
_on_software = click.option(
    "--software", is_flag=True, help="The software, not the model."
)


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@_state
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="The optics' profile of this device's camera, which the model must suit; "
    "optics.json in the state folder where there is one.",
)
@_trial_starts
@_trial_minutes
def update(
    bundle: Path,
    state: Path,
    profile: Path | None,
    trial_starts: int,
    trial_minutes: float,
) -> None:
    """Update the device's model to BUNDLE, with a way back.

    A trusted key must have signed it, its version must not be below the highest this
    device has trusted, and it must run here as it was validated. It is then on trial:
    the service confirms it after some healthy minutes, or its next start goes back.
    """
    from calibration.optics.profile import read_profile
    from edge.update.current import ModelRoot
    from edge.update.models import update_model

    found = profile or _if_there(state / "optics.json")
    done = update_model(
        ModelRoot(state),
        bundle,
        profile=None if found is None else read_profile(found),
        limits=_limits(trial_starts, trial_minutes),
    )
    if done.switched:
        click.echo(f"{done.model} is on trial from the service's next start.")
    else:
        click.echo(f"{done.model} is there already, whole and running as validated.")


@click.command()
@_state
@_software_root
@_on_software
def rollback(state: Path, software_root: Path, software: bool) -> None:
    """Go back to what ran before: the model, or with --software the environment.

    The model before may be older than the highest version trusted: it was trusted on
    this device, and is verified and proven anew. What was left cannot be installed
    again below that version; going back once more returns to it.
    """
    from edge.update.current import ModelRoot
    from edge.update.models import roll_back_model
    from edge.update.software import healthy, roll_back_software

    models = ModelRoot(state)
    if software:
        runs = roll_back_software(software_root, health_check=healthy(models))
    else:
        runs = roll_back_model(models)
    click.echo(f"{runs} runs from the service's next start.")


@click.command()
@_state
@_software_root
@click.option("--json", "as_json", is_flag=True, help="Print it for a machine.")
def status(state: Path, software_root: Path, as_json: bool) -> None:
    """Show what runs, what is trusted, what is on trial and what happened."""
    from edge.update.current import ModelRoot
    from edge.update.errors import read_errors
    from edge.update.status import device_status, status_lines

    with read_errors(state):
        found = device_status(ModelRoot(state), software_root)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    for line in status_lines(found):
        click.echo(line)


@click.command("update-software")
@click.argument("wheelhouse", type=_FOLDER)
@_state
@_software_root
@click.option("--unsigned", is_flag=True, help="Take WHEELHOUSE without a signature.")
@_trial_starts
@_trial_minutes
def update_software(
    wheelhouse: Path,
    state: Path,
    software_root: Path,
    unsigned: bool,
    trial_starts: int,
    trial_minutes: float,
) -> None:
    """Update the device's software from WHEELHOUSE, with a way back.

    A trusted key must have signed it. Makes the environment that does not run anew,
    without network, from wheels that have their hashes in WHEELHOUSE. It must
    run the device's model as it was validated, and pass 'hemalens device selftest'. It
    is then on trial, as a model is.
    """
    from edge.update import software
    from edge.update.current import ModelRoot

    models = ModelRoot(state)
    runs = software.update_software(
        software_root,
        wheelhouse,
        trusted=None if unsigned else models.trusted_keys,
        health_check=software.healthy(models),
        limits=_limits(trial_starts, trial_minutes),
    )
    version = software.version_of(software_root / runs)
    click.echo(f"{version} in {runs} is on trial from the service's next start.")


@click.command()
@_state
@_software_root
@_on_software
def confirm(state: Path, software_root: Path, software: bool) -> None:
    """End a trial well by hand: what runs stays.

    The service does so by itself once frames have flowed for some minutes.
    """
    from edge.update.errors import disk_errors
    from edge.update.switch import Switch

    root = software_root if software else state
    with disk_errors(root):
        confirmed = Switch(root).confirm("by an operator", unstarted=True)
    click.echo(f"{confirmed} is confirmed." if confirmed else "Nothing is on trial.")


def _limits(starts: int, minutes: float) -> "TrialLimits":
    from edge.update.trial import TrialLimits

    return TrialLimits(starts=starts, minutes=minutes)


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None
