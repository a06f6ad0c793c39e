"""``hemalens study microscopes``: bundles on every microscope there are labels of."""

from pathlib import Path

import click

from convert.studies.microscopes.sets import NAMES
from edge.classify.population_option import population_option

FOLDER = click.Path(path_type=Path)
WAYS = ("count", "scale", "boxes")


@click.command()
@click.option("--data", type=FOLDER, required=True, help="Holds the sets' folders.")
@click.option(
    "--bundle",
    "names",
    multiple=True,
    help="A shipped bundle's name or a file; all shipped ones else.",
)
@click.option(
    "--only", type=click.Choice(NAMES), multiple=True, help="A set; all else."
)
@click.option(
    "--way",
    "ways",
    type=click.Choice(WAYS),
    multiple=True,
    help="Whole count, the same with the pixel size given, or boxes given; all else.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Frames of a set, at most, evenly spread: a quick look.",
)
@click.option(
    "--apart",
    is_flag=True,
    help="Frames alone that are never trained on: every fifth field, some slides.",
)
@population_option
@click.option(
    "--output", type=FOLDER, required=True, help="Folder for microscopes.json."
)
@click.option("--json", "as_json", is_flag=True, help="Print microscopes.json.")
def microscopes(
    data: Path,
    names: tuple[str, ...],
    only: tuple[str, ...],
    ways: tuple[str, ...],
    limit: int | None,
    apart: bool,
    population: str,
    output: Path,
    as_json: bool,
) -> None:
    """Measure bundles on many microscopes: what is found, named and answered.

    Each set is one count, as 'hemalens count' does it; then once more with the pixel
    size given, and with the cells boxed. Sets that are not there are named and left
    out.
    """
    from convert.studies.microscopes.bench import BenchTerms, run_bench
    from convert.studies.microscopes.report import Way
    from convert.studies.microscopes.terminal import show_bench
    from edge.bundles import open_bundle, shipped_bundles
    from edge.records.population import Population
    from hemalens.files import write_whole
    from train.evaluation.figures import figures_json

    by_name = dict(zip(WAYS, Way, strict=True))
    terms = BenchTerms(
        sets=only or NAMES,
        ways=tuple(by_name[name] for name in WAYS if name in (ways or WAYS)),
        limit=limit,
        apart=apart,
        population=Population(population),
    )
    bundles = [open_bundle(name) for name in names or shipped_bundles()]
    report = run_bench(data, bundles, terms, lambda line: click.echo(line, err=True))
    write_whole(output / "microscopes.json", figures_json(report))
    if as_json:
        click.echo(figures_json(report), nl=False)
        return
    show_bench(report)
    click.echo(f"{output / 'microscopes.json'} has it all")
