"""How the page looks: screenshots, and what must hold of each."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LEAST_TARGET_PX: Final = 44
"""Of what a glove presses; the box of a radio button is its label."""

_NARROW: Final = """
least => [...document.querySelectorAll("button, a, select, input, label:has(input)")]
  .filter(one => one.checkVisibility({ visibilityProperty: true }))
  .filter(one => !one.matches("label input, .skip"))
  .map(one => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.height < least || box.width < least)
  .map(([one, box]) => `${one.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)
"""
_WIDER_THAN_SIGHT: Final = """
() => [document.documentElement, ...document.querySelectorAll("main, dialog[open]")]
  .filter(one => one.scrollWidth > one.clientWidth + 1)
  .map(one => `${one.tagName} ${one.scrollWidth} > ${one.clientWidth}`)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A screen and a colour scheme."""

    name: str
    width: int
    height: int
    scheme: str

    def open(self, browser: "Browser") -> "Page":
        """Open a page of a browser of its own."""
        context = browser.new_context(
            viewport={"width": self.width, "height": self.height},
            color_scheme="dark" if self.scheme == "dark" else "light",
            locale="en-GB",
            has_touch="tablet" in self.name,
        )
        return context.new_page()


LAPTOP = Look(name="laptop-light", width=1366, height=768, scheme="light")
PORTRAIT = Look(name="tablet-portrait-dark", width=768, height=1024, scheme="dark")
LOOKS: Final = (
    LAPTOP,
    Look(name="laptop-dark", width=1366, height=768, scheme="dark"),
    Look(name="tablet-landscape-light", width=1024, height=768, scheme="light"),
    PORTRAIT,
)


def take(page: "Page", folder: Path, name: str) -> None:
    """Take a screenshot; all in sight must fit the screen and a gloved finger.

    The pictures stay where ``STATION_PICTURES`` says, else in the test's own folder.
    """
    folder = Path(os.environ.get("STATION_PICTURES") or folder)
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")
    narrow = page.evaluate(_NARROW, LEAST_TARGET_PX)
    wide = page.evaluate(_WIDER_THAN_SIGHT)
    assert (name, *narrow, *wide) == (name,)
