"""``hemalens count``: count the cells of a source."""

from pathlib import Path

import click


@click.command()
@click.argument("source")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="New folder for summary.json, cells.jsonl and the marked frames.",
)
@click.option(
    "--save-crops",
    is_flag=True,
    help="Also an image of each stained cell, to calibrate an int8 model with.",
)
@click.option(
    "--bundle",
    default="cnn",
    show_default=True,
    help="A shipped bundle's name, or a file.",
)
@click.option(
    "--pixel-size-um",
    type=float,
    help="Micrometres per pixel; measured from the red cells by default.",
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
    save_crops: bool,
    bundle: str,
    pixel_size_um: float | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Count the blood cells of SOURCE and print the differential.

    SOURCE is an image, a folder of images, or demo: for the simulated slide (options
    after the colon, such as demo:seed=7,frames=20).
    """
    if save_crops and output is None:
        raise click.UsageError("--save-crops needs --output: the crops lie below it")
    from edge.bundles import open_bundle
    from edge.capture.demo.agreement import DrawnAgreement
    from edge.capture.demo_slide import DemoSlide
    from edge.capture.open_source import open_source
    from edge.count import count_source
    from edge.counted_frame import CountedFrame
    from edge.terminal import count_progress, show_agreement, show_summary

    opened = open_source(source)
    drawn = DrawnAgreement(opened) if isinstance(opened, DemoSlide) else None
    with count_progress(opened, quiet=as_json) as show_frame:

        def on_frame(counted: CountedFrame) -> None:
            show_frame(counted)
            if drawn is not None:
                drawn.add(counted.frame.index, counted.cells)

        summary = count_source(
            opened,
            open_bundle(bundle),
            pixel_size_um=pixel_size_um,
            threads=threads,
            output=output,
            save_crops=save_crops,
            on_frame=on_frame,
        )
    if as_json:
        click.echo(summary.model_dump_json(indent=2))
        return
    show_summary(summary, output)
    if drawn is not None:
        show_agreement(drawn)
