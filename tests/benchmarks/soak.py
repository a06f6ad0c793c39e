"""Eight hours of counting in accelerated form: memory, handles, and whether it counts.

python -m tests.benchmarks.soak [--frames 20000] [--output soak.json]

Counts a simulated slide whose fields overlap, with results on disk, and looks every
500 frames at resident memory, open handles and threads. Memory is flat when it grew by
less than 5 % from the end of the first tenth to the end. Whether each cell counts once
is told by all stained cells together: the model takes some giant platelets for white
cells and the other way round, which moves the number of white cells alone.
"""

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.count.operator import UnattendedOperator
from edge.count.run import count_source
from edge.records.counted_frame import CountedFrame
from edge.records.progress import CountProgress
from edge.records.summary import Summary
from hemalens.classes import CellClass, CellKind

EVERY = 500
FLAT = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The process after some frames."""

    frames: int
    seconds: float
    resident_mb: float
    handles: int
    threads: int


class Watch(UnattendedOperator):
    """Looks at this process while it counts."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self._begun = time.monotonic()
        self._frames = 0

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:
        self._frames += 1
        if self._frames % EVERY == 0:
            self.looks.append(self.look())
            print(json.dumps(asdict(self.looks[-1])), flush=True)

    def look(self) -> Look:
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        resident_kb = next(line for line in status if line.startswith("VmRSS"))
        return Look(
            frames=self._frames,
            seconds=round(time.monotonic() - self._begun, 1),
            resident_mb=round(int(resident_kb.split()[1]) / 1024, 1),
            handles=len(list(Path("/proc/self/fd").iterdir())),
            threads=threading.active_count(),
        )


def drawn_cells(slide: DemoSlide) -> Counter[CellKind]:
    """Count the cells that some frame shows whole, each once, by kind."""
    kinds = {
        cell.cell_id: cell.kind
        for index in range(slide.frames)
        for cell in slide.truth(index)
        if not cell.at_border
    }
    return Counter(kinds.values())


def compared(counted: int, drawn: int) -> dict[str, float]:
    return {
        "drawn": drawn,
        "counted": counted,
        "counted_over_drawn": round(counted / drawn, 4),
    }


def cells_counted(summary: Summary, drawn: Counter[CellKind]) -> dict[str, object]:
    """Hold what was counted, or waits for review, against what was drawn."""
    white = summary.counted.leukocytes + summary.counted.leukocytes_to_review
    white += summary.counted.counts[CellClass.ERYTHROBLAST]
    stained = sum(summary.counted.counts.values()) + summary.counted.uncertain
    white_drawn = drawn[CellKind.WHITE_CELL]
    return {
        "stained_cells": compared(stained, white_drawn + drawn[CellKind.PLATELET]),
        "white_cells": compared(white, white_drawn),
        "red_cells": compared(summary.counted.red_cells, drawn[CellKind.RED_CELL]),
    }


def steadiness(looks: list[Look]) -> dict[str, object]:
    """Say what grew from the end of the first tenth to the end."""
    early, last = looks[len(looks) // 10], looks[-1]
    frames = max(1, last.frames - early.frames)
    grown_kb = 1024 * (last.resident_mb - early.resident_mb)
    return {
        "frames_per_s": round(last.frames / last.seconds, 2),
        "memory_is_flat": last.resident_mb < FLAT * early.resident_mb,
        "memory_grows_kb_a_frame": round(grown_kb / frames, 2),
        "handles_are_flat": last.handles <= early.handles,
        "threads_are_flat": last.threads <= early.threads,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    if given.frames < EVERY:
        parser.error(f"--frames: at least {EVERY}, so that there is a look")
    slide = DemoSlide.from_source(
        f"frames={given.frames},width_px=320,height_px=240,pixel_size_um=0.15,"
        "overlap_fraction=0.3"
    )
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        summary = count_source(
            slide,
            open_bundle("cnn"),
            output=Path(folder) / "count",
            operator=watch,
        )
    result = {
        "frames": summary.counted.frames,
        **cells_counted(summary, drawn_cells(slide)),
        **steadiness(watch.looks),
        "looks": [asdict(look) for look in watch.looks],
    }
    if given.output is not None:
        given.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in result if key != "looks"}))


if __name__ == "__main__":
    main()
