"""The page in a real Chromium, on made data."""

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is missing")
made_station = pytest.importorskip("tests.edge.station.page.made_station")

from playwright.sync_api import Page, expect  # noqa: E402

from tests.edge.station.page.made_station import (  # noqa: E402
    ADDRESS,
    PASSWORD,
    MadeStation,
    made_cells,
    open_review,
)

pytestmark = pytest.mark.slow


def test_barcode_and_enter_start_a_count_that_can_be_paused(page: Page) -> None:
    station = MadeStation(page, made_cells(20, 2))
    page.goto(ADDRESS)
    expect(page.locator("#sample-id")).to_be_focused()
    expect(page.locator("#population")).to_have_value("newborn")
    page.locator("#start-form").get_by_label("200").check()
    page.locator("#sample-id").fill("S-77")
    page.locator("#sample-id").press("Enter")
    expect(page.locator("#state")).to_have_text("Counting")
    started = [body for verb, path, body in station.calls if path == "/count" and verb]
    assert started == [
        {
            "sample_id": "S-77",
            "target": 200,
            "population": "newborn",
            "is_control": False,
            "age_days": None,
            "sex": None,
        }
    ]
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("Paused")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()


def test_uncertain_cells_come_first_and_a_letter_settles_them(page: Page) -> None:
    station = open_review(page, uncertain=2)
    expect(page.locator(".group-head").first).to_have_text("?Uncertain: 2")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("l")
    expect(page.locator("#open-cells")).to_contain_text("1 uncertain")
    page.keyboard.press("Delete")
    expect(page.locator("#open-cells")).to_have_text("All uncertain cells settled")
    assert station.cell(0)["person_class"] == "lymphocyte"
    assert station.cell(1)["is_removed"]


def test_undo_takes_back_the_last_change_and_not_another(page: Page) -> None:
    station = open_review(page, uncertain=2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("m")
    expect(page.locator("#open-cells")).to_contain_text("1 uncertain")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("u")
    expect(page.locator("#open-cells")).to_contain_text("2 uncertain")
    assert station.cell(0)["person_class"] is None


def test_with_nothing_chosen_nothing_happens_and_a_held_key_acts_once(
    page: Page,
) -> None:
    station = open_review(page, uncertain=5)
    page.locator("#gallery").focus()
    expect(page.locator("#class-bar [data-class=ig]")).to_be_disabled()
    page.keyboard.press("m")
    expect(page.locator("#message")).to_contain_text("No cell is chosen")
    assert not any(path.endswith("/review") for _, path, _ in station.calls)
    page.locator("#cell1").click()
    for _ in range(6):
        page.keyboard.down("m")
    page.keyboard.up("m")
    expect(page.locator("#open-cells")).to_contain_text("4 uncertain")
    bodies = [body for _, path, body in station.calls if path.endswith("/review")]
    assert [body["cell_ids"] for body in bodies if body] == [[1]]


def test_a_stale_page_shows_both_words_and_asks(page: Page) -> None:
    station = open_review(page, uncertain=3)
    station.is_heard = False
    station.say(0, "ben", "monocyte")
    page.locator("#cell0").click()
    page.keyboard.press("l")
    question = page.locator("#ask-what")
    expect(question).to_contain_text("ben changed this: Monocyte")
    expect(question).to_contain_text("You wanted: Lymphocyte")
    page.locator("#ask-no").click()
    expect(page.locator("#open-cells")).to_contain_text("2 uncertain")
    assert station.cell(0)["person_class"] == "monocyte"
    page.locator("#cell0").click()
    page.keyboard.press("l")
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.locator("#cell0 .badge")).to_have_text("L")
    assert station.cell(0)["person_class"] == "lymphocyte"


def test_another_viewers_change_is_shown_by_itself(page: Page) -> None:
    station = open_review(page, uncertain=3)
    station.say(0, "ben", "monocyte")
    expect(page.locator("#open-cells")).to_contain_text("2 uncertain")
    expect(page.locator("#cell0 .badge")).to_have_text("M")


def test_selected_cells_are_dragged_onto_a_class(page: Page) -> None:
    station = open_review(page, uncertain=3)
    page.locator("#cell0").click()
    page.locator("#cell2").click(modifiers=["Shift"])
    expect(page.locator("#selection")).to_have_text("3 selected")
    page.locator("#cell1").hover()
    page.mouse.down()
    page.locator("#class-bar [data-class=ig]").hover()
    page.mouse.up()
    expect(page.locator("#open-cells")).to_have_text("All uncertain cells settled")
    assert [station.cell(number)["person_class"] for number in range(3)] == ["ig"] * 3


def test_a_missed_cell_is_added_where_the_frame_is_clicked(page: Page) -> None:
    station = open_review(page)
    page.get_by_role("button", name="Add a cell").click()
    expect(page.locator("#field")).to_have_attribute("width", "640")
    page.locator("#field").click()
    expect(page.locator("#message")).to_have_text("Choose the class of the cell above.")
    page.locator("#large-classes [data-class=monocyte]").click()
    shown = page.locator("#field").bounding_box()
    assert shown is not None
    page.locator("#field").click(
        position={"x": shown["width"] / 2, "y": shown["height"] / 2}
    )
    expect(page.locator("#message")).to_have_text("The cell was added.")
    (body,) = [body for _, path, body in station.calls if path.endswith("/review")]
    left, top, right, bottom = body["box_xyxy"]
    assert (left + right) / 2 == pytest.approx(320, abs=3)
    assert (top + bottom) / 2 == pytest.approx(240, abs=3)
    assert body["class_name"] == "monocyte"


def test_a_missed_cell_is_added_by_keys_alone(page: Page) -> None:
    station = open_review(page)
    page.get_by_role("button", name="Add a cell").click()
    expect(page.locator("#field")).to_have_attribute("width", "640")
    page.locator("#large-classes [data-class=lymphocyte]").press("Enter")
    expect(page.locator("#field")).to_be_focused()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#message")).to_have_text("The cell was added.")
    (body,) = [body for _, path, body in station.calls if path.endswith("/review")]
    assert body["class_name"] == "lymphocyte"
    left, top, right, bottom = body["box_xyxy"]
    assert (left + right) / 2 == pytest.approx(320 + 2 * 16, abs=1)
    assert (top + bottom) / 2 == pytest.approx(240 - 16, abs=1)


def test_nothing_is_signed_before_every_uncertain_cell_is_settled(page: Page) -> None:
    open_review(page, uncertain=1)
    page.locator("#to-sign").click()
    expect(page.locator("#sign-do")).to_be_disabled()
    page.keyboard.press("Escape")
    page.locator("#cell0").click()
    page.keyboard.press("n")
    expect(page.locator("#open-cells")).to_have_text("All uncertain cells settled")
    page.locator("#to-sign").click()
    page.locator("#sign-password").fill("another")
    page.locator("#sign-do").click()
    expect(page.locator("#message")).to_contain_text("The password is wrong.")
    expect(page.locator("#sign-state")).to_have_text("Ready to be signed")
    page.locator("#sign-password").fill(PASSWORD)
    page.locator("#sign-do").click()
    expect(page.locator("#sign-state")).to_contain_text("Signed by Anna")
    expect(page.locator("#undo")).to_be_disabled()


def test_ten_thousand_cells_keep_the_document_small(page: Page) -> None:
    open_review(page, cells=10_000, uncertain=100)
    gallery = page.locator("#gallery")
    gallery.evaluate("root => { root.scrollTop = root.scrollHeight / 2; }")
    expect(page.locator("#cell0")).to_have_count(0)
    assert 0 < page.locator(".tile").count() < 250
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#cell0")).to_be_visible()


def test_whose_blood_it_was_is_not_kept_for_the_next_sample(page: Page) -> None:
    station = MadeStation(page, made_cells(8, 0))
    page.goto(ADDRESS)
    expect(page.locator("#population")).not_to_have_value("unrestricted")
    usual = page.locator("#population").input_value()
    page.locator("#sample-id").fill("S-1")
    page.locator("#population").select_option("normal-adult")
    page.locator("#age").fill("3")
    page.locator("#age-unit").select_option("months")
    page.locator("#sex").select_option("female")
    page.locator("#start").click()
    expect(page.locator("#population")).to_have_value(usual)
    expect(page.locator("#age")).to_have_value("")
    expect(page.locator("#sex")).to_have_value("")
    (body,) = [one for _, path, one in station.calls if path == "/count" and one]
    said = body["population"], body["age_days"], body["sex"]
    assert said == ("normal-adult", 91, "female")


def test_language_is_chosen_and_kept(page: Page) -> None:
    MadeStation(page, made_cells(8, 0))
    page.goto(ADDRESS)
    page.locator("#menu-open").click()
    page.locator("#language").select_option("de")
    expect(page.locator("#state")).to_have_text("Bereit für eine Probe")
    page.reload()
    expect(page.locator("#start")).to_have_text("Zählung starten")
    assert page.locator("html").get_attribute("lang") == "de"
