"""What the operator sees of a count in the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from edge.capture.demo.agreement import DrawnAgreement
from edge.frame.stage_times import StageTimes
from edge.records.counts import Counts
from edge.records.population import Population
from edge.records.summary import Summary
from edge.results.reference_ranges import ADULT_REFERENCE_PERCENT, Interval
from hemalens.classes import CellClass
from hemalens.errors import IncompleteCountError

_FEW_CELLS = 10
"""Below so many stained cells, doubt about most of them says little."""

_MOST_ARE_UNCERTAIN = (
    "Most nucleated cells are uncertain: this stain, light or scale is unlike what "
    "the model was trained on. Do not rely on the differential; review every cell."
)


_NAMED = 20
"""Files left out that are named one by one; ``summary.json`` has them all."""


def require_complete(summary: Summary) -> None:
    """Refuse to call a count done that had less than was given.

    Raises
    ------
    IncompleteCountError
        When files could not be read, or no frame was fit to be counted.
    """
    unreadable, counted = summary.unreadable, summary.counted
    if not counted.frames and counted.frames_left_out:
        raise IncompleteCountError(
            f"no frame was counted, wanted at least one: {_left_out_by_reason(counted)}"
        )
    if unreadable:
        rest = f" and {len(unreadable) - 1} more" if len(unreadable) > 1 else ""
        raise IncompleteCountError(
            f"left out as unreadable: {unreadable[0].name}{rest}; mend or remove what "
            "is damaged and count anew, if it matters"
        )


def show_summary(summary: Summary, output: Path | None) -> None:
    """Print the differential and what else was counted."""
    console = Console()
    console.print(_differential_table(summary))
    console.print(_rates_table(summary))
    for line in filter(None, _other_lines(summary)):
        console.print(line, highlight=False)
    for warning in _warnings(summary):
        console.print(warning, style="bold red", soft_wrap=True, markup=False)
    if output is not None:
        console.print(f"Results in {output}", highlight=False, soft_wrap=True)


def _differential_table(summary: Summary) -> Table:
    counted, rates = summary.counted, summary.rates
    table = Table(title=f"Differential of {_many(counted.leukocytes, 'leukocyte')}")
    table.add_column("class")
    for name in ("cells", "percent", "95 % limits", "adult range"):
        table.add_column(name, justify="right")
    for name in ADULT_REFERENCE_PERCENT:
        table.add_row(
            name,
            str(counted.counts[name]),
            *_figures(
                rates.differential_percent.get(name), rates.ci95_percent.get(name)
            ),
            _range(ADULT_REFERENCE_PERCENT.get(name)),
        )
    return table


def _rates_table(summary: Summary) -> Table:
    counted, rates = summary.counted, summary.rates
    table = Table(title="Beside them")
    table.add_column("counted")
    for name in ("cells", "rate", "95 % limits"):
        table.add_column(name, justify="right")
    table.add_column("per")
    nrbc = _figures(rates.nrbc_per_100_wbc, rates.nrbc_ci95_per_100_wbc)
    per_field = _figures(rates.platelets_per_field, rates.platelets_ci95_per_field)
    per_red_cells = _figures(
        rates.platelets_per_100_red_cells, rates.platelets_ci95_per_100_red_cells
    )
    erythroblasts = str(counted.counts[CellClass.ERYTHROBLAST])
    table.add_row("erythroblasts (NRBC)", erythroblasts, *nrbc, "100 leukocytes")
    table.add_row("platelets", str(counted.platelets), *per_field, "field")
    table.add_row("", "", *per_red_cells, "100 red cells")
    table.add_row("red cells", str(counted.red_cells), "", "", "")
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
    counted = summary.counted
    warnings = [f"Model: {doubt}" for doubt in summary.bundle_doubts]
    warnings += [f"Optics: {warning}" for warning in summary.warnings]
    unreadable = summary.unreadable
    warnings += [f"Left out: {one.name}: {one.problem}" for one in unreadable[:_NAMED]]
    if len(unreadable) > _NAMED:
        warnings.append(f"Left out: {len(unreadable) - _NAMED} more files")
    warnings += [f"This slide: {doubt}" for doubt in summary.slide_doubts]
    stained = counted.uncertain + sum(counted.counts.values())
    if stained >= _FEW_CELLS and 2 * counted.uncertain > stained - counted.platelets:
        warnings.append(_MOST_ARE_UNCERTAIN)
    return warnings


def _other_lines(summary: Summary) -> list[str | None]:
    counted, size = summary.counted, summary.pixel_size_um
    return [
        _target_line(counted),
        f"To review: {counted.uncertain} uncertain",
        f"Not counted: {counted.border} cut by the frame's edge, "
        f"{counted.out_of_focus} out of focus, {counted.duplicates} seen again",
        _frames_line(summary),
        _slide_line(counted),
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


def _target_line(counted: Counts) -> str:
    to_review = counted.leukocytes_to_review
    line = f"Leukocytes: {counted.leukocytes} counted, {to_review} to review"
    if counted.target is None:
        return line
    if counted.is_complete:
        return f"{line}; target of {counted.target} reached"
    short = counted.target - counted.leukocytes
    return f"{line}; {short} short of the target of {counted.target}"


def _frames_line(summary: Summary) -> str:
    counted = summary.counted
    line = f"Frames: {counted.frames} counted"
    left_out = counted.frames_left_out
    if left_out:
        line += f", {sum(left_out.values())} left out ({_left_out_by_reason(counted)})"
    if summary.frames_dropped:
        line += (
            f", {summary.frames_dropped} dropped: counting was slower than the camera"
        )
    return line


def _left_out_by_reason(counted: Counts) -> str:
    reasons = sorted(counted.frames_left_out.items())
    return ", ".join(f"{n} {reason}" for reason, n in reasons)


def _slide_line(counted: Counts) -> str | None:
    """Say how much of the slide was seen, where that is not just the frames."""
    fields = f"{counted.fields:.1f}"
    is_joined = 1 < counted.places < counted.frames
    if fields == f"{counted.frames:.1f}" and not is_joined:
        return None
    places = f", in {counted.places} separate places" if is_joined else ""
    return f"Slide: {fields} fields without overlap{places}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
