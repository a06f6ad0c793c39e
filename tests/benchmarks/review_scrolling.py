"""How smoothly a review of 10,000 cells scrolls in a real Chromium.

``python -m tests.benchmarks.review_scrolling`` scrolls the gallery, a step each
animation frame, and beside it an empty page of the same height, in turn:
times from frame to frame, and what the page's thread works in one. Needs Playwright and
a Chromium; the cells are made.
"""

import argparse
import shutil
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from playwright.sync_api import CDPSession, Page, expect, sync_playwright

from tests.edge.station.page.made_station import open_review

STEP_PX: Final = 240
"""About what a fast wheel scrolls in a frame."""
PATIENCE_MS: Final = 120_000
DISPLAY_MS: Final = 1000 / 60

_SCROLL: Final = """
([selector, step, limit]) => new Promise(resolve => {
  const root = document.querySelector(selector);
  const times = [];
  const until = performance.now() + limit;
  let before = performance.now();
  const next = () => {
    const now = performance.now();
    times.push(now - before);
    before = now;
    const place = root.scrollTop;
    root.scrollTop += step;
    if (root.scrollTop === place) root.scrollTop = 0;
    if (now > until) resolve(times);
    else requestAnimationFrame(next);
  };
  root.scrollTop = 0;
  requestAnimationFrame(next);
})
"""
_EMPTY: Final = """
<body style="margin:0"><div id="gallery" style="height:500px;overflow-y:auto">
<div style="height:{height}px"></div></div></body>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrolled:
    """How one pass went.

    Parameters
    ----------
    frame_ms : list of float
        From frame to frame.
    work_ms : float
        Processor time of the page's thread in a frame.
    """

    frame_ms: list[float]
    work_ms: float


def main() -> None:
    """Scroll both in turn, and print what was measured."""
    options = _options()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        # Of a browser's pages only the one in front is animated.
        screen = {"width": 1366, "height": 768}
        gallery, empty = (
            browser.new_context(viewport=screen).new_page() for _ in range(2)
        )
        open_review(gallery, cells=options.cells, uncertain=options.cells // 50)
        height = gallery.evaluate("document.querySelector('.spacer').offsetHeight")
        empty.set_content(_EMPTY.format(height=height))
        passes: dict[str, list[Scrolled]] = {"gallery": [], "empty": []}
        for _ in range(options.turns):
            for name, page in (("gallery", gallery), ("empty", empty)):
                passes[name].append(_scroll(page, options.seconds))
        for name, scrolled in passes.items():
            _tell(name, scrolled)
        browser.close()


def _scroll(page: Page, seconds: float) -> Scrolled:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _thread_s(session)
    times = page.evaluate(_SCROLL, ["#gallery", STEP_PX, 1000 * seconds])
    work_s = _thread_s(session) - before
    session.detach()
    return Scrolled(frame_ms=times[1:], work_ms=1000 * work_s / len(times))


def _thread_s(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def _tell(name: str, passes: list[Scrolled]) -> None:
    times = [time for one in passes for time in one.frame_ms]
    late = sum(time > 1.5 * DISPLAY_MS for time in times)
    print(
        f"{name}: {len(times)} frames, {median(times):.1f} ms (median), "
        f"{quantiles(times, n=20)[-1]:.1f} (95 %), {max(times):.1f} at most; "
        f"{late} late; {median(one.work_ms for one in passes):.2f} ms of work in one"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5, help="Of one pass.")
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
