"""``hemalens convert finder``: quantize a finder, measure it, pack it."""

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)


@click.command()
@click.option("--model", type=FOLDER, required=True, help="finder.keras of a run.")
@click.option(
    "--data", type=FOLDER, required=True, help="Folder that holds the labelled sets."
)
@click.option("--output", type=FOLDER, required=True, help="The bundle to write.")
@click.option("--version", default="1.0.0", show_default=True)
def finder(model: Path, data: Path, output: Path, version: str) -> None:
    """Quantize a finder of cells to int8, measure it, and pack it as a bundle.

    It is measured on the fields that training holds apart in each set, and on
    segmentation_wbc, which is never trained on.
    """
    from hemalens.bundle import SUFFIX
    from hemalens.errors import ConfigError
    from hemalens.files import write_whole
    from hemalens.finder_bundle import parse_finder_bundle
    from train.keras_backend import load_keras

    if output.suffix != SUFFIX:
        raise ConfigError(f"a bundle's name ends in {SUFFIX}, this is {output.name}")
    load_keras("Converting", "convert")
    from convert.finder import make_finder_bundle
    from convert.finder_facts import finder_facts
    from train.finder.sources import read_fields, read_unseen

    fields = (*read_fields(data), *read_unseen(data))
    content = make_finder_bundle(model, fields, name=output.stem, version=version)
    write_whole(output, content)
    bundle = parse_finder_bundle(content)
    click.echo(f"{output}: {len(bundle.model) / 1e6:.2f} MB int8 model")
    for line in finder_facts(bundle.manifest)["finds"].splitlines():
        click.echo(line)
