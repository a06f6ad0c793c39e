"""``hemalens adapt``: adapt a bundle to a site."""

from pathlib import Path
from typing import Final

import click

from edge.classify.population_option import population_option

FAILED: Final = 3
"""Exit code of a gate that failed."""


@click.command()
@click.argument("bundle")
@click.option(
    "--cells",
    type=click.Path(path_type=Path),
    required=True,
    help="Class folders (basophil, ...) of labelled crops.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The new bundle; written only when its gain is proved.",
)
@click.option(
    "--version",
    help="Of the new bundle, such as 1.1.1; the parent's next one by default.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="Class folders of images like those the model was trained on, such as PBC: "
    "says what the correction costs there.",
)
@population_option
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Threads of one inference; all processors by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the correction's record.")
def adapt(
    bundle: str,
    cells: Path,
    output: Path,
    version: str | None,
    home: Path | None,
    population: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Correct BUNDLE for a site, with 50 to 200 cells labelled there.

    BUNDLE is a shipped bundle's name, or a file. Sort the crops of 'hemalens count
    --save-crops' into folders named after their classes: of several slides, each cell
    once.

    Every cell is held back in turn from the fit it is judged by. The new bundle is
    written when it surely gains (95 % limits above 0, McNemar p below 0.05) and the
    mean over the classes has not fallen, else exit 3. Its threshold for review stays
    the parent's. It carries no validation: that was of the parent. Validate it with
    'hemalens convert validate' before it is signed.
    """
    from edge.adapt.adaptation import AdaptSettings, adapt_bundle, adapted_bytes
    from edge.adapt.terminal import show_adaptation, verdict
    from edge.records.population import Population
    from edge.update.current import open_bundle_or_current
    from hemalens.files import write_whole
    from hemalens.image_set import read_class_folders
    from hemalens.progress import progress_bar

    _require_new_bundle(output)
    opened = open_bundle_or_current(bundle)
    settings = AdaptSettings(
        version=version, population=Population(population), threads=threads
    )
    images = read_class_folders(cells)
    at_home = read_class_folders(home) if home else None
    with progress_bar("reading cells") as progress:
        found = adapt_bundle(opened, images, settings, progress, at_home)
    if found.proof.passed:
        write_whole(output, adapted_bytes(opened, found))
    if as_json:
        click.echo(found.site.model_dump_json(indent=2))
    else:
        show_adaptation(found)
        for one in images.set_aside:
            click.echo(f"set aside: {one.path}: {one.reason}")
    click.echo(f"{found.manifest.name}: {verdict(found.proof)}", err=True)
    if not found.proof.passed:
        click.get_current_context().exit(FAILED)
    if not as_json:
        new = found.manifest
        click.echo(f"{output}: {new.name} {new.version}, not validated, unsigned")


def _require_new_bundle(output: Path) -> None:
    from hemalens.bundle import SUFFIX
    from hemalens.errors import ConfigError, StorageError

    if output.suffix != SUFFIX:
        raise ConfigError(f"a bundle's name ends in {SUFFIX}, this is {output.name}")
    if output.exists():
        raise StorageError(f"{output} is there already: choose another --output")
