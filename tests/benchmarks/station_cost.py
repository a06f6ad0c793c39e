"""What the station's live page costs a count, and how soon a viewer sees a frame.

``python -m tests.benchmarks.station_cost`` counts drawn frames from files, in turn
without and with a station whose one viewer, a process of its own, follows the events
and fetches each frame's picture. Both write the store, neither draws overlays; the
station keeps pictures of the fields besides.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import cv2

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.capture.open_source import open_source
from edge.count import count_source
from edge.count_progress import CountProgress
from edge.counted_frame import CountedFrame
from edge.quality import FrameQuality
from edge.station.live_frame import LiveState
from edge.station.live_operator import StationOperator
from hemalens.stain import SlideColours
from tests.edge.station.served import API, served, sign_in
from tests.edge.station.test_live import listening

VIEWER: Final = f"""
import json, sys, time, httpx2
address = sys.argv[1]
with httpx2.stream("GET", address + "{API}/live", timeout=60) as answer:
    event = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            event = line[7:]
        elif line.startswith("data: ") and event == "frame":
            name = json.loads(line[6:])["frame"]
            print(name, time.time(), flush=True)
            httpx2.get(address + "{API}/live/picture", params={{"frame": name}})
"""


def main() -> None:
    """Measure both, and print the ratio and the delays."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        frames = Path(scratch) / "frames"
        _draw(frames, options.frames, options.size)
        plain, shown, delays = [], [], []
        for turn in range(options.turns):
            folder = Path(scratch) / str(turn)
            plain.append(_processor_s(lambda: _count(frames, folder / "plain")))  # noqa: B023
            shown.append(_processor_s(lambda: delays.extend(_serve(frames, folder))))  # noqa: B023
    per_frame = 1000 / options.frames
    before, after = min(plain) * per_frame, min(shown) * per_frame
    print(f"without {before:.1f}, with {after:.1f} ms of processor time a frame:")
    print(f"the station adds {100 * (after / before - 1):.1f} %")
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


def _processor_s(act: Callable[[], None]) -> float:
    begun = time.process_time()
    act()
    return time.process_time() - begun


class KeepsNothing:
    """Takes the overlays' place."""

    def keep(
        self,
        counted: CountedFrame,
        quality: FrameQuality,
        colours: SlideColours | None,
    ) -> None:
        """Look away."""


def _count(frames: Path, output: Path) -> None:
    output.parent.mkdir()
    source = open_source(str(frames))
    count_source(
        source,
        open_bundle("cnn"),
        source_name=str(frames),
        output=output,
        keeper=KeepsNothing(),
    )


def _serve(frames: Path, folder: Path) -> list[float]:
    """Count at a station; gives how long each frame that was seen took to a viewer."""
    seen: dict[str, float] = {}
    see = StationOperator.see

    def noted(
        self: StationOperator, counted: CountedFrame, progress: CountProgress
    ) -> None:
        seen[counted.frame.name] = time.time()
        see(self, counted, progress)

    StationOperator.see = noted  # type: ignore[method-assign]
    try:
        with (
            served(folder / "station", source=str(frames)) as (client, context),
            listening(context) as address,
            subprocess.Popen(
                [sys.executable, "-c", VIEWER, address],
                stdout=subprocess.PIPE,
                text=True,
            ) as viewer,
        ):
            headers = sign_in(client)
            new = {"sample_id": "S-1", "target": None}
            client.post(f"{API}/count", json=new, headers=headers)
            while context.live.state is not LiveState.IDLE:
                time.sleep(0.2)
            viewer.terminate()
            arrived = [line.split() for line in viewer.stdout or ()]
    finally:
        StationOperator.see = see  # type: ignore[method-assign]
    return [float(at) - seen[name] for name, at in arrived]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
