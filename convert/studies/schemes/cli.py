"""``hemalens study schemes``: int8 beside what else there is."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from convert.studies.schemes.comparison import SchemeComparison, SchemeRow, Variant
    from train.evaluation.comparison_tables import Table

FOLDER = click.Path(path_type=Path)


@click.command("schemes")
@click.option("--model", type=FOLDER, required=True, help="best.keras of a run.")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option("--calibration-set", type=FOLDER, help="Manifest; the shipped one else.")
@click.option(
    "--calibration-images", type=FOLDER, help="Folder of its images; --data else."
)
@click.option("--output", type=FOLDER, required=True, help="Folder for schemes.json.")
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
def compare_schemes(
    model: Path,
    data: Path,
    calibration_set: Path | None,
    calibration_images: Path | None,
    output: Path,
    cache: Path,
) -> None:
    """Convert a float model by every quantization scheme and measure each.

    For comparison only: only int8 may ship. Accuracy and agreement with float are
    those of the validation split; latencies are measured side by side, and hold only
    if the machine does little else.
    """
    from calibration.calibration_set import (
        PBC_SET,
        read_calibration_set,
        read_images_for,
    )
    from hemalens.files import write_whole
    from hemalens.image_set import read_class_folders
    from hemalens.progress import progress_bar
    from train.evaluation.figures import figures_json
    from train.evaluation.terminal import show_tables
    from train.keras_backend import load_keras

    images = read_class_folders(data)
    chosen = read_calibration_set(calibration_set or PBC_SET)
    calibrating = (
        read_images_for(chosen, calibration_images) if calibration_images else images
    )
    _make_folder(output)
    load_keras("Converting", "convert")
    from convert.studies.schemes.comparison import Compared
    from convert.studies.schemes.comparison import compare_schemes as compare

    compared = Compared(
        model=model,
        images=images,
        calibration_set=chosen,
        calibration_images=calibrating,
        cache=cache,
    )
    with progress_bar("measuring") as progress:
        comparison = compare(compared, _tell, progress)
    write_whole(output / "schemes.json", figures_json(comparison))
    show_tables([scheme_table(comparison)])
    click.echo(f"{output / 'schemes.json'}")


def scheme_table(comparison: "SchemeComparison") -> "Table":
    """Lay a comparison out, a row for each way to convert."""
    from train.evaluation.caveats import CHOSEN_ON_VALIDATION, NO_PATIENT_IDS
    from train.evaluation.comparison_tables import Table

    first = comparison.rows[0]
    return Table(
        title=f"Quantization schemes on {comparison.n:,} {comparison.split} images",
        columns=(
            "scheme",
            "MB",
            "accuracy, %\n(95 % interval)",
            "agrees,\n%",
            "ms",
            "times\nint8",
            "TFLite",
            "device",
        ),
        rows=tuple(_cells(row, first.latency_ms) for row in comparison.rows),
        notes=(
            comparison.purpose,
            *_obstacles(comparison),
            f"Float model: {_percent(comparison.float_accuracy)} % "
            f"({_interval(comparison.float_accuracy_ci95)}). Intervals are exact.",
            "agrees: share of images that get the float model's class. All rows are "
            "about the same images: within the intervals it says more.",
            "ms: median of one crop's inference on one thread, models in turn, "
            f"{comparison.runtime} {comparison.runtime_version} on "
            f"{comparison.machine}; it holds only if the machine did little else.",
            "TFLite: oldest version, as the converter noted it; it does not see which "
            "kernels int16 activations need.",
            NO_PATIENT_IDS,
            CHOSEN_ON_VALIDATION,
        ),
    )


def _cells(row: "SchemeRow", reference_ms: float) -> tuple[str, ...]:
    return (
        row.variant.label,
        f"{row.model_bytes / 1e6:.2f}",
        f"{_percent(row.accuracy)} ({_interval(row.accuracy_ci95)})",
        _percent(row.agreement),
        f"{row.latency_ms:.2f}",
        f"{row.latency_ms / reference_ms:.2f}",
        row.minimum_runtime_version or "?",
        "no" if row.device_obstacle else "yes",
    )


def _obstacles(comparison: "SchemeComparison") -> tuple[str, ...]:
    return tuple(
        f"No device runs {row.variant.label}: {row.device_obstacle}."
        for row in comparison.rows
        if row.device_obstacle
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}"


def _interval(limits: tuple[float, float]) -> str:
    low, high = limits
    return f"{_percent(low)} to {_percent(high)}"


def _tell(variant: "Variant") -> None:
    click.echo(f"converting: {variant.label}", err=True)


def _make_folder(path: Path) -> None:
    """Find out before minutes of measuring that nothing can be kept there."""
    from hemalens.errors import StorageError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot make the folder {path}: {error.strerror}; choose another --output"
        ) from error
