"""A transfer report as the terminal shows it."""

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convert.studies.transfer.box_source import BoxSource
from convert.studies.transfer.figures import CellFigures, ImageFigures
from convert.studies.transfer.report import BundleTransfer, SetNote, TransferReport
from convert.studies.transfer.selective import ErrorRoc, ShareRight
from convert.terminal_safe import terminal_safe


def show_transfer(report: TransferReport) -> None:
    """Print what each bundle got right, and what it knows of its errors."""
    click.echo(_set(report.set))
    kept = ", the slide's own colours kept" if report.keep_stain else ""
    click.echo(f"population: {report.population}{kept}")
    if report.second_bundle is not None:
        second = f"{report.second_bundle.name} {report.second_bundle.version}"
        click.echo(f"each bundle together with {terminal_safe(second)}")
    table = Table()
    table.add_column("% (95 % interval)")
    for one in report.bundles:
        table.add_column(
            Text(terminal_safe(f"{one.name} {one.version}")), justify="right"
        )
    columns = [_figures(one) for one in report.bundles]
    for name in dict.fromkeys(name for column in columns for name in column):
        table.add_row(name, *(column.get(name, "") for column in columns))
    Console().print(table)
    for one in report.bundles:
        _warn_of_seen(one, report.set.images)
    click.echo("95 % intervals take cells for independent; those of one slide are not.")


def _set(note: SetNote) -> str:
    size = f"{note.pixel_size_um:.4f}" if note.pixel_size_um else "unknown"
    boxes = {
        BoxSource.FOUND: ", cells found by segmentation",
        BoxSource.TRUTH: ", cells boxed by people",
        None: "",
    }[note.boxes]
    text = (
        f"{terminal_safe(note.name)}: {note.images} {note.kind}{boxes}; {size} µm per "
        f"pixel ({note.scale_from})"
    )
    if note.images_left_out:
        text += f"; {note.images_left_out} too bad to count"
    if note.foreign_folders:
        text += f"; left out: {terminal_safe(', '.join(note.foreign_folders))}"
    return text


def _warn_of_seen(one: BundleTransfer, images: int) -> None:
    name = terminal_safe(f"{one.name} {one.version}")
    if one.seen_images:
        said = f"was trained on {one.seen_images} of these {images} images"
        click.secho(f"warning: {name} {said}: no transfer", fg="yellow", err=True)
    if one.seen_images is None:
        said = (
            f"trained on {terminal_safe(one.trained_on)}; it does not list the images"
        )
        click.secho(f"note: {name} was {said}", fg="yellow", err=True)


def _figures(one: BundleTransfer) -> dict[str, str]:
    """Give one bundle's column; images and cells are the same for all bundles."""
    return _of_images(one.figures.images) | _of_cells(one.figures.cells)


def _of_images(images: ImageFigures) -> dict[str, str]:
    balanced = images.common_balanced
    return {
        f"images right, of {images.all.n}": _share(images.all),
        f"four common classes, of {images.common.n}": _share(images.common),
        "balanced over those": _percent(balanced.accuracy, balanced.ci95),
        **{
            f"  {name}, of {share.n}": _share(share)
            for name, share in images.by_class.items()
        },
        "images without a cell found": str(images.without_cell),
        "images with cut cells alone": str(images.of_cut_cells),
    }


def _of_cells(cells: CellFigures) -> dict[str, str]:
    figures, roc = cells.figures, cells.error_roc
    best = cells.at_80_percent.answered
    return {
        f"whole cells right, of {figures.n}": _percent(
            figures.accuracy, figures.accuracy_ci95
        ),
        f"the most certain {best.n} of those": _share(best),
        "cells answered as shipped": str(cells.as_shipped.n),
        "right of the answered": _share(cells.as_shipped),
        "AUROC of a wrong answer": _area(roc) if roc else "",
        "calibration error": f"{figures.ece:.3f}",
    }


def _share(share: ShareRight) -> str:
    return _percent(share.accuracy, share.accuracy_ci95) if share.n else "none"


def _percent(fraction: float, limits: tuple[float, float]) -> str:
    low, high = (100 * limit for limit in limits)
    return f"{100 * fraction:.1f} ({low:.1f} to {high:.1f})"


def _area(roc: ErrorRoc) -> str:
    low, high = roc.auroc_ci95
    return f"{roc.auroc:.3f} ({low:.3f} to {high:.3f})"
