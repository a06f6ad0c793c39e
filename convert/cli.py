"""``hemalens convert``: quantize a float model, look inside a bundle."""

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)


@click.group()
def convert() -> None:
    """Turn float models into int8 bundles and look inside them."""


@convert.command()
@click.option("--model", type=FOLDER, required=True, help="best.keras of a run.")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option("--calibration-set", type=FOLDER, help="Manifest; the shipped one else.")
@click.option("--output", type=FOLDER, required=True, help="The bundle to write.")
@click.option("--name", help="The bundle's name; the model's by default.")
@click.option("--version", default="1.0.0", show_default=True)
@click.option(
    "--minimum-probability",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    help="Cells below it go to review.",
)
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
def int8(
    model: Path,
    data: Path,
    calibration_set: Path | None,
    output: Path,
    name: str | None,
    version: str,
    minimum_probability: float,
    cache: Path,
) -> None:
    """Quantize a float model to int8 and pack it as a bundle.

    Float and int8 model are measured on the validation split; both figures go into
    the manifest.
    """
    from calibration.calibration_set import PBC_SET, read_calibration_set
    from hemalens.bundle import SUFFIX, write_bundle
    from hemalens.errors import ConfigError
    from hemalens.image_set import read_class_folders
    from train.keras_backend import load_keras

    if output.suffix != SUFFIX:
        raise ConfigError(f"a bundle's name ends in {SUFFIX}, this is {output.name}")
    images = read_class_folders(data)
    chosen = read_calibration_set(calibration_set or PBC_SET)
    load_keras("Converting", "convert")
    from convert.make_bundle import make_bundle

    parts = make_bundle(
        model,
        images,
        chosen,
        name=name or output.stem,
        version=version,
        minimum_probability=minimum_probability,
        cache=cache,
    )
    write_bundle(output, parts.manifest, parts.model, parts.golden)
    measured = parts.manifest.measured
    low, high = (100 * limit for limit in measured.accuracy_ci95)
    click.echo(
        f"{output}: {len(parts.model) / 1e6:.2f} MB int8 model; on {measured.n} "
        f"{measured.split} images {100 * measured.accuracy:.2f} % "
        f"(95 % interval {low:.2f} to {high:.2f}), float "
        f"{100 * measured.float_accuracy:.2f} %, "
        f"agreement {100 * measured.agreement:.2f} %"
    )


@convert.command()
@click.argument("bundle", type=FOLDER)
def inspect(bundle: Path) -> None:
    """Verify a bundle and print its manifest as JSON."""
    from hemalens.bundle import read_bundle

    click.echo(read_bundle(bundle).manifest.model_dump_json(indent=2))
