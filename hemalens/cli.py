"""The one command, ``hemalens``: it finds its groups and turns errors into exit codes.

Each package registers its commands under the entry-point group ``hemalens.commands``.
Their modules import only click at load, so that ``--help`` is instant.
"""

import sys
from importlib.metadata import EntryPoint, entry_points, version
from importlib.util import find_spec

import click

from hemalens.errors import HemaLensError
from hemalens.printable import printable


class CommandFinder(click.Group):
    """A group whose commands are the entry points of the installed packages."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands whose package is installed."""
        return sorted(_installed())

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Load one command."""
        entry_point = _installed().get(cmd_name)
        if entry_point is None:
            return None
        command = entry_point.load()
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry_point.value} is no click command")
        return command


def _installed() -> dict[str, EntryPoint]:
    found = entry_points(group="hemalens.commands")
    return {e.name: e for e in found if _is_there(e.module)}


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@click.group(cls=CommandFinder)
@click.version_option(version("hemalens"), prog_name="hemalens")
def hemalens() -> None:
    """Count blood cells from a microscope: train, convert, calibrate, count.

    HemaLens pre-classifies; a qualified person reviews and signs.
    """


def main() -> None:
    """Run the command line.

    Exit 0 done, 1 an error, 2 usage, 3 a failed gate, 4 a count of less than was given.
    """
    try:
        hemalens()
    except HemaLensError as error:
        message = printable(" ".join(str(error).split()))
        click.echo(f"hemalens: {message}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
