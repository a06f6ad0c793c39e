"""``hemalens count``: count the cells of a source."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.classify.population_option import population_option

if TYPE_CHECKING:
    from edge.results.folder import OnUnfinished


@click.command()
@click.argument("source")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="New folder for summary.json, cells.jsonl and the marked frames.",
)
@click.option(
    "--continue/--discard",
    "go_on",
    default=None,
    help="What to do with a count for --output that broke off; asked by default.",
)
@click.option(
    "--target",
    type=click.IntRange(min=1),
    help="Leukocytes to count, such as 100, 200 or 400; all frames by default.",
)
@click.option(
    "--save-crops",
    is_flag=True,
    help="Also an image of each stained cell, to calibrate an int8 model with.",
)
@click.option(
    "--bundle",
    default="mobilenetv2",
    show_default=True,
    help="A shipped bundle's name, a file, or current: what the device was updated to.",
)
@click.option(
    "--second-bundle",
    help="Asked about every cell as well: surer on another microscope, slower; "
    "cnn-broad goes with cnn.",
)
@click.option(
    "--trusted-key",
    "trusted_keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Public key (.pub) that must have signed a bundle that does not ship; "
    "may be repeated.",
)
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="The optics' profile, made with 'hemalens calibrate'.",
)
@click.option(
    "--pixel-size-um",
    type=float,
    help="Micrometres per pixel; the profile's or measured from the red cells else.",
)
@click.option(
    "--separate-fields",
    is_flag=True,
    help="The frames never overlap: do not look for cells seen before.",
)
@population_option
@click.option(
    "--keep-stain",
    is_flag=True,
    help="Classify cells in the slide's own colours, not those of the model's slides.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Threads of one inference; all processors by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print summary.json's content.")
def count(
    source: str,
    output: Path | None,
    go_on: bool | None,
    target: int | None,
    save_crops: bool,
    bundle: str,
    second_bundle: str | None,
    trusted_keys: tuple[Path, ...],
    profile: Path | None,
    pixel_size_um: float | None,
    separate_fields: bool,
    population: str,
    keep_stain: bool,
    threads: int | None,
    as_json: bool,
) -> None:
    """Count the blood cells of SOURCE and print the differential.

    SOURCE is an image, a video, or a folder of images; follow:FOLDER for images as
    they come; picamera2:0, usb:0 or http://... for a camera; or demo: for the
    simulated slide (options after the colon, such as demo:seed=7,frames=20).

    While it runs, p pauses and q or Ctrl-C finishes; what was counted is kept. A count
    that broke off otherwise can be continued.

    Files that cannot be read are left out, by name; the exit code is then 4, as it is
    when no frame at all was fit to be counted.
    """
    if save_crops and output is None:
        raise click.UsageError("--save-crops needs --output: the crops lie below it")
    if go_on is not None and output is None:
        raise click.UsageError("--continue and --discard need --output")
    from calibration.optics.profile import read_profile
    from edge.capture.demo.agreement import DrawnAgreement
    from edge.capture.demo_slide import DemoSlide
    from edge.capture.open_source import open_source
    from edge.count.run import count_source
    from edge.count.settings import CountSettings
    from edge.frame.stage_times import StageTimes
    from edge.records.counted_frame import CountedFrame
    from edge.records.population import Population
    from edge.terminal.operator import at_terminal
    from edge.terminal.report import (
        require_complete,
        show_agreement,
        show_summary,
        show_times,
    )
    from edge.update.current import open_to_count
    from hemalens.signature import read_trusted_keys

    opened = open_source(source)
    drawn = DrawnAgreement(opened) if isinstance(opened, DemoSlide) else None

    def watch(counted: CountedFrame) -> None:
        if drawn is not None:
            drawn.add(counted.frame.index, counted.cells)

    trusted = read_trusted_keys(trusted_keys) if trusted_keys else None
    first, doubts = open_to_count(bundle, trusted)
    second = None
    if second_bundle is not None:
        second, more = open_to_count(second_bundle, trusted)
        doubts += more
    settings = CountSettings(
        pixel_size_um=pixel_size_um,
        profile=None if profile is None else read_profile(profile),
        separate_fields=separate_fields,
        population=Population(population),
        keep_stain=keep_stain,
        second_bundle=second,
        target=target,
        threads=threads,
        save_crops=save_crops,
        bundle_doubts=doubts,
    )
    on_unfinished = _choose(go_on, output)
    times = StageTimes()
    with at_terminal(opened, quiet=as_json, watch=watch) as operator:
        summary = count_source(
            opened,
            first,
            settings,
            source_name=source,
            output=output,
            on_unfinished=on_unfinished,
            operator=operator,
            times=times,
        )
    if as_json:
        click.echo(summary.model_dump_json(indent=2))
    else:
        show_summary(summary, output)
        show_times(times)
        if drawn is not None:
            show_agreement(drawn)
    require_complete(summary)


def _choose(go_on: bool | None, output: Path | None) -> "OnUnfinished":
    """Say what to do with a count that broke off; ask where somebody can answer."""
    import sys

    from edge.results.folder import OnUnfinished
    from edge.results.unfinished import find_unfinished

    if go_on is not None:
        return OnUnfinished.CONTINUE if go_on else OnUnfinished.DISCARD
    if output is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return OnUnfinished.REFUSE
    unfinished = find_unfinished(output)
    if unfinished is None:
        return OnUnfinished.REFUSE
    click.echo(f"A count broke off here: {unfinished}.", err=True)
    if click.confirm("Continue it?", default=True, err=True):
        return OnUnfinished.CONTINUE
    if click.confirm("Discard it and begin anew?", default=False, err=True):
        return OnUnfinished.DISCARD
    return OnUnfinished.REFUSE
