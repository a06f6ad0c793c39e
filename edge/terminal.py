"""What the operator sees of a count in the terminal."""

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from edge.capture.demo.agreement import DrawnAgreement
from edge.capture.source import FrameSource
from edge.counted_frame import CountedFrame
from edge.summary import Summary
from hemalens.classes import CellClass

_ADULT_REFERENCE_PERCENT = {
    CellClass.NEUTROPHIL: "40-80",
    CellClass.LYMPHOCYTE: "20-40",
    CellClass.MONOCYTE: "2-10",
    CellClass.EOSINOPHIL: "1-6",
    CellClass.BASOPHIL: "0-2",
    CellClass.IG: "",
}
"""Usual adult ranges, most frequent class first; laboratories set their own."""

_FEW_CELLS = 10
"""Below so many stained cells, doubt about most of them says little."""


@contextmanager
def count_progress(
    source: FrameSource, *, quiet: bool
) -> Iterator[Callable[[CountedFrame], None]]:
    """Show how far a count is, on stderr."""
    columns = (
        TextColumn("counting {task.fields[frame]}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    with Progress(
        *columns, console=console, transient=True, disable=hidden
    ) as progress:
        task = progress.add_task("", total=None, frame="")

        def show(counted: CountedFrame) -> None:
            total = len(source) if isinstance(source, Sized) else None
            progress.update(task, advance=1, total=total, frame=counted.frame.name)

        yield show


def show_summary(summary: Summary, output: Path | None) -> None:
    """Print the differential and what else was counted."""
    console = Console()
    leukocytes = sum(summary.counts[name] for name in _ADULT_REFERENCE_PERCENT)
    table = Table(title=f"Differential of {leukocytes} leukocytes")
    table.add_column("class")
    for name in ("cells", "percent", "95 % limits", "adult range"):
        table.add_column(name, justify="right")
    for name, reference in _ADULT_REFERENCE_PERCENT.items():
        share, limits = "-", "-"
        if leukocytes:
            low, high = summary.ci95_percent[name]
            share = f"{summary.differential_percent[name]:.1f}"
            limits = f"{low:.1f} to {high:.1f}"
        table.add_row(name, str(summary.counts[name]), share, limits, reference)
    console.print(table)
    for line in _other_lines(summary):
        console.print(line, highlight=False)
    warning = _warning(summary)
    if warning is not None:
        console.print(warning, style="bold red", soft_wrap=True)
    if output is not None:
        console.print(f"Results in {output}", highlight=False, soft_wrap=True)


def show_agreement(drawn: DrawnAgreement) -> None:
    """Print how much of a simulated slide's truth was found."""
    Console().print(
        f"Simulated slide: {drawn.white_cells_found} of {drawn.white_cells} white "
        f"cells found; {drawn.agreed} of {drawn.found} stained cells called what they "
        "are drawn as",
        highlight=False,
        soft_wrap=True,
    )


def _warning(summary: Summary) -> str | None:
    """Say when most cells are doubtful, which a list of counts would hide."""
    stained = summary.uncertain + sum(summary.counts.values())
    if stained < _FEW_CELLS or 2 * summary.uncertain <= stained - summary.platelets:
        return None
    return (
        "Most nucleated cells are uncertain: this stain, light or scale is unlike what "
        "the model was trained on. Do not rely on the differential; review every cell."
    )


def _other_lines(summary: Summary) -> list[str]:
    nrbc = summary.nrbc_per_100_wbc
    size = summary.pixel_size_um
    return [
        f"Erythroblasts (NRBC): {summary.counts[CellClass.ERYTHROBLAST]}"
        + ("" if nrbc is None else f", {nrbc:.1f} per 100 leukocytes"),
        f"Platelets: {summary.platelets}    Red cells: {summary.red_cells}",
        f"To review: {summary.uncertain} uncertain; not counted: {summary.border} "
        "cut by the frame's edge",
        f"{summary.frames} frames, "
        + (
            f"{size:.4f} µm per pixel"
            if size
            else "pixel size assumed: give --pixel-size-um"
        )
        + f", model {summary.bundle.name} {summary.bundle.version}",
        "A pre-classification: a qualified person reviews and signs.",
    ]
