"""What spares the reviewer errors: reasons, keys, drags, messages, paper."""

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is missing")

from playwright.sync_api import Locator, Page, expect

from tests.edge.station.page.made_station import (
    ADDRESS,
    COUNT_ID,
    MadeStation,
    made_cells,
    open_review,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

NOT_FROM_PAGE = {
    "error": "The request does not come from this page.",
    "mend": "Load the page again.",
    "code": "not_from_page",
    "values": {},
}


@pytest.fixture
def tablet(browser: "Browser") -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1024, "height": 768},
        locale="en-GB",
        has_touch=True,
        bypass_csp=True,
    )
    yield context.new_page()
    context.close()


def middle(one: Locator) -> tuple[float, float]:
    box = one.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_an_uncertain_cell_says_why(page: Page) -> None:
    cells = made_cells(40, 2)
    cells[1]["model_probability"] = 0.999
    MadeStation(page, cells)
    page.goto(f"{ADDRESS}/#review/{COUNT_ID}")
    expect(page.locator("#cell0 .doubt")).to_have_text("B 40 % · unsure")
    expect(page.locator("#cell1 .doubt")).to_have_text("E > 99 % · unlike")
    page.locator("#cell1").dblclick()
    expect(page.locator("#large-facts")).to_contain_text("unlike the cells")
    page.locator("#large-close").click()
    page.locator("#cell0").dblclick()
    expect(page.locator("#large-facts")).to_contain_text(
        "less probable than the 90.0 %"
    )


def test_of_another_models_count_no_reason_is_made_up(page: Page) -> None:
    station = MadeStation(page, made_cells(40, 2))
    station.minimum_probability = None
    page.goto(f"{ADDRESS}/#review/{COUNT_ID}")
    expect(page.locator("#cell0 .doubt")).to_have_text("B 40 %")


def test_one_key_accepts_what_the_model_suggests(page: Page) -> None:
    station = open_review(page, uncertain=3)
    page.locator("#cell0").click()
    page.locator("#cell1").click(modifiers=["Shift"])
    page.keyboard.press("a")
    expect(page.locator("#open-cells")).to_contain_text("1 uncertain")
    page.get_by_role("button", name="Accept the suggestion").click()
    expect(page.locator("#open-cells")).to_have_text("All uncertain cells settled")
    given = [station.cell(number)["person_class"] for number in range(3)]
    assert given == [station.cell(number)["model_class"] for number in range(3)]


def test_with_nothing_chosen_no_suggestion_is_accepted(page: Page) -> None:
    station = open_review(page, uncertain=3)
    expect(page.get_by_role("button", name="Accept the suggestion")).to_be_disabled()
    page.locator("#gallery").focus()
    page.keyboard.press("a")
    expect(page.locator("#message")).to_contain_text("No cell is chosen")
    assert not any(path.endswith("/review") for _, path, _ in station.calls)


def test_what_is_dragged_hides_no_class_and_the_one_aimed_at_is_marked(
    page: Page,
) -> None:
    open_review(page, uncertain=3)
    page.locator("#cell0").hover()
    page.mouse.down()
    page.mouse.move(400, 500)
    expect(page.locator(".ghost img")).to_be_visible()
    page.locator("#class-bar [data-class=monocyte]").hover()
    expect(page.locator(".ghost img")).to_be_hidden()
    expect(page.locator("#class-bar .aimed")).to_have_attribute(
        "data-class", "monocyte"
    )
    page.mouse.up()
    expect(page.locator(".aimed")).to_have_count(0)
    expect(page.locator(".ghost")).to_have_count(0)


class Finger:
    """Touches a page, through one session from touch to lift."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def touch(self, kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        wanted = {"type": kind, "touchPoints": points}
        self._session.send("Input.dispatchTouchEvent", wanted)


def test_a_finger_drags_after_a_long_press(tablet: Page) -> None:
    station = open_review(tablet, uncertain=3)
    tile = middle(tablet.locator("#cell0"))
    target = middle(tablet.locator("#class-bar [data-class=ig]"))
    finger = Finger(tablet)
    finger.touch("touchStart", *tile)
    expect(tablet.locator(".ghost")).to_be_visible()
    for part in (0.3, 0.6, 1.0):
        way = zip(tile, target, strict=True)
        x, y = (begin + part * (end - begin) for begin, end in way)
        finger.touch("touchMove", x, y)
    expect(tablet.locator("#class-bar .aimed")).to_have_attribute("data-class", "ig")
    finger.touch("touchEnd")
    expect(tablet.locator("#open-cells")).to_contain_text("2 uncertain")
    assert station.cell(0)["person_class"] == "ig"


def test_a_finger_that_moves_at_once_scrolls(tablet: Page) -> None:
    open_review(tablet, cells=400, uncertain=3)
    x, y = middle(tablet.locator("#cell0"))
    finger = Finger(tablet)
    finger.touch("touchStart", x, y)
    for step in range(1, 8):
        finger.touch("touchMove", x, y - 25 * step)
    finger.touch("touchEnd")
    tablet.wait_for_function("document.getElementById('gallery').scrollTop > 0")
    expect(tablet.locator(".ghost")).to_have_count(0)


def test_control_and_z_undo_wherever_the_focus_is(page: Page) -> None:
    station = open_review(page, uncertain=2)
    page.locator("#cell0").click()
    page.locator("#class-bar [data-class=ig]").click()
    expect(page.locator("#open-cells")).to_contain_text("1 uncertain")
    page.keyboard.press("Control+z")
    expect(page.locator("#open-cells")).to_contain_text("2 uncertain")
    assert station.cell(0)["person_class"] is None


def test_a_station_that_was_started_anew_is_gone_on_with(page: Page) -> None:
    station = open_review(page, uncertain=2)
    station.refusals.append(dict(NOT_FROM_PAGE))
    page.locator("#cell0").click()
    page.keyboard.press("m")
    expect(page.locator("#open-cells")).to_contain_text("1 uncertain")
    expect(page.locator("#message-box")).to_be_hidden()
    assert station.cell(0)["person_class"] == "monocyte"


def test_a_request_that_is_no_own_one_is_asked_twice_and_no_more(page: Page) -> None:
    station = open_review(page, uncertain=2)
    station.refusals += [dict(NOT_FROM_PAGE), dict(NOT_FROM_PAGE)]
    page.locator("#cell0").click()
    page.keyboard.press("m")
    expect(page.locator("#message")).to_contain_text("does not come from this page")
    assert station.cell(0)["person_class"] is None


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "A value is missing"), ("de", "Ein Wert fehlt")],
)
def test_a_programs_own_message_is_put_in_words_and_leaves(
    page: Page, language: str, says: str
) -> None:
    station = open_review(page, uncertain=3)
    page.locator("#menu-open").click()
    page.locator("#language").select_option(language)
    page.keyboard.press("Escape")
    raw = "body.target: Input should be less than or equal to 10000"
    station.refusals.append(
        {
            "status": 422,
            "error": f"The request is not as wanted: {raw}.",
            "mend": None,
            "code": "not_as_wanted",
            "values": {"detail": raw},
        }
    )
    page.locator("#cell0").click()
    page.keyboard.press("m")
    expect(page.locator("#message")).to_contain_text(says)
    expect(page.locator("#message")).not_to_contain_text("Input should be")
    page.locator("#cell0").click()
    page.keyboard.press("m")
    expect(page.locator("#message-box")).to_be_hidden()


def test_the_early_finish_asks_with_the_figures_of_now(page: Page) -> None:
    station = MadeStation(page, made_cells(8, 0))
    station.state, station.leukocytes = "counting", 52
    page.goto(ADDRESS)
    expect(page.locator("#leukocytes")).to_have_text("52")
    page.locator("#finish").click()
    expect(page.locator("#ask-what")).to_contain_text("Only 52 of 100")
    station.leukocytes = 71
    expect(page.locator("#ask-what")).to_contain_text("Only 71 of 100")


@pytest.mark.parametrize("width", [800, 1024, 1366])
def test_the_reference_stands_in_figures_at_any_width(page: Page, width: int) -> None:
    station = MadeStation(page, made_cells(8, 0))
    station.state = "counting"
    page.set_viewport_size({"width": width, "height": 768})
    page.goto(ADDRESS)
    row = page.locator("#live-differential [data-class=ig] .expected")
    expect(row).to_be_visible()
    expect(row).to_have_text("0 – 0.9")  # noqa: RUF001 - a range's dash
    page.locator("#menu-open").click()
    page.locator("#language").select_option("de")
    expect(row).to_have_text("0 – 0,9")  # noqa: RUF001 - a range's dash


def test_paper_shows_every_cell(page: Page) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is missing")
    open_review(page, cells=120, uncertain=3)
    assert page.locator(".tile").count() < 120
    page.evaluate("window.print = () => { window.wasPrinted = true; }")
    page.keyboard.press("Control+p")
    page.wait_for_function("window.wasPrinted")
    expect(page.locator(".tile")).to_have_count(120)
    printed = pypdf.PdfReader(BytesIO(page.pdf())).pages
    text = "\n".join(one.extract_text() for one in printed)
    assert text.count(" %") >= 120
    assert "Sign and export" not in text
    assert sum(len(one.images) for one in printed) >= 1
