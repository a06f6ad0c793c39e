"""How fast this device is: each runtime and thread count, each stage of a frame."""

import os
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from edge.capture.demo_slide import DemoSlide
from edge.count.run import count_source
from edge.count.settings import CountSettings
from edge.device.check.held_frames import HeldFrames
from edge.frame.stage_times import StageTimes
from edge.update.current import open_bundle_or_current
from edge.update.golden_run import GoldenRun, GoldenRunFault, peak_memory_mb, run_golden
from hemalens.interpreter import Runtime, installed_runtimes


class StageFigure(BaseModel):
    """What one stage takes of a frame."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean_ms: float
    longest_ms: float


class CountFigures(BaseModel):
    """What a count takes, overlapped as it is; frames are drawn beforehand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames: int
    frame_size_wh: tuple[int, int]
    frames_per_s: float
    stages: dict[str, StageFigure]
    peak_memory_mb: float
    """Largest resident memory of this process, in 10^6 bytes, the frames included."""


class Benchmark(BaseModel):
    """What was measured on this device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inference: tuple[GoldenRun | GoldenRunFault, ...]
    """Each runtime with one thread and with all processors."""
    count: CountFigures


def benchmark(bundle: str, *, frames: int, size_wh: tuple[int, int]) -> Benchmark:
    """Measure this device.

    Parameters
    ----------
    bundle : str
        A shipped one's name, or a file.
    frames : int
        Of the simulated slide, to count.
    size_wh : pair of int
        Of a frame, in pixels.

    Raises
    ------
    HemaLensError
        When a count does not run here.
    """
    threads = sorted({1, os.cpu_count() or 1})
    runtimes = [r for r in installed_runtimes() if r is not Runtime.TENSORFLOW]
    inference = tuple(
        run_golden(bundle, runtime.value, count)
        for runtime in runtimes
        for count in threads
    )
    return Benchmark(inference=inference, count=_count(bundle, frames, size_wh))


def _count(bundle: str, frames: int, size_wh: tuple[int, int]) -> CountFigures:
    width, height = size_wh
    slide = DemoSlide(seed=7, frames=frames, width_px=width, height_px=height)
    held = HeldFrames([slide.frame(index) for index in range(frames)])
    times = StageTimes()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        count_source(
            held,
            open_bundle_or_current(bundle),
            CountSettings(separate_fields=True),
            output=Path(folder) / "count",
            times=times,
        )
        seconds = time.perf_counter() - begun
    return CountFigures(
        frames=frames,
        frame_size_wh=size_wh,
        frames_per_s=frames / seconds,
        stages={
            stage.value: StageFigure(mean_ms=took.mean_ms, longest_ms=took.longest_ms)
            for stage, took in times.snapshot().items()
        },
        peak_memory_mb=peak_memory_mb(),
    )
