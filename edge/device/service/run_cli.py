"""``hemalens device run``: what the device's service runs."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--settings",
    type=click.Path(path_type=Path),
    default=Path("/etc/hemalens/device.json"),
    show_default=True,
    help="What to count.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/var/lib/hemalens"),
    show_default=True,
    help="Holds the current model, and the results in 'counts'.",
)
def run(settings: Path, state: Path) -> None:
    """Count the device's source as a service does, telling systemd of each frame.

    A count that broke off is continued, unless its settings have changed: it then stays
    and a new one begins.
    """
    from edge.device.device_settings import read_device_settings
    from edge.device.service.notify import Notifier
    from edge.device.service.run import run_service
    from edge.update.current import ModelRoot

    run_service(
        read_device_settings(settings),
        state / "counts",
        models=ModelRoot(state),
        notifier=Notifier(),
        say=click.echo,
    )
