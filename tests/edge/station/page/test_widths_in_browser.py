"""Every view and state at three widths, in both languages, light and dark."""

import os
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is missing")

from playwright.sync_api import Page, expect

from tests.edge.station.page.made_station import ADDRESS, MadeStation, made_cells
from tests.edge.station.page.test_axe_in_browser import AXE, FAULT, STATES, told

pytestmark = pytest.mark.slow

WIDTHS = (800, 1024, 1366)
LANGUAGES = ("en", "de")
THEMES = ("light", "dark")

OVERFLOWS = """
() => {
  const root = document.documentElement;
  const shown = [...document.querySelectorAll("body *")].filter(one =>
    one.checkVisibility({ visibilityProperty: true }) &&
    !one.closest("svg, .skip, .spacer") && !one.parentElement.closest(".scroll"));
  const name = one => `${one.tagName}#${one.id} ${one.textContent.trim().slice(0, 40)}`;
  const beyond = shown.filter(one => {
    const { left, right, width } = one.getBoundingClientRect();
    return width && (right > root.clientWidth + 1 || left < -1);
  });
  const texts = "button, .button, a, td, th, label, p, h1, h2, h3, dt, dd, legend, li";
  const cut = shown.filter(one => one.matches(texts)
    && getComputedStyle(one).display !== "inline"
    && one.clientWidth && one.scrollWidth > one.clientWidth + 1);
  const wide = root.scrollWidth > root.clientWidth + 1 ? ["the page"] : [];
  return [...wide, ...beyond.map(one => `beyond: ${name(one)}`),
    ...cut.map(one => `cut: ${name(one)} ${one.scrollWidth} > ${one.clientWidth}`)];
}
"""


@pytest.mark.parametrize(
    ("width", "language", "theme"), [*product(WIDTHS, LANGUAGES, THEMES)]
)
def test_nothing_overflows_and_axe_finds_nothing(
    page: Page, tmp_path: Path, width: int, language: str, theme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.add_init_script(
        "if (location.hostname)"
        f" localStorage.setItem('hemalens.language', '{language}')"
    )
    pictures = Path(os.environ.get("STATION_PICTURES") or tmp_path)
    pictures.mkdir(parents=True, exist_ok=True)
    axe = AXE.read_text(encoding="utf-8") if AXE.is_file() else None
    found: list[str] = []
    for shown in STATES:
        page.unroute_all(behavior="ignoreErrors")
        station = MadeStation(page, made_cells(40, shown.uncertain), shown.role)
        station.state = shown.state
        station.fault = FAULT if shown.is_faulty else None
        page.goto("about:blank")
        page.goto(f"{ADDRESS}/#{shown.view}")
        expect(page.locator(".view:not([hidden])")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", language)
        shown.act(page)
        page.wait_for_timeout(300)
        name = shown.name.replace(" ", "-")
        page.screenshot(path=pictures / f"{width}-{language}-{theme}-{name}.png")
        found += [f"{shown.name}: {one}" for one in page.evaluate(OVERFLOWS)]
        if axe is not None:
            violations = page.evaluate(f"{axe}; axe.run()")["violations"]
            found += [f"{shown.name}: {one}" for one in told(violations)]
    assert not found, "\n".join(dict.fromkeys(found))
