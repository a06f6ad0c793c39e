"""Every view and state of the page, light and dark, before axe-core."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is missing")

from playwright.sync_api import Page, expect

from tests.edge.station.page.made_station import (
    ADDRESS,
    COUNT_ID,
    MadeStation,
    made_cells,
)

AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
REVIEW = f"review/{COUNT_ID}"
FAULT = {"code": "storage", "what": "The disk is full.", "mend": "Make room."}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not AXE.is_file(), reason=f"axe-core is not at {AXE} (AXE_CORE)"
    ),
]


def _nothing(page: Page) -> None:
    expect(page.locator(".view:not([hidden])")).to_be_visible()


def _press(*wanted: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        for one in wanted:
            page.locator(one).click()

    return press


def _sign(page: Page) -> None:
    page.locator("#to-sign").click()
    page.locator("#sign-password").fill("correct horse")
    page.locator("#sign-do").click()
    expect(page.locator("#amend")).to_be_visible()


def _refuse(page: Page) -> None:
    page.locator("#to-sign").click()
    page.locator("#sign-password").fill("another")
    page.locator("#sign-do").click()
    expect(page.locator("#message")).to_be_visible()


def _lose(page: Page) -> None:
    page.evaluate("document.getElementById('lost').hidden = false")
    page.evaluate("document.getElementById('lost').textContent = 'Connection lost'")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the page shows, and how to get there."""

    name: str
    view: str
    state: str = "idle"
    role: str = "supervisor"
    act: Callable[[Page], None] = _nothing
    is_faulty: bool = False
    uncertain: int = 0


STATES = (
    State(name="idle", view="live"),
    State(name="counting", view="live", state="counting"),
    State(name="paused", view="live", state="paused"),
    State(name="target reached", view="live", state="complete"),
    State(name="source ended", view="live", state="ended"),
    State(name="fault", view="live", state="fault", is_faulty=True),
    State(name="question", view="live", state="counting", act=_press("#discard")),
    State(name="menu", view="live", act=_press("#menu-open")),
    State(name="samples", view="samples"),
    State(name="connection lost", view="samples", act=_lose),
    State(name="review", view=REVIEW, uncertain=3),
    State(name="cell large", view=REVIEW, uncertain=3, act=_press("#enlarge")),
    State(name="adding a cell", view=REVIEW, act=_press("#add-cell")),
    State(name="keys", view=REVIEW, act=_press("#key-map")),
    State(name="not to be signed", view=REVIEW, uncertain=3, act=_press("#to-sign")),
    State(name="to be signed", view=REVIEW, act=_press("#to-sign")),
    State(name="refused", view=REVIEW, act=_refuse),
    State(name="signed", view=REVIEW, act=_sign),
    State(name="controls", view="controls"),
    State(name="laboratory system", view="outbox"),
    State(name="trail", view="audit", act=_press("#audit-check")),
    State(name="accounts seen", view="accounts"),
    State(name="accounts kept", view="accounts", role="service"),
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("shown", STATES, ids=lambda shown: shown.name)
def test_axe_finds_nothing(page: Page, shown: State, theme: str) -> None:
    station = MadeStation(page, made_cells(40, shown.uncertain), shown.role)
    station.state = shown.state
    station.fault = FAULT if shown.is_faulty else None
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto(f"{ADDRESS}/#{shown.view}")
    expect(page.locator(".view:not([hidden])")).to_be_visible()
    shown.act(page)
    page.wait_for_timeout(300)
    found = page.evaluate(AXE.read_text(encoding="utf-8") + "; axe.run()")
    assert told(found["violations"]) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_before_anybody_signed_in(page: Page, theme: str) -> None:
    station = MadeStation(page, [])
    station.role = ""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto(ADDRESS)
    expect(page.locator("#signin-form")).to_be_visible()
    found = page.evaluate(AXE.read_text(encoding="utf-8") + "; axe.run()")
    assert told(found["violations"]) == []


def told(violations: list[dict[str, object]]) -> list[str]:
    """Say of each violation what it is and where."""
    return [
        f"{one['impact']} {one['id']}: {[node['html'] for node in one['nodes']]}"  # type: ignore[attr-defined] # axe's own form
        for one in violations
    ]
