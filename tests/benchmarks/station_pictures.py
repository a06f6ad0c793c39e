"""Pictures of the station's page, taken from a running station.

``python -m tests.benchmarks.station_pictures --station http://127.0.0.1:8080 --output
docs``, beside ``hemalens serve demo:frames=60``, counts a sample and shows the live
view, its review and the daily control, in light on a laptop and in dark on a tablet.
Needs Playwright and a Chromium.
"""

import argparse
import shutil
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

LOOKS: Final = {"light": (1366, 768), "dark": (768, 1024)}
"""Width and height by colour scheme."""
SETTLED_MS: Final = 2000
LEAST_LEUKOCYTES: Final = 20
"""Enough for a differential to be seen."""
PATIENCE_MS: Final = 120_000


def main() -> None:
    """Take all pictures."""
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for scheme in LOOKS:
            take_pictures(browser, options.station, options.output, scheme)
        browser.close()


def take_pictures(browser: Browser, station: str, output: Path, scheme: str) -> None:
    """Take the pictures of one colour scheme."""
    width, height = LOOKS[scheme]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    page = context.new_page()
    _count(page, station, output / f"station-live-{scheme}.png")
    for view in ("samples", "controls"):
        page.goto(f"{station}/#{view}")
        _take(page, output / f"station-{view}-{scheme}.png")
    page.goto(f"{station}/#samples")
    page.locator("#sample-rows a[href^='#review']").first.click()
    _take(page, output / f"station-review-{scheme}.png")
    context.close()


def _count(page: Page, station: str, path: Path) -> None:
    """Count a sample to its end; the picture is taken on the way."""
    page.goto(f"{station}/#live")
    page.locator("#sample-id").fill("S-2026-0042")
    page.locator("#sample-id").press("Enter")
    # Before it the numbers are those of the last count.
    page.locator(".state[data-state=counting]").wait_for()
    page.wait_for_function(
        "least => Number(document.getElementById('leukocytes').textContent) >= least",
        arg=LEAST_LEUKOCYTES,
        timeout=PATIENCE_MS,
    )
    _take(page, path, settled_ms=0)
    page.locator("#finish").click()
    page.locator("#ask-yes").click()
    page.locator("#start-form").wait_for()


def _take(page: Page, path: Path, settled_ms: int = SETTLED_MS) -> None:
    page.wait_for_timeout(settled_ms)
    page.screenshot(path=path)
    print(path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--station", default="http://127.0.0.1:8080")
    parser.add_argument("--output", type=Path, default=Path("docs"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
