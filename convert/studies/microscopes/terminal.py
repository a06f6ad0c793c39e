"""The bench at the terminal: a table a bundle, worst and mean on top."""

from collections.abc import Callable, Sequence
from typing import Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convert.studies.microscopes.overview import FIGURES, Extreme, over_all
from convert.studies.microscopes.report import (
    BenchReport,
    BundleFigures,
    MicroscopeFigures,
    Way,
    WayFigures,
)
from convert.terminal_safe import terminal_safe

WIDTH: Final = 190
"""Columns: the table is one, wider than most terminals, to be kept in a file."""


def show_bench(report: BenchReport) -> None:
    """Print the table of each bundle, the classes' recall and what was doubted."""
    console = Console(width=WIDTH)
    for bundle in report.bundles:
        if bundle.microscopes:
            console.print(_table(bundle, report))
            console.print(_class_table(bundle))
            _say_doubts(bundle)
        for case in bundle.cases:
            verdict = "right" if case.is_right else "wrong"
            click.echo(f"{verdict}: {terminal_safe(f'{case.name}: {case.said}')}")
    for line in report.missing:
        click.echo(f"left out: {terminal_safe(line)}")
    click.echo(
        "% throughout, scale error and red cells' error included; red total is found "
        "to true. ≥: not all white cells are boxed, some false ones are real. right: "
        "of the named whole cells found; right of all: of those not found too. A "
        "cell on several frames weighs once. Intervals and confusions are in the JSON."
    )


def _table(bundle: BundleFigures, report: BenchReport) -> Table:
    limit = f", at most {report.limit} frames of each" if report.limit else ""
    table = Table(
        title=terminal_safe(f"{bundle.name} {bundle.version}{limit}"), padding=(0, 0)
    )
    for title in ("microscope", "way", "frames"):
        table.add_column(title)
    for figure in FIGURES:
        table.add_column(figure.title, justify="right")
    table.add_column("left\nout", justify="right")
    table.add_column("doubts", justify="right")
    for way in Way:
        extremes = [over_all(bundle.microscopes, way, figure) for figure in FIGURES]
        if any(extremes):
            _add_extremes(table, way, extremes)
    for one in bundle.microscopes:
        table.add_section()
        for index, counted in enumerate(one.ways):
            title = ""
            if index == 0:
                title = f"{one.name}\n({one.seen}; finder\n{one.seen_by_finder})"
            table.add_row(*_row(title, counted))
    return table


def _add_extremes(table: Table, way: Way, extremes: Sequence[Extreme | None]) -> None:
    def row(title: str, write: Callable[[Extreme], str]) -> None:
        table.add_row(title, way, "", *(write(e) if e else "" for e in extremes))

    row("worst", lambda extreme: _percent(extreme.worst))
    row("  which", lambda extreme: extreme.microscope[:8])
    row("mean", lambda extreme: _percent(extreme.mean))


def _row(title: str, way: WayFigures) -> list[str]:
    values = [figure.value(way) for figure in FIGURES]
    texts = ["" if value is None else _percent(value) for value in values]
    white = way.white_cells
    if white and white.precision and white.precision_is_floor:
        texts[1] = f"≥{texts[1]}"
    left_out = sum(way.left_out.values())
    return [
        title,
        way.way,
        str(way.frames),
        *texts,
        str(left_out),
        str(len(way.doubts)),
    ]


def _class_table(bundle: BundleFigures) -> Table:
    table = Table(title="right of each class, % of how many", padding=(0, 0))
    table.add_column("microscope")
    table.add_column("way")
    names = sorted({name for one in bundle.microscopes for name in _classes(one)})
    for name in names:
        table.add_column(name, justify="right")
    for one in bundle.microscopes:
        for way in one.ways:
            if way.naming is not None:
                recall = way.naming.recall
                shares = [recall.get(name) for name in names]
                texts = [
                    f"{_percent(s.share)} of {s.n:.0f}"
                    if s and s.share is not None
                    else ""
                    for s in shares
                ]
                table.add_row(Text(one.name), way.way, *texts)
    return table


def _classes(one: MicroscopeFigures) -> set[str]:
    return {name for way in one.ways if way.naming for name in way.naming.recall}


def _say_doubts(bundle: BundleFigures) -> None:
    for one in bundle.microscopes:
        for way in one.ways:
            for doubt in way.doubts:
                click.echo(f"{one.name}, {way.way}: {terminal_safe(doubt)}")


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}"
