"""Whether a page that lies on the disk is whole on a screen of some width."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM: Final = shutil.which("chromium")
WIDTHS: Final = (420, 1200)

_BEYOND: Final = """
() => [...document.querySelectorAll("body *")]
  .filter(one => !one.parentElement.closest(".scroll, svg"))
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
  .map(one => `${one.tagName} ${one.textContent.trim().slice(0, 40)}`)
"""


@contextmanager
def opened(path: Path, width: int) -> Iterator["Page"]:
    """Show a page in Chromium, or skip where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="it is missing")
    if CHROMIUM is None:
        pytest.skip("there is no chromium in the path")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.goto(path.as_uri())
        yield page
        chromium.close()


def beyond_the_edge(path: Path, width: int) -> list[str]:
    """Name what of a page lies to the right of its screen, and does not scroll."""
    with opened(path, width) as page:
        beyond: list[str] = page.evaluate(_BEYOND)
        return beyond
