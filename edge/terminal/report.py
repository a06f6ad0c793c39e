"""What the operator sees of a count in the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from edge.capture.demo.agreement import DrawnAgreement
from edge.frame.stage_times import StageTimes
from edge.records.population import Population
from edge.records.summary import Summary
from edge.results.reference_ranges import ADULT_REFERENCE_PERCENT, Interval
from hemalens.classes import CellClass

_FEW_CELLS = 10
"""Below so many stained cells, doubt about most of them says little."""

_MOST_ARE_UNCERTAIN = (
    "Most nucleated cells are uncertain: this stain, light or scale is unlike what "
    "the model was trained on. Do not rely on the differential; review every cell."
)


def show_summary(summary: Summary, output: Path | None) -> None:
    """Print the differential and what else was counted."""
    console = Console()
    console.print(_differential_table(summary))
    console.print(_rates_table(summary))
    for line in filter(None, _other_lines(summary)):
        console.print(line, highlight=False)
    for warning in _warnings(summary):
        console.print(warning, style="bold red", soft_wrap=True)
    if output is not None:
        console.print(f"Results in {output}", highlight=False, soft_wrap=True)


def _differential_table(summary: Summary) -> Table:
    table = Table(title=f"Differential of {_many(summary.leukocytes, 'leukocyte')}")
    table.add_column("class")
    for name in ("cells", "percent", "95 % limits", "adult range"):
        table.add_column(name, justify="right")
    for name in (*ADULT_REFERENCE_PERCENT, CellClass.IG):
        table.add_row(
            name,
            str(summary.counts[name]),
            *_figures(
                summary.differential_percent.get(name), summary.ci95_percent.get(name)
            ),
            _range(ADULT_REFERENCE_PERCENT.get(name)),
        )
    return table


def _rates_table(summary: Summary) -> Table:
    table = Table(title="Beside them")
    table.add_column("counted")
    for name in ("cells", "rate", "95 % limits"):
        table.add_column(name, justify="right")
    table.add_column("per")
    nrbc = _figures(summary.nrbc_per_100_wbc, summary.nrbc_ci95_per_100_wbc)
    per_field = _figures(summary.platelets_per_field, summary.platelets_ci95_per_field)
    per_red_cells = _figures(
        summary.platelets_per_100_red_cells, summary.platelets_ci95_per_100_red_cells
    )
    erythroblasts = str(summary.counts[CellClass.ERYTHROBLAST])
    table.add_row("erythroblasts (NRBC)", erythroblasts, *nrbc, "100 leukocytes")
    table.add_row("platelets", str(summary.platelets), *per_field, "field")
    table.add_row("", "", *per_red_cells, "100 red cells")
    table.add_row("red cells", str(summary.red_cells), "", "", "")
    return table


def _range(reference: Interval | None) -> str:
    return "" if reference is None else f"{reference[0]:g}-{reference[1]:g}"


def _figures(
    value: float | None, limits: tuple[float, float] | None
) -> tuple[str, str]:
    """Give a figure and its limits, dashes where nothing was counted."""
    if value is None or limits is None:
        return "-", "-"
    return f"{value:.1f}", f"{limits[0]:.1f} to {limits[1]:.1f}"


def show_times(times: StageTimes) -> None:
    """Print how long each stage of the work took, a frame."""
    taken = [
        f"{stage} {time.mean_ms:.1f} (longest {time.longest_ms:.0f})"
        for stage, time in times.snapshot().items()
    ]
    if taken:
        line = f"ms a frame: {', '.join(taken)}"
        Console().print(line, highlight=False, soft_wrap=True)


def show_agreement(drawn: DrawnAgreement) -> None:
    """Print how much of a simulated slide's truth was found."""
    Console().print(
        f"Simulated slide: {drawn.white_cells_found} of {drawn.white_cells} white "
        f"cells found; {drawn.agreed} of {drawn.found} stained cells called what they "
        "are drawn as",
        highlight=False,
        soft_wrap=True,
    )


def _warnings(summary: Summary) -> list[str]:
    """Say what a list of counts would hide: doubt about most cells, wrong optics."""
    warnings = [f"Optics: {warning}" for warning in summary.warnings]
    warnings += [f"This slide: {doubt}" for doubt in summary.slide_doubts]
    stained = summary.uncertain + sum(summary.counts.values())
    if stained >= _FEW_CELLS and 2 * summary.uncertain > stained - summary.platelets:
        warnings.append(_MOST_ARE_UNCERTAIN)
    return warnings


def _other_lines(summary: Summary) -> list[str | None]:
    size = summary.pixel_size_um
    return [
        _target_line(summary),
        f"To review: {summary.uncertain} uncertain",
        f"Not counted: {summary.border} cut by the frame's edge, "
        f"{summary.out_of_focus} out of focus, {summary.duplicates} seen again",
        _frames_line(summary),
        _slide_line(summary),
        (
            f"{size:.4f} µm per pixel"
            if size
            else "Pixel size assumed: give --pixel-size-um"
        )
        + f", model {_models(summary)}",
        f"Population: {summary.population}, rare classes weighed accordingly"
        if summary.population is not Population.UNRESTRICTED
        else None,
        f"Broken off and continued: {_many(summary.times_continued, 'time')}"
        if summary.times_continued
        else None,
        "A pre-classification: a qualified person reviews and signs.",
    ]


def _models(summary: Summary) -> str:
    asked = (summary.bundle, summary.second_bundle)
    return " and ".join(f"{one.name} {one.version}" for one in asked if one)


def _target_line(summary: Summary) -> str:
    to_review = summary.leukocytes_to_review
    located = summary.leukocytes + to_review
    line = f"Leukocytes: {summary.leukocytes} counted, {to_review} to review"
    if summary.target is None:
        return line
    if located >= summary.target:
        return f"{line}; target of {summary.target} reached"
    return f"{line}; {summary.target - located} short of the target of {summary.target}"


def _frames_line(summary: Summary) -> str:
    line = f"Frames: {summary.frames} counted"
    left_out = summary.frames_left_out
    if left_out:
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(left_out.items()))
        line += f", {sum(left_out.values())} left out ({reasons})"
    if summary.frames_dropped:
        line += (
            f", {summary.frames_dropped} dropped: counting was slower than the camera"
        )
    return line


def _slide_line(summary: Summary) -> str | None:
    """Say how much of the slide was seen, where that is not just the frames."""
    fields = f"{summary.fields:.1f}"
    is_joined = 1 < summary.places < summary.frames
    if fields == f"{summary.frames:.1f}" and not is_joined:
        return None
    places = f", in {summary.places} separate places" if is_joined else ""
    return f"Slide: {fields} fields without overlap{places}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
