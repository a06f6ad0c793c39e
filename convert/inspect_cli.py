"""``hemalens convert inspect``: look inside a bundle or model."""

import click


@click.command()
@click.argument("model", metavar="NAME|BUNDLE|MODEL.tflite")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead.")
def inspect(model: str, as_json: bool) -> None:
    """Verify a bundle and show what is in it, or in a TFLite model.

    NAME is a shipped bundle's.
    """
    from convert.inspection import inspect_file
    from edge.bundles import path_of

    inspection = inspect_file(path_of(model))
    if as_json:
        click.echo(inspection.model_dump_json(indent=2))
        return
    from convert.terminal import show_inspection

    show_inspection(inspection)
