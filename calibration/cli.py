"""``hemalens calibrate``: choose the calibration set; measure the optics."""

from pathlib import Path

import click

from calibration.methods import DEFAULT_SIZE, METHODS, Method
from calibration.optics_cli import flat_field, pixel_size, show, white_balance

FOLDER = click.Path(path_type=Path)


@click.group()
def calibrate() -> None:
    """Choose the calibration set; measure the optics.

    The optics of one device with one objective go into one profile: measure
    pixel-size, then flat-field, then white-balance, with the same --profile and the
    camera set as for the count.
    """


calibrate.add_command(pixel_size)
calibrate.add_command(flat_field)
calibrate.add_command(white_balance)
calibrate.add_command(show)


@calibrate.command("set")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option(
    "--unlabelled",
    is_flag=True,
    help="The folder holds the images themselves: 'hemalens count --save-crops'.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="stratified",
    show_default=True,
    help="Drawn at random, or as far apart in stain, light and size as can be.",
)
@click.option(
    "--size",
    type=click.IntRange(min=1),
    default=DEFAULT_SIZE,
    show_default=True,
    help="Number of images; 200 to 500 are usual.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--output", type=FOLDER, required=True, help="The manifest to write.")
def choose_set(
    data: Path, unlabelled: bool, method: Method, size: int, seed: int, output: Path
) -> None:
    """Choose the training images that fix the int8 model's ranges.

    As many of each class, from the train split alone; the manifest lists name, class
    and SHA-256 of each.
    """
    from calibration.choose import Chooser
    from hemalens.files import write_whole
    from hemalens.image_set import read_class_folders, read_unlabelled
    from hemalens.progress import progress_bar

    images = read_unlabelled(data) if unlabelled else read_class_folders(data)
    with progress_bar("measuring images") as progress:
        chosen = Chooser(images, progress).choose(method, size, seed)
    write_whole(output, chosen.model_dump_json(indent=1).encode() + b"\n")
    click.echo(f"{len(chosen.images)} images in {output}, digest {chosen.digest[:12]}")
