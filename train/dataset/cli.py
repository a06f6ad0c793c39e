"""``hemalens dataset``: get PBC, check it, show the split."""

from pathlib import Path

import click

_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def dataset() -> None:
    """Get the PBC dataset, check it, show its split."""


@dataset.command()
@_folder
@_json
@click.pass_context
def verify(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Check every image in DIR's class folders.

    Exit 3 when something must be mended before training: unreadable, truncated or
    too small images, images in another class's folder, identical images in two
    classes (but for the one pair published so), a class without images, a folder
    that is no class.

    Exit 0 with notes about what the reader handles by itself: duplicates, dot-files,
    files that are no images; and what only deserves a look: unusual sizes, names
    not of PBC, fewer images than published.
    """
    from train.dataset.fetch_display import file_bar
    from train.dataset.report import print_verification, verification_json
    from train.dataset.verify import verify as verify_folder

    with file_bar("reading") as progress:
        verification = verify_folder(folder, progress)
    if as_json:
        click.echo(verification_json(verification))
    else:
        print_verification(verification)
    if not verification.passed:
        ctx.exit(3)


@dataset.command()
@_folder
@_json
def split(folder: Path, as_json: bool) -> None:
    """Show how DIR's images fall into train, validation and test."""
    from hemalens.image_set import read_class_folders
    from train.dataset.report import print_split, split_json

    images = read_class_folders(folder)
    if as_json:
        click.echo(split_json(images, folder))
    else:
        print_split(images, folder)


@dataset.command()
@_folder
@click.option("--url", help="Where the archive is, instead of Mendeley Data.")
@click.option("--sha256", metavar="HEX", help="What the archive must hash to.")
@click.option(
    "--archive",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Unpack this archive, downloaded by hand, instead of downloading.",
)
def fetch(
    folder: Path, url: str | None, sha256: str | None, archive: Path | None
) -> None:
    """Download PBC (about 0.3 GB) and unpack it into DIR.

    DIR must be missing or empty. An interrupted download goes on where it was when
    the command is given again.
    """
    from train.dataset.fetch import fetch as fetch_archive
    from train.dataset.fetch import unpack_archive
    from train.dataset.fetch_display import FetchDisplay
    from train.dataset.published_pbc import ARCHIVE_URL, ATTRIBUTION

    if archive is not None and url is not None:
        raise click.UsageError("--archive and --url exclude each other")
    with FetchDisplay() as display:
        if archive is not None:
            fetched = unpack_archive(archive, folder, display, sha256)
        else:
            fetched = fetch_archive(url or ARCHIVE_URL, folder, display, sha256)
    if sha256 is None:
        click.echo(
            "The archive's checksum was not pinned; only the checksums inside it were "
            f"checked. To pin it: --sha256 {fetched.archive_sha256}"
        )
    click.echo(f"{fetched.folder} holds the dataset: {ATTRIBUTION}")
    click.echo(f"Next: hemalens dataset verify {fetched.folder}")
