"""``hemalens convert inspect``: look inside a bundle or model."""

from pathlib import Path

import click


@click.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="BUNDLE|MODEL.tflite")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead.")
def inspect(model: Path, as_json: bool) -> None:
    """Verify a bundle and show what is in it, or in a TFLite model."""
    from convert.inspection import inspect_file

    inspection = inspect_file(model)
    if as_json:
        click.echo(inspection.model_dump_json(indent=2))
        return
    from convert.terminal import show_inspection

    show_inspection(inspection)
