"""``hemalens convert protocol``: fix the gate's terms before measuring."""

from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.option("--output", type=FILE, required=True, help="The file to write.")
@click.option("--name", default="own", show_default=True, help="Of the protocol.")
@click.option("--set-by", required=True, help="Who sets it.")
@click.option(
    "--limit",
    "limits",
    metavar="NAME=VALUE",
    multiple=True,
    help="Another limit than the default, such as margin_points=0.5; again for more.",
)
@click.option(
    "--gate-set",
    type=FILE,
    help="Folder of class folders: these images and no others are scored, all of them.",
)
@click.option(
    "--signatures",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="How many persons have to sign, each with a key of their own.",
)
@click.option(
    "--runtime",
    "runtimes",
    type=click.Choice(["ai-edge-litert", "tflite-runtime"]),
    multiple=True,
    default=["ai-edge-litert"],
    show_default=True,
    help="One that has to be measured; again for more.",
)
def protocol(
    output: Path,
    name: str,
    set_by: str,
    limits: tuple[str, ...],
    gate_set: Path | None,
    signatures: int,
    runtimes: tuple[str, ...],
) -> None:
    """Write the terms of a gate, before anything is measured under them.

    What is not said is as in the default protocol; 'convert validate --protocol FILE'
    measures under it, and says so in its verdict.
    """
    from datetime import UTC, datetime

    from pydantic import ValidationError

    from convert.evidence.protocol import GateProtocol, changes
    from hemalens.errors import ConfigError, StorageError
    from hemalens.files import write_whole
    from hemalens.image_set import read_class_folders
    from hemalens.validation_message import validation_message

    if output.exists():
        raise StorageError(f"{output} is there already: choose another --output")
    digest = None if gate_set is None else read_class_folders(gate_set).digest
    try:
        made = GateProtocol.model_validate(
            {
                "name": name,
                "set_by": set_by,
                "set_at": datetime.now(UTC).replace(microsecond=0),
                "limits": dict(map(_limit, limits)),
                "gate_set_digest": digest,
                "runtimes": runtimes,
                "signatures": signatures,
            }
        )
    except ValidationError as error:
        raise ConfigError(f"no protocol: {validation_message(error)}") from error
    write_whole(output, made.content())
    click.echo(f"{output}: protocol {made.name}, digest {made.digest}")
    for change in changes(made):
        click.echo(f"  {change}")


def _limit(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"wanted NAME=VALUE, got {text}", param_hint="--limit")
    return name.strip(), value.strip()
