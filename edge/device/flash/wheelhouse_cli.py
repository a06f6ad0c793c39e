"""``hemalens device wheelhouse``: all that a board installs without a network."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--os",
    "system",
    type=click.Choice(["trixie", "bookworm"]),
    default="trixie",
    show_default=True,
    help="The board's: it decides the Python and the lock.",
)
@click.option(
    "--python",
    type=click.Choice(["3.11", "3.12", "3.13"]),
    help="Another than the system's: Trixie has 3.13, Bookworm 3.11.",
)
@click.option(
    "--arch",
    "architecture",
    type=click.Choice(["aarch64", "armv7l", "x86_64"]),
    default="aarch64",
    show_default=True,
    help="The board's, as 'uname -m' says.",
)
@click.option(
    "--lock",
    type=click.Path(path_type=Path),
    help="Lock file with hashes. [default: edge.txt of the source tree's requirements; "
    "bookworm.txt, with NumPy 1 for its picamera2, for Bookworm]",
)
@click.option(
    "--wheel",
    type=click.Path(path_type=Path),
    help="HemaLens's own wheel; built from the source tree by default.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, help="New folder."
)
def wheelhouse(
    system: str,
    python: str | None,
    architecture: str,
    lock: Path | None,
    wheel: Path | None,
    output: Path,
) -> None:
    """Download the wheels a board needs, and build HemaLens's own.

    Runs on the workstation and needs the package index; the board then needs no
    network. PyPI has no OpenCV for armv7l: lock against piwheels for it, as with
    'pip config set global.extra-index-url https://www.piwheels.org/simple'.
    """
    import tempfile

    import edge
    from edge.device.flash.lock_file import BoardSystem
    from edge.device.flash.operating_system import OperatingSystem
    from edge.device.flash.wheelhouse import build_own_wheel, make_wheelhouse

    source = Path(edge.__file__).parents[1]
    board = OperatingSystem(system)
    version = python or board.python
    with tempfile.TemporaryDirectory() as folder:
        made = make_wheelhouse(
            output,
            BoardSystem(python=version, architecture=architecture),
            lock or source / "requirements" / board.lock,
            wheel or build_own_wheel(source, Path(folder)),
        )
    size = sum((output / name).stat().st_size for name in made.sha256)
    click.echo(
        f"{output}: HemaLens {made.hemalens_version} for Python {version} on "
        f"{architecture}, {len(made.sha256)} files, {size / 1e6:.0f} MB"
    )
