"""``hemalens train augment-preview``: see what training does to the images."""

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)

CLASS_CHOICES = (
    "basophil",
    "eosinophil",
    "erythroblast",
    "ig",
    "lymphocyte",
    "monocyte",
    "neutrophil",
    "platelet",
)


@click.command("augment-preview")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option(
    "--augmentation",
    type=click.Choice(["gentle", "standard", "broad", "strong"]),
    default="standard",
    show_default=True,
)
@click.option(
    "--class",
    "class_name",
    type=click.Choice(CLASS_CHOICES),
    help="Several images of one class; one of each class by default.",
)
@click.option(
    "--size-px",
    type=click.IntRange(16, 1024),
    default=128,
    show_default=True,
    help="Side of the model's input.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--output", type=FOLDER, required=True, help="The sheet, a PNG file.")
def augment_preview(
    data: Path,
    augmentation: str,
    class_name: str | None,
    size_px: int,
    seed: int,
    output: Path,
) -> None:
    """Draw a sheet of each disturbance alone and of all together.

    Shows images of the training split only.
    """
    from importlib.util import find_spec

    from hemalens.errors import MissingExtraError
    from hemalens.files import write_whole
    from hemalens.image_set import read_class_folders
    from train.augmentation.examples import choose_examples, cut_windows
    from train.augmentation.settings import AUGMENTATIONS
    from train.keras_backend import load_keras
    from train.recipe import Recipe

    examples = choose_examples(read_class_folders(data), class_name, seed)
    if find_spec("matplotlib") is None:
        raise MissingExtraError("The preview", "train")
    load_keras("The preview", "train")
    from train.augmentation.preview import disturbed_rows, draw_sheet, preview_rows

    recipe = Recipe(model="cnn", input_size_px=size_px)
    side_um = recipe.crop_side_um
    windows = cut_windows(examples, size_px, side_um, recipe.context)
    rows = preview_rows(AUGMENTATIONS[augmentation])
    title = (
        f"HemaLens augmentation '{augmentation}', seed {seed}: "
        f"crops of {side_um:.1f} µm at {size_px} px"
    )
    heads = [example.head for example in examples]
    crops = disturbed_rows(rows, windows, size_px, side_um, seed)
    write_whole(output, draw_sheet(rows, crops, heads, title))
    click.echo(f"{output}: {len(rows)} rows, {len(heads)} training images")
