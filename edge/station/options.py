"""Options that several of the station's commands take."""

from pathlib import Path
from typing import Final

import click

DATA: Final = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("station"),
    show_default=True,
    help="Folder of all that the station keeps; for its owner alone.",
)
LAST_DIGEST: Final = click.option(
    "--last-digest", help="Of the trail, as it was noted elsewhere; it must be there."
)
WITHOUT_PROOF: Final = click.option(
    "--without-proof",
    is_flag=True,
    help="Go on though nothing proves the trail; every check says so from then on.",
)


def require_proof(last_digest: str | None, *, without_proof: bool) -> None:
    """Refuse to go on without the trail's key and without a digest, unless meant.

    Raises
    ------
    click.UsageError
        Saying what to give.
    """
    if (last_digest is None) is not without_proof:
        raise click.UsageError(
            "without its key nothing proves the trail but a digest noted elsewhere: "
            "give --last-digest, or --without-proof"
        )


def require_web() -> None:
    """Refuse where the station's libraries are not installed.

    Raises
    ------
    MissingExtraError
        Naming the extra.
    """
    from importlib.util import find_spec

    from hemalens.errors import MissingExtraError

    if any(find_spec(name) is None for name in ("fastapi", "uvicorn")):
        raise MissingExtraError("The station", "web")
