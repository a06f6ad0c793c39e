"""Laboratory system, audit trail, accounts and amendments, in a real Chromium."""

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is missing")

from playwright.sync_api import Page, expect

from tests.edge.station.page.made_station import (
    ADDRESS,
    COUNT_ID,
    MadeStation,
    made_cells,
    open_review,
)

pytestmark = pytest.mark.slow


def open_view(page: Page, view: str, role: str) -> MadeStation:
    station = MadeStation(page, made_cells(8, 0), role)
    page.goto(f"{ADDRESS}/#{view}")
    return station


def test_rejected_message_is_sent_again(page: Page) -> None:
    station = open_view(page, "outbox", "operator")
    rows = page.locator("#outbox-rows tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("Rejected")
    expect(rows.nth(2)).to_contain_text("unknown sample")
    expect(rows.nth(1).get_by_role("button")).to_have_count(0)
    rows.nth(2).get_by_role("button", name="Send again").click()
    expect(page.locator("#message")).to_have_text("Queued for the laboratory system.")
    assert ("POST", "/outbox/rejected/again", None) in station.calls


def test_supervisor_reads_the_trail_and_has_it_checked(page: Page) -> None:
    open_view(page, "audit", "supervisor")
    rows = page.locator("#audit-rows tr")
    expect(rows.nth(0)).to_contain_text("Signed")
    expect(rows.nth(1)).to_contain_text("cell: 7, class: Monocyte")
    expect(rows.nth(2)).to_contain_text("unheard_of")
    page.locator("#audit-check").click()
    expect(page.locator("#audit-checked")).to_contain_text("Line 2 was changed")


@pytest.mark.parametrize("view", ["audit", "accounts"])
def test_operator_finds_neither_trail_nor_accounts(page: Page, view: str) -> None:
    station = open_view(page, view, "operator")
    expect(page.locator("#view-live")).to_be_visible()
    page.locator("#menu-open").click()
    expect(page.locator("#menu a")).to_have_count(3)
    expect(page.locator("#menu").get_by_role("link")).to_have_text("Laboratory system")
    assert not [path for _, path, _ in station.calls if path.startswith(f"/{view}")]


def test_service_sees_accounts_alone_and_keeps_them(page: Page) -> None:
    station = open_view(page, "live", "service")
    expect(page.locator("#view-accounts")).to_be_visible()
    expect(page.locator("nav").get_by_role("link")).to_have_count(0)
    assert not [path for _, path, _ in station.calls if path.startswith("/samples")]
    rows = page.locator("#account-rows tr")
    expect(rows.nth(0).get_by_role("button")).to_have_count(1)
    page.get_by_role("button", name="Lock: ben").click()
    page.locator("#ask-no").click()
    expect(rows.nth(1)).to_contain_text("Open")
    page.get_by_role("button", name="Lock: ben").click()
    page.locator("#ask-yes").click()
    expect(rows.nth(1)).to_contain_text("Locked")
    page.get_by_role("button", name="Change role: ben").click()
    page.locator("#ask").get_by_label("Role").select_option("supervisor")
    page.locator("#ask-yes").click()
    expect(rows.nth(1)).to_contain_text("Supervisor")


def test_service_adds_an_account(page: Page) -> None:
    station = open_view(page, "accounts", "service")
    page.locator("#account-name").fill("dora")
    page.locator("#account-full-name").fill("Dora Doe")
    page.locator("#account-password").fill("correct horse dora")
    page.locator("#account-form").get_by_role("button", name="Add").click()
    expect(page.locator("#account-rows tr")).to_have_count(4)
    assert (
        "POST",
        "/accounts",
        {
            "name": "dora",
            "full_name": "Dora Doe",
            "role": "operator",
            "password": "correct horse dora",
        },
    ) in station.calls


def test_supervisor_amends_a_signed_count_with_a_reason(page: Page) -> None:
    station = open_review(page, uncertain=0, role="supervisor")
    station.needs_password = False
    page.reload()
    page.locator("#to-sign").click()
    expect(page.locator("#sign-password")).to_be_hidden()
    expect(page.locator("#amend")).to_be_hidden()
    page.locator("#sign-do").click()
    expect(page.locator("#sign-state")).to_contain_text("Signed by Anna")
    page.locator("#amend").click()
    page.locator("#ask").get_by_label("Reason").fill("Wrong class of one cell")
    page.locator("#ask-yes").click()
    expect(page.locator("#amendment")).to_contain_text("Wrong class of one cell")
    assert page.evaluate("location.hash") == f"#review/{'b' * 32}"
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_operator_neither_amends_nor_discards(page: Page) -> None:
    open_review(page, uncertain=0)
    page.locator("#to-sign").click()
    expect(page.locator("#sign-do")).to_be_visible()
    expect(page.locator("#sign-more")).to_be_hidden()


def test_count_is_discarded_only_after_a_question(page: Page) -> None:
    station = open_review(page, uncertain=0, role="supervisor")
    page.locator("#to-sign").click()
    page.locator("#discard-sample").click()
    page.keyboard.press("Escape")
    assert not [verb for verb, _, _ in station.calls if verb == "DELETE"]
    page.locator("#discard-sample").click()
    page.locator("#ask-yes").click()
    expect(page.locator("#message")).to_have_text("The count was discarded.")
    assert ("DELETE", f"/samples/{COUNT_ID}", None) in station.calls
    expect(page.locator("#view-samples")).to_be_visible()


def test_finishing_short_of_the_target_and_discarding_are_asked_about(
    page: Page,
) -> None:
    station = MadeStation(page, made_cells(8, 0))
    station.state = "counting"
    page.goto(ADDRESS)
    expect(page.locator("#sample")).to_have_text("S-1")
    page.locator("#finish").click()
    expect(page.locator("#ask-what")).to_contain_text("Only 40 of 100")
    page.locator("#ask-no").click()
    page.locator("#discard").click()
    expect(page.locator("#ask-what")).to_contain_text("Discard the count of S-1?")
    page.keyboard.press("Escape")
    assert station.state == "counting"
    page.locator("#finish").click()
    page.locator("#ask-yes").click()
    expect(page.locator("#state")).to_have_text("Ready for a sample")
    expect(page.locator("#last-title")).to_contain_text("Last count: S-1")
    expect(page.locator("#last-title")).to_contain_text("ended at 40 of 100 leukocytes")


def test_second_operator_watches_and_a_fault_can_be_resumed(page: Page) -> None:
    station = MadeStation(page, made_cells(8, 0))
    station.state, station.operator = "counting", "ben"
    page.goto(ADDRESS)
    expect(page.locator("#watching")).to_contain_text("ben")
    expect(page.locator("#steer")).to_be_hidden()
    station.state, station.operator = "fault", "anna"
    station.fault = {"code": "source", "what": "No light.", "mend": "Switch it on."}
    page.reload()
    expect(page.locator("#fault")).to_have_text("No light. Switch it on.")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#state")).to_have_text("Counting")


def test_refusals_and_faults_are_in_the_chosen_language(page: Page) -> None:
    station = MadeStation(page, made_cells(8, 0), "supervisor")
    station.state = "fault"
    station.fault = {"code": "source", "what": "usb:0 is gone", "mend": "Plug it in."}
    page.goto(ADDRESS)
    page.locator("#menu-open").click()
    page.locator("#language").select_option("de")
    expect(page.locator("#fault")).to_contain_text("keine Bilder (usb:0 is gone)")
    page.goto(f"{ADDRESS}/#review/{COUNT_ID}")
    page.locator("#to-sign").click()
    page.locator("#sign-password").fill("another")
    page.locator("#sign-do").click()
    expect(page.locator("#message")).to_contain_text("Das Passwort ist falsch.")


def test_a_source_that_ended_early_says_so_and_looks_for_more(page: Page) -> None:
    station = MadeStation(page, made_cells(8, 0))
    station.state = "ended"
    page.goto(ADDRESS)
    expect(page.locator("#state")).to_have_text("The source has no more fields")
    expect(page.locator("#ended")).to_contain_text("of 100 leukocytes are counted")
    page.locator("#finish").click()
    expect(page.locator("#ask-what")).to_contain_text("of 100 leukocytes")
    page.locator("#ask-no").click()
    page.get_by_role("button", name="Look for more fields").click()
    expect(page.locator("#state")).to_have_text("Counting")
    expect(page.locator("#ended")).to_be_hidden()
    assert ("POST", "/count/resume", None) in station.calls
