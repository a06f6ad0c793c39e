"""``hemalens calibrate``: choose the calibration set; measure the optics."""

from pathlib import Path

import click


@click.group()
def calibrate() -> None:
    """Choose the calibration set; measure the optics."""


@calibrate.command("set")
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--size", type=click.IntRange(min=1), default=256, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
def choose_set(data: Path, size: int, seed: int, output: Path) -> None:
    """Choose the training images that fix the int8 model's ranges.

    As many of each class, drawn at random by content, from the train split alone;
    the manifest lists name, class and SHA-256 of each.
    """
    from calibration.calibration_set import choose_stratified
    from hemalens.files import write_whole
    from hemalens.image_set import read_class_folders

    chosen = choose_stratified(read_class_folders(data), size, seed)
    write_whole(output, chosen.model_dump_json(indent=1).encode() + b"\n")
    click.echo(f"{len(chosen.images)} images in {output}, digest {chosen.digest[:12]}")
