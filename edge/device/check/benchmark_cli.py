"""``hemalens device benchmark``: how fast this device counts, stage by stage."""

import click


@click.command()
@click.option(
    "--bundle", default="mobilenetv2", show_default=True, help="Name or file."
)
@click.option("--frames", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--width", type=click.IntRange(32, 8192), default=1920, show_default=True)
@click.option(
    "--height", type=click.IntRange(32, 8192), default=1080, show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Print it for a machine.")
def benchmark(bundle: str, frames: int, width: int, height: int, as_json: bool) -> None:
    """Time this device: every runtime, and a simulated slide counted.

    Stop the service first, 'sudo systemctl stop hemalens', or both are slower.
    """
    from edge.device.check.benchmark import benchmark as measure
    from edge.update.golden_run import GoldenRun

    measured = measure(bundle, frames=frames, size_wh=(width, height))
    if as_json:
        click.echo(measured.model_dump_json(indent=2))
        return
    for ran in measured.inference:
        if isinstance(ran, GoldenRun):
            click.echo(
                f"{ran.runtime}, threads {ran.threads}: {ran.ms_per_crop:.2f} ms "
                f"a crop, {ran.peak_memory_mb:.0f} MB ({ran.bundle})"
            )
        else:
            click.echo(f"a runtime failed: {ran.fault}")
    count = measured.count
    for stage, took in count.stages.items():
        click.echo(
            f"{stage}: {took.mean_ms:.1f} ms a frame, at most {took.longest_ms:.1f}"
        )
    click.echo(
        f"count of {count.frames} frames {width}x{height}: {count.frames_per_s:.1f} "
        f"frames a second, {count.peak_memory_mb:.0f} MB at most"
    )
