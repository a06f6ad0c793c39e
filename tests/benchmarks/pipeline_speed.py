"""How fast a count is: against the same steps with scikit-image, and its own floor.

    python -m tests.benchmarks.pipeline_speed [--pbc DIR] [--frames N]
        [--bundle cnn|mobilenetv2] [--turns N] [--json FILE]

Frames of 1920x1080 with about 15 white cells, and of 4056x3040 with as many more as
they are larger, are made once, as JPEG files in a temporary folder: drawn by the
simulated slide, or, with --pbc, put together from PBC's images. Both sides read the
same files and have to find the scale from the red cells.

- count: `count_source` over the folder, from opening it to the last cell counted.
- (a) scikit-image: `tests.benchmarks.scikit_image_steps` on one of those frames each
  turn, from file to class probabilities, one after another in one thread, with the
  same interpreter. It neither places cells on the slide nor stores them; a count does.
- (b) the floor: `cv2.imread` alone, and the interpreter alone on the very crops, of
  which the best form is taken: whole batches of a size it was prepared for.

All take turns in one run. The ratio of the classify stage is that of the fastest turns
of each frame, added up; everything else is the median of its turns. Processor time is
given beside wall time: on a busy machine only that is to be trusted.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from skimage import io

from edge.bundles import open_bundle
from edge.capture.image_files import ImageFiles
from edge.classify.posterior import mask_impossible_classes
from edge.count.run import count_source
from edge.segment import segment
from hemalens.bundle import Bundle
from hemalens.classes import CLASS_NAMES, CellClass, CellKind
from hemalens.classifier import BundleClassifier
from hemalens.image_files import read_image
from hemalens.interpreter import Interpreter, open_interpreter
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from hemalens.records import Detection, Frame
from tests.benchmarks import scikit_image_steps
from tests.benchmarks.composed_frames import (
    compose_pbc_frames,
    draw_demo_frames,
    write_frames,
)

SIZES_WH = {"1920x1080": (1920, 1080), "4056x3040": (4056, 3040)}
GOAL_FPS_SIZE = "1920x1080"
LEAST_FRAMES = 4
STAGES = ("decode", "segment", "crop", "classify")

SEED = 11
STAGE_FRAMES = 6
"""Frames on which stages are timed."""

CLASSIFY_TURNS = 20

LARGEST_BATCH = 64
"""The classifier's; the bare interpreter gets no larger ones."""

GOAL_FPS = 20.0
GOAL_PEER_RATIO = 10.0
GOAL_CLASSIFY_RATIO = 1.15
GOAL_MEMORY_MB = 250.0

MEASURE_CHILD = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Run in a small process of its own: a child's peak includes what its parent had
resident when it was started."""

Result = TypeVar("Result")
Crops = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of the report; `met` is None where there is no goal."""

    size: str
    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Wall and processor time of one piece of work."""

    wall_s: float
    cpu_s: float


class Timings:
    """Collects the times of named pieces of work, turn after turn."""

    def __init__(self) -> None:
        self._taken: defaultdict[str, list[Taken]] = defaultdict(list)

    def time(self, name: str, work: Callable[[], Result]) -> Result:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.add(name, time.perf_counter() - wall, time.process_time() - cpu)
        return result

    def add(self, name: str, wall_s: float, cpu_s: float) -> None:
        self._taken[name].append(Taken(wall_s=wall_s, cpu_s=cpu_s))

    def wall_ms(self, name: str) -> float:
        return 1e3 * statistics.median(taken.wall_s for taken in self._taken[name])

    def cpu_ms(self, name: str) -> float:
        return 1e3 * statistics.median(taken.cpu_s for taken in self._taken[name])

    def fastest(self, name: str) -> Taken:
        """Give the least wall and the least processor time."""
        taken = self._taken[name]
        return Taken(
            wall_s=min(one.wall_s for one in taken),
            cpu_s=min(one.cpu_s for one in taken),
        )


class TimedFiles(ImageFiles):
    """Image files that note how long they were open, and may know their scale."""

    def __init__(self, folder: Path, pixel_size_um: float | None = None) -> None:
        super().__init__(folder)
        self._pixel_size_um = pixel_size_um
        self._began = self._began_cpu = 0.0
        self.open_s = self.open_cpu_s = 0.0

    def __enter__(self) -> Self:
        self._began, self._began_cpu = time.perf_counter(), time.process_time()
        return super().__enter__()

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            yield Frame(
                image=frame.image,
                name=frame.name,
                index=frame.index,
                pixel_size_um=self._pixel_size_um,
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.open_s = time.perf_counter() - self._began
        self.open_cpu_s = time.process_time() - self._began_cpu
        super().__exit__(kind, error, trace)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutFrame:
    """A frame's stained objects and their crops."""

    stained: list[Detection]
    crops: Crops
    pixel_size_um: float | None


def time_count(
    name: str,
    files: Sequence[Path],
    bundle: Bundle,
    timings: Timings,
    pixel_size_um: float | None = None,
) -> float:
    """Count a folder as ``hemalens count`` does; nucleated cells counted a frame."""
    source = TimedFiles(files[0].parent, pixel_size_um)
    summary = count_source(source, bundle)
    share = 1 / len(files)
    timings.add(name, source.open_s * share, source.open_cpu_s * share)
    nucleated = set(CLASS_NAMES) - {CellClass.PLATELET}
    return sum(summary.counted.counts[of] for of in nucleated) * share


def time_peer(file: Path, classifier: BundleClassifier, timings: Timings) -> int:
    """Take one frame from file to probabilities with scikit-image; its white cells."""
    began = time.perf_counter(), time.process_time()
    peer = scikit_image_steps
    image = timings.time("peer decode", lambda: io.imread(file))
    pixel_size_um = timings.time(
        "peer scale", lambda: peer.measure_pixel_size_um(image) or PBC_PIXEL_SIZE_UM
    )
    found = timings.time(
        "peer segment", lambda: peer.find_cells(image, pixel_size_um)[0]
    )
    cut = timings.time(
        "peer crop",
        lambda: cut_stained(image, found, pixel_size_um, classifier, peer.cut_crop),
    )
    timings.time("peer classify", lambda: classify(classifier, cut))
    timings.add("peer", time.perf_counter() - began[0], time.process_time() - began[1])
    return sum(cell.kind is CellKind.WHITE_CELL for cell in found)


def cut_stained(
    image: NDArray[np.uint8],
    found: Sequence[Detection],
    pixel_size_um: float | None,
    classifier: BundleClassifier,
    cut: Callable[..., Crops],
) -> CutFrame:
    stained = [cell for cell in found if cell.kind is not CellKind.RED_CELL]
    wanted = classifier.manifest.input
    side = crop_side_px(pixel_size_um or PBC_PIXEL_SIZE_UM, wanted.crop_side_um)
    crops = np.empty((len(stained), wanted.size_px, wanted.size_px, 3), np.uint8)
    for index, cell in enumerate(stained):
        crops[index] = cut(image, cell.box.centre_xy, side, wanted.size_px)
    return CutFrame(stained=stained, crops=crops, pixel_size_um=pixel_size_um)


def classify(classifier: BundleClassifier, cut: CutFrame) -> NDArray[np.float32]:
    """Do what the pipeline's classify stage does with a frame's crops."""
    probabilities = classifier.classify(cut.crops)
    return mask_impossible_classes(probabilities, cut.stained, classifier.class_names)


def time_stages(
    files: Sequence[Path], classifier: BundleClassifier, timings: Timings
) -> list[CutFrame]:
    """Time each stage of the pipeline by itself, and the bare decode beside it."""
    cuts = []
    for file in files:
        timings.time("bare decode", lambda file=file: cv2.imread(str(file)))
        image = timings.time("decode", lambda file=file: read_image(file))
        found = timings.time("segment", lambda image=image: segment(image))
        cut = timings.time(
            "crop",
            lambda image=image, found=found: cut_stained(
                image, found.detections, found.pixel_size_um, classifier, cut_crop
            ),
        )
        timings.time("classify", lambda cut=cut: classify(classifier, cut))
        cuts.append(cut)
    return cuts


class BareInterpreter:
    """The model's interpreter and nothing else, prepared for each batch size once."""

    def __init__(self, bundle: Bundle) -> None:
        self._model = bundle.model
        self._prepared: dict[int, Interpreter] = {}

    def prepare(self, crops: Crops) -> None:
        for batch in _batches(crops):
            if len(batch) not in self._prepared:
                self._prepared[len(batch)] = _prepared(self._model, batch)

    def run(self, crops: Crops) -> list[NDArray[np.uint8]]:
        codes = []
        for batch in _batches(crops):
            interpreter = self._prepared[len(batch)]
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], batch)
            interpreter.invoke()
            output = interpreter.get_output_details()[0]["index"]
            codes.append(interpreter.get_tensor(output))
        return codes


def _batches(crops: Crops) -> Iterator[Crops]:
    for start in range(0, len(crops), LARGEST_BATCH):
        yield crops[start : start + LARGEST_BATCH]


def _prepared(model: bytes, batch: Crops) -> Interpreter:
    interpreter = open_interpreter(model)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, list(batch.shape))
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, batch)
    interpreter.invoke()
    return interpreter


def time_classify_against_bare(
    cuts: Sequence[CutFrame],
    classifier: BundleClassifier,
    bundle: Bundle,
    timings: Timings,
) -> tuple[float, float]:
    """Give the classify stage's time, wall and processor, over the bare interpreter's.

    Frame follows frame as in a count, so that each brings a batch of another size.
    """
    bare = BareInterpreter(bundle)
    for cut in cuts:
        bare.prepare(cut.crops)
    for _ in range(CLASSIFY_TURNS):
        for number, cut in enumerate(cuts):
            timings.time(f"stage {number}", lambda cut=cut: classify(classifier, cut))
            taken = timings.time(f"bare {number}", lambda cut=cut: bare.run(cut.crops))
            if sum(map(len, taken)) != len(cut.crops):
                raise AssertionError("the bare interpreter left crops out")
    stage, alone = (
        [timings.fastest(f"{name} {number}") for number in range(len(cuts))]
        for name in ("stage", "bare")
    )
    for taken in alone:
        timings.add("bare interpreter", taken.wall_s, taken.cpu_s)
    wall = sum(taken.wall_s for taken in stage) / sum(taken.wall_s for taken in alone)
    return wall, sum(taken.cpu_s for taken in stage) / sum(t.cpu_s for t in alone)


def peak_memory_mb(folder: Path, bundle_name: str) -> float:
    """Run ``hemalens count`` on a folder in its own process; its peak resident MB."""
    count = [sys.executable, "-m", "hemalens.cli", "count", str(folder), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE_CHILD, *count, "--bundle", bundle_name],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise click.ClickException(f"hemalens count failed:\n{done.stderr[-2000:]}")
    return int(done.stdout) * 1024 / 1e6


def measure(
    size: str, files: Sequence[Path], bundle_name: str, turns: int
) -> list[Figure]:
    """Measure all figures on one size of frames."""
    bundle, timings = open_bundle(bundle_name), Timings()
    classifier = BundleClassifier(bundle)
    cuts = time_stages(files[:STAGE_FRAMES], classifier, Timings())
    pixel_size_um = statistics.median(cut.pixel_size_um or 0.1 for cut in cuts)
    counted, peer_white = [], []
    for turn in range(turns):
        counted.append(time_count("count", files, bundle, timings))
        time_count("count, scale known", files, bundle, timings, pixel_size_um)
        peer_white.append(time_peer(files[turn % len(files)], classifier, timings))
        cuts = time_stages(files[:STAGE_FRAMES], classifier, timings)
    ratios = time_classify_against_bare(cuts, classifier, bundle, timings)
    memory = peak_memory_mb(files[0].parent, bundle_name)
    white = [
        sum(cell.kind is CellKind.WHITE_CELL for cell in cut.stained) for cut in cuts
    ]
    report = Report(size=size, timings=timings)
    report.add("white cells a frame, segmentation", statistics.mean(white))
    report.add("the same, scikit-image", statistics.mean(peer_white))
    report.add("nucleated cells a frame in the summary", statistics.mean(counted))
    _add_speed(report)
    _add_peer(report)
    _add_floor(report, *ratios)
    report.add("peak resident memory of count", memory, "MB", at_most=GOAL_MEMORY_MB)
    return report.figures


def _add_speed(report: "Report") -> None:
    timings = report.timings
    goal = GOAL_FPS if report.size == GOAL_FPS_SIZE else None
    for name in ("count", "count, scale known"):
        fps = 1e3 / timings.wall_ms(name)
        report.add(name, fps, "frames/s", at_least=goal)
        report.add(f"{name}: processor time", timings.cpu_ms(name), "ms/frame")
    for name in STAGES:
        report.add(f"{name} alone", timings.wall_ms(name), "ms/frame")
        report.add(f"{name}: processor time", timings.cpu_ms(name), "ms/frame")
    rest = timings.cpu_ms("count") - sum(timings.cpu_ms(name) for name in STAGES)
    report.add("all the rest: processor time", rest, "ms/frame")


def _add_peer(report: "Report") -> None:
    timings = report.timings
    wall = timings.wall_ms("peer") / timings.wall_ms("count")
    report.add("(a) scikit-image over count", wall, "times", at_least=GOAL_PEER_RATIO)
    cpu = timings.cpu_ms("peer") / timings.cpu_ms("count")
    report.add("(a) the same, processor time", cpu, "times")
    report.add("scikit-image", timings.wall_ms("peer"), "ms/frame")
    report.add("scikit-image: processor time", timings.cpu_ms("peer"), "ms/frame")
    for name in ("decode", "scale", "segment", "crop", "classify"):
        cpu_ms = timings.cpu_ms(f"peer {name}")
        report.add(f"scikit-image, {name}: processor time", cpu_ms, "ms/frame")


def _add_floor(report: "Report", ratio: float, cpu_ratio: float) -> None:
    decode_ms = report.timings.wall_ms("bare decode")
    bare_ms = report.timings.wall_ms("bare interpreter")
    goal = GOAL_CLASSIFY_RATIO
    report.add("(b) classify over bare interpreter", ratio, "times", at_most=goal)
    report.add("(b) the same, processor time", cpu_ratio, "times")
    over = report.timings.wall_ms("count") / (decode_ms + bare_ms)
    report.add("(b) count over bare decode and interpreter", over, "times")
    report.add("bare decode", decode_ms, "ms/frame")
    report.add("bare interpreter", bare_ms, "ms/frame")


class Report:
    """Gathers the figures of one size of frames."""

    def __init__(self, *, size: str, timings: Timings) -> None:
        self.size = size
        self.timings = timings
        self.figures: list[Figure] = []

    def add(
        self,
        name: str,
        value: float,
        unit: str = "",
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        goal, met = "", None
        if at_least is not None:
            goal, met = f">= {at_least:g}", value >= at_least
        elif at_most is not None:
            goal, met = f"<= {at_most:g}", value <= at_most
        self.figures.append(
            Figure(
                size=self.size, name=name, value=value, unit=unit, goal=goal, met=met
            )
        )


def show(figures: Sequence[Figure], loads: Sequence[float], console: Console) -> None:
    for size in dict.fromkeys(figure.size for figure in figures):
        table = Table(title=f"{size} frames", title_justify="left")
        for name in ("figure", "value", "unit", "goal", "met"):
            table.add_column(name, justify="right" if name == "value" else "left")
        for figure in figures:
            if figure.size == size:
                met = {None: "", True: "yes", False: "[bold red]no[/]"}[figure.met]
                shown = f"{figure.value:.4g}"
                table.add_row(figure.name, shown, figure.unit, figure.goal, met)
        console.print(table)
    busy = ", ".join(f"{load:.1f}" for load in loads)
    console.print(
        f"{len(os.sched_getaffinity(0))} processors; load average over one minute "
        f"before each size and at the end: {busy}",
        highlight=False,
    )


@click.command()
@click.option("--pbc", type=click.Path(exists=True, path_type=Path))
@click.option("--frames", type=click.IntRange(min=2), default=24, show_default=True)
@click.option("--bundle", default="cnn", show_default=True)
@click.option("--turns", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--size", "sizes", type=click.Choice(list(SIZES_WH)), multiple=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path))
def main(
    pbc: Path | None,
    frames: int,
    bundle: str,
    turns: int,
    sizes: tuple[str, ...],
    json_file: Path | None,
) -> None:
    """Measure how fast a count is, against scikit-image and its own floor."""
    figures: list[Figure] = []
    loads: list[float] = []
    for size in sizes or SIZES_WH:
        size_wh = SIZES_WH[size]
        fewer = size_wh[0] * size_wh[1] / (1920 * 1080)
        number = max(LEAST_FRAMES, round(frames / fewer))
        with tempfile.TemporaryDirectory() as folder:
            if pbc is None:
                images = draw_demo_frames(size_wh, number, SEED)
            else:
                images = compose_pbc_frames(pbc, size_wh, number, SEED)
            files = write_frames(images, Path(folder))
            loads.append(os.getloadavg()[0])
            figures += measure(size, files, bundle, turns)
    loads.append(os.getloadavg()[0])
    show(figures, loads, Console(width=100))
    if json_file:
        content = {"bundle": bundle, "load_average": loads}
        content["figures"] = [asdict(figure) for figure in figures]
        json_file.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
