"""``hemalens train``: fit a float model, measure it."""

from pathlib import Path

import click

from train.evaluation.cli import evaluate

FOLDER = click.Path(path_type=Path)

MODEL_NAMES = ("cnn", "mobilenetv2", "paper_cnn", "paper_cnn_literal")


@click.group()
def train() -> None:
    """Train float models from class folders and measure them."""


@train.command()
@click.option("--model", type=click.Choice(MODEL_NAMES), default="cnn")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option("--output", type=FOLDER, help="The run's folder; runs/MODEL by default.")
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
@click.option("--epochs", type=click.IntRange(min=1), help="The recipe's by default.")
@click.option("--batch-size", type=click.IntRange(min=1))
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True))
@click.option("--initial-weights", type=FOLDER, help="A .keras file to begin with.")
@click.option(
    "--augmentation",
    type=click.Choice(["standard", "strong"]),
    help="strong: other microscopes' stain, light, scale and focus.",
)
@click.option("--seed", type=click.IntRange(min=0), help="0 by default.")
def fit(
    model: str,
    data: Path,
    output: Path | None,
    cache: Path,
    initial_weights: Path | None,
    augmentation: str | None,
    **changes: float | None,
) -> None:
    """Train a model, or go on with a run that was stopped.

    The same command on the same folder resumes at the last complete epoch.
    """
    from hemalens.image_set import read_class_folders
    from train.keras_backend import load_keras

    images = read_class_folders(data)
    load_keras("Training", "train")
    from hemalens.files import sha256_of
    from hemalens.split import Split
    from train.augmentation.settings import AUGMENTATIONS
    from train.cache import cached_crops
    from train.fit import FitData
    from train.fit import fit as fit_model
    from train.fit_display import cache_progress, fit_progress
    from train.recipe import RECIPES, Recipe
    from train.run import RunFolder, new_record

    given: dict[str, object] = {k: v for k, v in changes.items() if v is not None}
    if augmentation is not None:
        given["augmentation"] = AUGMENTATIONS[augmentation]
    if initial_weights is not None:
        given["initial_weights_sha256"] = sha256_of(initial_weights)
    recipe = Recipe.model_validate({**dict(RECIPES[model]), **given})
    click.echo(f"{len(images.images)} images, {len(images.set_aside)} files set aside")
    run = RunFolder(output or Path("runs") / model)
    size = recipe.input_size_px
    with cache_progress() as progress:
        windows = cached_crops(
            images.of_split(Split.TRAIN),
            size_px=size,
            context=recipe.context,
            folder=cache,
            progress=progress,
        )
        validation = cached_crops(
            images.of_split(Split.VALIDATION),
            size_px=size,
            folder=cache,
            progress=progress,
        )
    parts = FitData(
        windows=windows, validation=validation, initial_weights=initial_weights
    )
    run.begin(
        new_record(recipe, images.digest, len(windows.names), len(validation.names))
    )
    with fit_progress(recipe.epochs) as shown:
        try:
            fit_model(recipe, parts, run, shown)
        except KeyboardInterrupt:
            click.echo("stopped; the same command goes on from the last epoch")
            raise
    click.echo(f"best model: {run.best_model}")


train.add_command(evaluate)
