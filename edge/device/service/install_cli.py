"""``hemalens device install``: user, folders, camera rules and service of a device."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    default=Path("/boot/firmware/hemalens"),
    show_default=True,
    help="What 'hemalens device flash' put on the boot partition.",
)
@click.option(
    "--wheelhouse",
    type=click.Path(path_type=Path),
    help="To make the first environment from. [default: 'wheelhouse' in --from]",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default=Path("/"),
    show_default=True,
    help="Another system's root folder, such as a mounted card's.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; do nothing.")
def install(source: Path, wheelhouse: Path | None, root: Path, dry_run: bool) -> None:
    """Install HemaLens as this device's service; again mends what has changed.

    Needs root and no network.
    """
    from edge.device.service.install import Install, require_root

    carried = source / "wheelhouse"
    chosen = wheelhouse or (carried if carried.is_dir() else None)
    steps = Install(root=root.resolve(), source=source, wheelhouse=chosen).steps()
    if not dry_run:
        require_root()
    for step in steps:
        click.echo(f"{'would do' if dry_run else 'do'}: {step.purpose}")
        if not dry_run:
            step.do()
