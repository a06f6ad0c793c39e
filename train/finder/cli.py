"""``hemalens train finder``: train the network that finds cells."""

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)


@click.command()
@click.option(
    "--data", type=FOLDER, required=True, help="Folder that holds the labelled sets."
)
@click.option("--output", type=FOLDER, default=Path("runs/finder"), show_default=True)
@click.option(
    "--leave-out",
    multiple=True,
    metavar="SET",
    help="A set not to train on, to measure on an unseen microscope; repeatable.",
)
@click.option("--initial-weights", type=FOLDER, help="A finder's .keras file.")
@click.option("--steps", type=click.IntRange(min=1), default=6_000, show_default=True)
@click.option("--batch-size", type=click.IntRange(min=1), default=16, show_default=True)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=3e-3,
    show_default=True,
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def finder(
    data: Path,
    output: Path,
    leave_out: tuple[str, ...],
    initial_weights: Path | None,
    steps: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> None:
    """Train the finder of cells on boxes and points, or go on with a stopped run.

    Fields held apart in each set are never trained on. The same command on the same
    folder resumes at the last complete round.
    """
    from hemalens.errors import ConfigError
    from train.keras_backend import load_keras

    load_keras("Training", "train")
    from train.finder.sources import SOURCES, read_fields
    from train.finder.training import FinderRecipe, Round, fit_finder

    unknown = sorted(set(leave_out) - set(SOURCES))
    if unknown:
        raise ConfigError(f"no set {unknown[0]}: wanted one of {', '.join(SOURCES)}")
    fields = [
        field
        for field in read_fields(data)
        if not field.held_out and field.source.split()[0] not in leave_out
    ]
    click.echo(f"{len(fields)} fields to train on")

    def show(one: Round) -> None:
        click.echo(f"round {one.number} of {one.of}: loss {one.loss:.4f}")

    recipe = FinderRecipe(
        steps=steps, batch_size=batch_size, learning_rate=learning_rate, seed=seed
    )
    path = fit_finder(recipe, fields, output, show, initial_weights)
    click.echo(f"{path}: convert it with 'hemalens convert finder'")
