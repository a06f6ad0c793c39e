"""What the station's live page costs a count, and how soon a viewer sees a frame.

``python -m tests.benchmarks.station_cost`` counts drawn frames from files, in turn
without a station, with one that nobody watches, and with one whose viewer, a process
of its own, follows the events and fetches each frame's picture, as a browser does over
connections that it keeps. All write the store, none draws overlays; the station keeps
pictures of the fields besides. A frame's time is the clock's, its processor time all
threads'; each frame's least of all turns is taken, for another program delays some, and
the first ten are left out, for what starting costs is no part of either.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.capture.open_source import open_source
from edge.count.operator import UnattendedOperator
from edge.count.run import count_source
from edge.frame.quality import FrameQuality
from edge.records.counted_frame import CountedFrame
from edge.records.progress import CountProgress
from edge.station.live.frame import LiveState
from edge.station.live.operator import StationOperator
from tests.edge.station.live.test_controller import listening
from tests.edge.station.served import API, served, sign_in

VIEWER: Final = f"""
import json, sys, time, httpx2
address, browser = sys.argv[1], httpx2.Client(timeout=60)
with browser.stream("GET", address + "{API}/live") as answer:
    event = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            event = line[7:]
        elif line.startswith("data: ") and event == "frame":
            name = json.loads(line[6:])["frame"]
            print(name, time.time(), flush=True)
            browser.get(address + "{API}/live/picture", params={{"frame": name}})
"""

Costs = NDArray[np.float64]
"""Seconds of clock and of processor time, (frames, 2)."""

_FIRST: Final = 10
"""Frames until all is warm."""


def main() -> None:
    """Measure all three, and print the ratios and the delays."""
    options = _options()
    plain, kept, shown, delays = [], [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        frames = Path(scratch) / "frames"
        _draw(frames, options.frames, options.size)
        for turn in range(options.turns):
            folder = Path(scratch) / str(turn)
            folder.mkdir()
            plain.append(_count(frames, folder / "plain"))
            kept.append(_serve(frames, folder / "kept", viewers=0).cost_s)
            served = _serve(frames, folder / "shown", viewers=1)
            shown.append(served.cost_s)
            delays += served.delays_s
    for kind, name in enumerate(("clock", "processor")):
        before, alone, watched = (
            1000 * np.min(costs, axis=0)[:, kind].mean()
            for costs in (plain, kept, shown)
        )
        print(f"{name} time, ms a frame: {before:.1f} without a station, ", end="")
        print(
            f"{alone:.1f} ({100 * (alone / before - 1):+.1f} %) at a station, ", end=""
        )
        print(f"{watched:.1f} ({100 * (watched / before - 1):+.1f} %) with its viewer")
    print(
        f"a frame is at the viewer after {1000 * median(delays):.0f} ms (median), "
        f"{1000 * max(delays):.0f} at most, of {len(delays)}"
    )


def _draw(folder: Path, frames: int, size: str) -> None:
    folder.mkdir()
    width, height = (int(side) for side in size.split("x"))
    for frame in DemoSlide(frames=frames, width_px=width, height_px=height):
        bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        assert cv2.imwrite(str(folder / f"{frame.index:04}.jpg"), bgr)


class Stopwatch(UnattendedOperator):
    """Notes both times at each frame."""

    def __init__(self) -> None:
        self._stamps_s: list[tuple[float, float]] = []

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:
        """Note them."""
        self._stamps_s.append((time.monotonic(), time.process_time()))

    @property
    def cost_s(self) -> Costs:
        """What each frame took."""
        return np.diff(np.array(self._stamps_s[_FIRST:]), axis=0)


class KeepsNothing:
    """Takes the overlays' place."""

    def keep(
        self,
        counted: CountedFrame,
        quality: FrameQuality,
        doubts: tuple[str, ...],
    ) -> None:
        """Look away."""


def _count(frames: Path, output: Path) -> Costs:
    """Count without a station."""
    watch = Stopwatch()
    count_source(
        open_source(str(frames)),
        open_bundle("cnn"),
        source_name=str(frames),
        output=output,
        operator=watch,
        keeper=KeepsNothing(),
    )
    return watch.cost_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What serving a count took: a frame's cost, and delays to the viewer."""

    cost_s: Costs
    delays_s: list[float]


def _serve(frames: Path, folder: Path, viewers: int) -> Served:
    """Count at a station."""
    seen: dict[str, float] = {}
    watch = Stopwatch()
    see = StationOperator.see

    def noted(
        self: StationOperator, counted: CountedFrame, progress: CountProgress
    ) -> None:
        seen[counted.frame.name] = time.time()
        see(self, counted, progress)
        watch.see(counted, progress)

    StationOperator.see = noted  # type: ignore[method-assign]
    try:
        with (
            served(folder, source=str(frames)) as (client, context),
            listening(context) as address,
            _watched(address, viewers) as arrived,
        ):
            headers = sign_in(client)
            new = {"sample_id": "S-1", "target": None}
            client.post(f"{API}/count", json=new, headers=headers)
            while context.live.state is not LiveState.IDLE:
                time.sleep(0.2)
    finally:
        StationOperator.see = see  # type: ignore[method-assign]
    delays_s = [at - seen[name] for name, at in arrived]
    return Served(cost_s=watch.cost_s, delays_s=delays_s)


@contextmanager
def _watched(address: str, viewers: int) -> Iterator[list[tuple[str, float]]]:
    """Have viewers watch; afterwards it holds when which frame came to them."""
    command = [sys.executable, "-c", VIEWER, address]
    watching = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(viewers)
    ]
    arrived: list[tuple[str, float]] = []
    yield arrived
    for viewer in watching:
        viewer.terminate()
        lines = [line.split() for line in viewer.communicate()[0].splitlines()]
        arrived += [(name, float(at)) for name, at in lines]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
