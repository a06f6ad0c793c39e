"""``hemalens study transfer``: bundles on microscopes they were not trained on."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from convert.studies.transfer.box_source import BoxSource
from edge.classify.population_option import population_option
from edge.records.population import Population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convert.studies.transfer.bench import Benched
    from convert.studies.transfer.report import TransferReport
    from hemalens.bundle import Bundle

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("bundles", nargs=-1, required=True)
@click.option(
    "--fields",
    type=FOLDER,
    help="Folder of whole images: JPEGImages, Annotations and wbc_types.csv.",
)
@click.option("--types", type=FOLDER, help="Table of the fields' types; theirs else.")
@click.option(
    "--boxes",
    type=click.Choice(tuple(map(str, BoxSource))),
    default=str(BoxSource.FOUND),
    show_default=True,
    help="Cells of the fields: found by segmentation, or as people drew them.",
)
@click.option("--crops", type=FOLDER, help="Folder of class folders of single cells.")
@click.option(
    "--pixel-size-um",
    type=click.FloatRange(0.02, 0.5),
    help="Micrometres per pixel; from red cells, or a crop's nucleus, else.",
)
@population_option
@click.option(
    "--keep-stain",
    is_flag=True,
    help="Classify cells in the slide's own colours, not those of the model's slides.",
)
@click.option(
    "--second-bundle",
    help="Asked about every cell as well as each of BUNDLES, as a count may.",
)
@click.option("--output", type=FOLDER, required=True, help="Folder for transfer.json.")
@click.option("--json", "as_json", is_flag=True, help="Print transfer.json.")
def transfer(
    bundles: tuple[str, ...],
    fields: Path | None,
    types: Path | None,
    boxes: str,
    crops: Path | None,
    pixel_size_um: float | None,
    population: str,
    keep_stain: bool,
    second_bundle: str | None,
    output: Path,
    as_json: bool,
) -> None:
    """Measure BUNDLES, shipped ones by name or files, on sets they never saw.

    Give whole fields that name the type of their white cells, or single-cell images.
    An image is right when most of its whole cells are given the type it names.
    """
    if (fields is None) == (crops is None):
        raise click.UsageError("give either --fields or --crops")
    from convert.studies.transfer.bench import report_of
    from edge.bundles import open_bundle

    opened = [open_bundle(name) for name in bundles]
    _require_different_names(opened)
    second = None if second_bundle is None else open_bundle(second_bundle)
    terms = _Terms(Population(population), keep_stain, pixel_size_um, second)
    if fields is not None:
        benched = _bench_fields(fields, types, BoxSource(boxes), opened, terms)
    else:
        benched = _bench_crops(crops or Path(), opened, terms)
    report = report_of(
        benched,
        opened,
        terms.population,
        keep_stain=terms.keep_stain,
        second=terms.second,
    )
    _write(output, report, benched)
    _show(report, output, as_json)


def _require_different_names(bundles: "Sequence[Bundle]") -> None:
    """Refuse two bundles whose files would be one."""
    names = [f"{b.manifest.name} {b.manifest.version}" for b in bundles]
    if len(set(names)) < len(names):
        raise click.UsageError(f"two bundles have one name: {', '.join(names)}")


class _Terms(NamedTuple):
    population: Population
    keep_stain: bool
    pixel_size_um: float | None
    second: "Bundle | None"


def _bench_fields(
    folder: Path,
    types: Path | None,
    boxes: BoxSource,
    bundles: "Sequence[Bundle]",
    terms: _Terms,
) -> "Benched":
    from convert.studies.transfer.bench import bench_fields
    from hemalens.progress import progress_bar
    from train.dataset.labelled_fields import read_labelled_fields

    fields = read_labelled_fields(folder, types)
    with progress_bar("counting") as progress:
        return bench_fields(
            folder.name,
            fields,
            bundles,
            boxes=boxes,
            population=terms.population,
            keep_stain=terms.keep_stain,
            pixel_size_um=terms.pixel_size_um,
            second=terms.second,
            progress=progress,
        )


def _bench_crops(folder: Path, bundles: "Sequence[Bundle]", terms: _Terms) -> "Benched":
    from convert.studies.transfer.bench import bench_crops
    from convert.studies.transfer.labelled_crops import read_labelled_crops

    crops = read_labelled_crops(folder, terms.pixel_size_um)
    return bench_crops(
        folder.name,
        crops,
        bundles,
        population=terms.population,
        keep_stain=terms.keep_stain,
        second=terms.second,
    )


def _write(folder: Path, report: "TransferReport", benched: "Benched") -> None:
    from convert.studies.transfer.report import answer_lines
    from hemalens.files import write_whole
    from train.evaluation.figures import figures_json

    for one, answers in zip(report.bundles, benched.answers, strict=True):
        name = f"{one.name}-{one.version}.answers.jsonl"
        write_whole(folder / name, answer_lines(answers))
    write_whole(folder / "transfer.json", figures_json(report))


def _show(report: "TransferReport", output: Path, as_json: bool) -> None:
    from convert.studies.transfer.terminal import show_transfer
    from train.evaluation.figures import figures_json

    if as_json:
        click.echo(figures_json(report), nl=False)
        return
    show_transfer(report)
    click.echo(f"{output / 'transfer.json'} has it all")
