"""``hemalens convert``: quantize a float model, prove it, sign it, look inside."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from convert.evidence.cli import FAILED, validate
from convert.evidence.protocol_cli import protocol
from convert.finder_cli import finder
from convert.inspect_cli import inspect
from convert.signing_cli import (
    make_key,
    require_unsigned,
    sign,
    sign_wheelhouse,
    verify,
)

if TYPE_CHECKING:
    from convert.make_bundle import BundleParts

FOLDER = click.Path(path_type=Path)


@click.group()
def convert() -> None:
    """Turn float models into int8 bundles, prove and sign them, look inside."""


@convert.command()
@click.option("--model", type=FOLDER, required=True, help="best.keras of a run.")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option("--calibration-set", type=FOLDER, help="Manifest; the shipped one else.")
@click.option(
    "--calibration-images", type=FOLDER, help="Folder of its images; --data else."
)
@click.option("--output", type=FOLDER, required=True, help="The bundle to write.")
@click.option("--name", help="The bundle's name; the model's by default.")
@click.option("--version", default="1.0.0", show_default=True)
@click.option(
    "--target-risk-percent",
    type=click.FloatRange(0, 100, min_open=True),
    default=0.5,
    show_default=True,
    help="Errors among the cells answered, at most; the others go to review.",
)
@click.option(
    "--stain-strength",
    type=click.FloatRange(0, 1),
    help="How far devices bring a slide's stain to the training images': 0 to 1.",
)
@click.option(
    "--most-sharpening-um",
    type=click.FloatRange(0, 5),
    help="Blur devices take from a slide softer than the training images, at most.",
)
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
def int8(
    model: Path,
    data: Path,
    calibration_set: Path | None,
    calibration_images: Path | None,
    output: Path,
    name: str | None,
    version: str,
    target_risk_percent: float,
    stain_strength: float | None,
    most_sharpening_um: float | None,
    cache: Path,
) -> None:
    """Quantize a float model to int8 and pack it as a bundle.

    Float and int8 model are measured on the validation split, and the threshold of
    uncertain cells is fitted there; both go into the manifest. The bundle may ship
    once 'hemalens convert validate' has passed it. Exit 3 when the model is of no use:
    no better than chance, a class never named, float and int8 model at odds, or every
    cell sent to review.
    """
    from calibration.calibration_set import (
        PBC_SET,
        read_calibration_set,
        read_images_for,
    )
    from hemalens.bundle import SUFFIX, bundle_bytes
    from hemalens.errors import ConfigError
    from hemalens.files import write_whole
    from hemalens.image_set import read_class_folders
    from train.keras_backend import load_keras

    if output.suffix != SUFFIX:
        raise ConfigError(f"a bundle's name ends in {SUFFIX}, this is {output.name}")
    require_unsigned(output)
    images = read_class_folders(data)
    chosen = read_calibration_set(calibration_set or PBC_SET)
    load_keras("Converting", "convert")
    from convert.make_bundle import make_bundle
    from convert.training_slides import MOST_SHARPENING_UM, STAIN_STRENGTH

    parts = make_bundle(
        model,
        images,
        chosen,
        read_images_for(chosen, calibration_images) if calibration_images else images,
        name=name or output.stem,
        version=version,
        target_risk=target_risk_percent / 100,
        stain_strength=STAIN_STRENGTH if stain_strength is None else stain_strength,
        most_sharpening_um=MOST_SHARPENING_UM
        if most_sharpening_um is None
        else most_sharpening_um,
        cache=cache,
    )
    content = bundle_bytes(
        parts.manifest, parts.model, parts.golden, trained_images=parts.trained_images
    )
    write_whole(output, content)
    _show(parts, output)
    if parts.faults:
        click.get_current_context().exit(FAILED)


def _show(parts: "BundleParts", output: Path) -> None:
    from convert.training_sets import is_unnamed

    measured = parts.manifest.measured
    assert measured is not None  # noqa: S101  # make_bundle measures
    low, high = (100 * limit for limit in measured.accuracy_ci95)
    click.echo(
        f"{output}: {len(parts.model) / 1e6:.2f} MB int8 model; on {measured.n} "
        f"{measured.split} images {100 * measured.accuracy:.2f} % "
        f"(95 % interval {low:.2f} to {high:.2f}), float "
        f"{100 * measured.float_accuracy:.2f} %, "
        f"agreement {100 * measured.agreement:.2f} %"
    )
    if is_unnamed(parts.manifest):
        click.secho(
            "whose images it was trained on is not stated: put dataset.json beside "
            'the classes, with "name", "licence" and "attribution", and convert again',
            fg="red",
            err=True,
        )
    for fault in parts.faults:
        click.secho(f"NOT fit for a device: {fault}", fg="red", bold=True, err=True)


for command in (
    *(protocol, validate, finder, inspect),
    *(make_key, sign, sign_wheelhouse, verify),
):
    convert.add_command(command)
