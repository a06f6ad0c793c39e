"""``hemalens study calibration``: which calibration set, and how large."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calibration.methods import METHODS, Method

if TYPE_CHECKING:
    from convert.studies.calibration.study import StudyRow

FOLDER = click.Path(path_type=Path)


class _CommaSeparated(click.ParamType):  # type: ignore[type-arg]  # generic since 8.4
    """Several values of one type, such as 32,64; each is taken once."""

    name = "list"

    def __init__(self, convert_one: Callable[..., Any]) -> None:
        self._convert_one = convert_one

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        """Convert each part."""
        parts = (self._convert_one(part, param, ctx) for part in value.split(","))
        return tuple(dict.fromkeys(parts))


@click.command("calibration")
@click.option("--model", type=FOLDER, required=True, help="best.keras of a run.")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option("--output", type=FOLDER, required=True, help="Folder of the study.")
@click.option(
    "--sizes",
    type=_CommaSeparated(click.IntRange(min=1).convert),
    default="32,64,128,256,512",
    show_default=True,
)
@click.option(
    "--methods",
    type=_CommaSeparated(click.Choice(METHODS).convert),
    default=",".join(METHODS),
    show_default=True,
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="How many sets of each size and method.",
)
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
def calibration_study(
    model: Path,
    data: Path,
    output: Path,
    sizes: tuple[int, ...],
    methods: tuple[Method, ...],
    seeds: int,
    cache: Path,
) -> None:
    """Convert a float model with many calibration sets and measure each.

    Accuracy of int8 and its agreement with float are those of the validation split.
    A study that was stopped goes on when it is asked for again, with the same sets or
    with more.
    """
    from hemalens.image_set import read_class_folders
    from hemalens.progress import progress_bar
    from train.evaluation.drawing_backend import require_drawing
    from train.evaluation.terminal import show_tables
    from train.keras_backend import load_keras

    require_drawing("A study's page")
    images = read_class_folders(data)
    load_keras("Converting", "convert")
    from convert.studies.calibration.report import study_table, write_study_report
    from convert.studies.calibration.study import Setting, Studied, study_calibration

    settings = [
        Setting(method, size, seed)
        for seed, method, size in product(range(seeds), methods, sizes)
    ]
    studied = Studied(
        model=model, images=images, cache=cache, path=output / "study.json"
    )
    with progress_bar("measuring images") as progress:
        study = study_calibration(studied, settings, _tell, progress)
    write_study_report(output, study)
    show_tables([study_table(study)])
    click.echo(f"{output / 'study.html'}")


def _tell(row: "StudyRow") -> None:
    click.echo(
        f"{row.method}, {row.size} images, seed {row.seed}: "
        f"{100 * row.accuracy:.2f} %, agreement {100 * row.agreement:.2f} %",
        err=True,
    )
