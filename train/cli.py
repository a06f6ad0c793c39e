"""``hemalens train``: fit float models, measure and compare them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from train.augmentation.cli import augment_preview
from train.augmentation.measure_stains import measure_stains
from train.evaluation.cli import compare, evaluate
from train.finder.cli import finder

if TYPE_CHECKING:
    from hemalens.image_set import ImageSet
    from train.dataset.boxed_cells import BoxedSet
    from train.distribution import Devices
    from train.recipe import Recipe
    from train.run import RunFolder
    from train.trainer import GivenFiles

FOLDER = click.Path(path_type=Path)

MODEL_NAMES = (
    "cnn",
    "vgg16",
    "vgg19",
    "resnet50",
    "resnet101",
    "resnet152",
    "inceptionv3",
    "mobilenetv2",
    "densenet201",
    "paper_cnn",
    "paper_cnn_literal",
)


@click.group()
def train() -> None:
    """Train float models from class folders and measure them."""


@train.command()
@click.option(
    "--model", type=click.Choice(MODEL_NAMES), default="cnn", show_default=True
)
@click.option(
    "--preset",
    type=click.Choice(["modern", "paper"]),
    default="modern",
    show_default=True,
    help="paper: frozen backbones and the settings of arXiv 2308.06300.",
)
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option("--output", type=FOLDER, help="The run's folder; runs/MODEL by default.")
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
@click.option(
    "--initial-weights",
    metavar="imagenet|none|FILE",
    help="FILE: a .keras file, or a backbone's .h5 as Keras publishes it.",
)
@click.option("--teacher", type=FOLDER, help="A .keras file to learn from as well.")
@click.option("--teacher-share", type=click.FloatRange(0, 1), help="Of the target.")
@click.option(
    "--augmentation",
    type=click.Choice(["gentle", "standard", "broad", "strong", "restained", "none"]),
    help="restained: with the stains of other slides.",
)
@click.option(
    "--also",
    type=FOLDER,
    multiple=True,
    help="Another microscope's boxed cells, as BCCD or chula_wbc has them.",
)
@click.option(
    "--stains-left-out",
    metavar="NAME",
    multiple=True,
    help="A dataset whose stains are not drawn, to measure on it.",
)
@click.option("--input-size-px", type=click.IntRange(16, 1024))
@click.option("--crop-side-um", type=click.FloatRange(min=0, min_open=True))
@click.option("--width", type=click.FloatRange(0, 4, min_open=True))
@click.option("--epochs", type=click.IntRange(min=1), help="The preset's by default.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Of all devices.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True))
@click.option(
    "--average-decay",
    type=click.FloatRange(0, 1, max_open=True),
    help="Of the moving average of the weights, a step.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_bfloat16", "mixed_float16"]),
    help="float32 by default; a recent GPU is faster with mixed_bfloat16.",
)
@click.option("--xla/--no-xla", default=None, help="On with a GPU by default.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    help="Train with so many seeds; OUTPUT/seed-N each, mean and spread at the end.",
)
def fit(
    model: str,
    preset: str,
    data: Path,
    output: Path | None,
    cache: Path,
    initial_weights: str | None,
    teacher: Path | None,
    augmentation: str | None,
    also: tuple[Path, ...],
    stains_left_out: tuple[str, ...],
    xla: bool | None,
    seed: int,
    repeat: int | None,
    **changes: float | str | None,
) -> None:
    """Train a model, or go on with a run that was stopped.

    The same command on the same folder resumes at the last complete epoch.
    """
    from hemalens.image_set import read_class_folders
    from train.keras_backend import load_keras

    images = read_class_folders(data)
    load_keras("Training", "train")
    from train.dataset.boxed_cells import read_boxed_set
    from train.distribution import find_devices
    from train.plan import make_recipe
    from train.recipe import Preset
    from train.repeat import seed_folder

    click.echo(f"{len(images.images)} images, {len(images.set_aside)} files set aside")
    recipe, given = make_recipe(
        model,
        Preset(preset),
        changes,
        initial_weights=initial_weights,
        augmentation=augmentation,
        teacher=teacher,
        stains_left_out=stains_left_out,
    )
    others = tuple(read_boxed_set(one) for one in also)
    devices = find_devices()
    folder = output or Path("runs") / model
    for one in range(seed, seed + (repeat or 1)):
        seeded = recipe.model_copy(update={"seed": one})
        run = seed_folder(folder, one) if repeat else folder
        _fit_one(seeded, given, images, others, run, cache, devices, xla)
    if repeat and devices.writes:
        _show_spread(folder, range(seed, seed + repeat))


@train.command()
@click.argument("models", nargs=-1, required=True, type=FOLDER)
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option("--output", type=FOLDER, required=True, help="The .keras file to write.")
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
@click.option(
    "--keep-normalization",
    is_flag=True,
    help="Average what batch normalization expects as well.",
)
def average(
    models: tuple[Path, ...],
    data: Path,
    output: Path,
    cache: Path,
    keep_normalization: bool,
) -> None:
    """Average the weights of MODELS that were trained on from the same ones.

    What batch normalization expects is measured anew, on undisturbed training crops;
    with a single model that is all that is done. Of models that were trained re-stained
    it is averaged instead.
    """
    from hemalens.image_set import read_class_folders
    from train.keras_backend import load_keras

    images = read_class_folders(data)
    load_keras("Averaging", "train")
    from train.plan import undisturbed_crops
    from train.run import record_in
    from train.weight_average import MEASURED_IMAGES, average_models

    recipe = record_in(models[0]).recipe
    crops = (
        None
        if keep_normalization
        else undisturbed_crops(images, recipe, MEASURED_IMAGES, cache)
    )
    click.echo(f"averaged {len(models)}: {average_models(models, crops, output)}")


def _fit_one(
    recipe: "Recipe",
    given: "GivenFiles",
    images: "ImageSet",
    others: "tuple[BoxedSet, ...]",
    folder: Path,
    cache: Path,
    devices: "Devices",
    xla: bool | None,
) -> None:
    from hemalens.made_with import made_with
    from hemalens.progress import progress_bar
    from train.fit import fit as fit_model
    from train.fit_display import fit_progress
    from train.keras_backend import keras_backend
    from train.other_windows import describe
    from train.plan import load_data, trained_images
    from train.run import RunFolder, new_record

    with progress_bar("cutting crops") as progress:
        parts = load_data(images, recipe, given, cache, progress, others)
    run = RunFolder(folder)
    counts = len(parts.windows.names), len(parts.validation.names)
    if devices.writes:
        described = tuple(describe(boxed) for boxed in others)
        record = new_record(recipe, images.digest, *counts, described)
        backend = keras_backend()
        session = made_with(keras_backend=backend, accelerators=devices.kinds)
        run.begin(
            record, session, trained_images(images, others, given.initial_weights)
        )
    with fit_progress(recipe.epochs, on_cpu=not devices.accelerators) as shown:
        try:
            fit_model(recipe, parts, run, shown, devices, xla=xla)
        except KeyboardInterrupt:
            click.echo("stopped; the same command goes on from the last epoch")
            raise
    click.echo(f"best model: {run.best_model}; of the last epoch: {run.last_model}")
    if devices.writes:
        _show_faults(run)


def _show_faults(run: "RunFolder") -> None:
    """Say in red what makes the best model useless."""
    history = run.history()
    best = min(history, key=lambda one: one.validation_loss, default=None)
    for fault in best.faults if best else ():
        click.secho(f"the best model is of no use: {fault}", fg="red", err=True)


def _show_spread(folder: Path, seeds: range) -> None:
    from train.repeat import summarize

    found = summarize(folder, seeds)
    spread = found.standard_deviation
    click.echo(
        f"{len(found.seeds)} seeds: validation accuracy {100 * found.mean:.2f} % mean, "
        f"{100 * found.lowest:.2f} to {100 * found.highest:.2f} %"
        + ("" if spread is None else f", standard deviation {100 * spread:.2f} points")
    )


train.add_command(evaluate)
train.add_command(compare)
train.add_command(augment_preview)
train.add_command(measure_stains)
train.add_command(finder)
