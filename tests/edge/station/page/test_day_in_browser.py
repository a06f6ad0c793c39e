"""A whole day's path in a real Chromium against the real station."""

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from edge.station.records import Role
from tests.edge.station.page.cable import Cable
from tests.edge.station.page.composed_slide import write_composed_slide
from tests.edge.station.page.conftest import PATIENCE_MS
from tests.edge.station.page.looks import LAPTOP, LOOKS, PORTRAIT, take
from tests.edge.station.page.station_process import StationProcess, password
from tests.edge.track.worlds import PBC, TXL

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is missing")
pytest.importorskip("edge.station.app", reason="the extra web is missing")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PEOPLE: Final = {"ann": Role.OPERATOR, "ben": Role.OPERATOR, "sue": Role.SUPERVISOR}
DEMO: Final = "demo:seed=7,frames=60,pixel_size_um=0.15"
TARGET: Final = 200
COUNTED_MS: Final = 1_200_000
"""However busy the machine is."""

pytestmark = pytest.mark.slow
expect = sync_api.expect


def test_whole_day_on_a_simulated_slide(browser: "Browser", tmp_path: Path) -> None:
    with StationProcess(DEMO, tmp_path / "data", PEOPLE) as station:
        Day(browser, station, tmp_path / "pictures").pass_by()


@pytest.mark.skipif(
    not (PBC.is_dir() and TXL.is_dir()), reason=f"PBC and its boxes are not at {PBC}"
)
def test_whole_day_on_a_composed_slide(browser: "Browser", tmp_path: Path) -> None:
    write_composed_slide(tmp_path / "fields")
    source = str(tmp_path / "fields")
    with StationProcess(source, tmp_path / "data", PEOPLE) as station:
        Day(browser, station, tmp_path / "pictures").pass_by()


class Day:
    """Ann counts, reviews and signs on a laptop; Ben looks on at a tablet.

    Parameters
    ----------
    browser : Browser
    station : StationProcess
    pictures : Path
    """

    def __init__(
        self, browser: "Browser", station: StationProcess, pictures: Path
    ) -> None:
        self.browser = browser
        self.station = station
        self.pictures = pictures
        self.faults: list[str] = []
        self.cable = Cable(station.port)
        self.ann = self._sign_in("ann", LAPTOP.open(browser), self.cable.address)
        self.ben = self._sign_in("ben", PORTRAIT.open(browser), station.address)

    def pass_by(self) -> None:
        """Live it from the first sample to the amended report."""
        self._take("ready")
        self._start()
        self._pause_and_reload()
        self._lose_and_regain_the_network()
        self._cut_the_power()
        self._reach_the_target()
        self._review()
        self._sign()
        self._export()
        self._look_at_every_view()
        self._amend()
        assert self.faults == []

    def _sign_in(self, name: str, page: "Page", address: str) -> "Page":
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on(
            "response",
            lambda one: one.status >= 500 and self.faults.append(one.url),
        )
        page.goto(address)
        page.locator("#signin-name").fill(name)
        page.locator("#signin-password").fill(password(name))
        page.locator("#signin-form").get_by_role("button").click()
        expect(page.locator("#person")).to_have_text(name.title())
        return page

    def _take(self, name: str, page: "Page | None" = None) -> None:
        take(page or self.ann, self.pictures, name)

    def _start(self) -> None:
        expect(self.ann.locator("#state")).to_have_text("Ready for a sample")
        self.ann.get_by_label(str(TARGET)).check()
        self.ann.locator("#sample-id").fill("S-2026-0042")
        self.ann.locator("#sample-id").press("Enter")
        for page in (self.ann, self.ben):
            expect(page.locator("#state")).to_have_text("Counting")
            expect(page.locator("#sample")).to_have_text("S-2026-0042")
            _wait_for_more(page, 0)
        expect(self.ben.locator("#watching")).to_contain_text("ann steers this count")
        for button in ("#pause", "#finish", "#discard", "#start"):
            expect(self.ben.locator(button)).to_be_hidden()
        self._take("counting")
        self._take("counting-second-viewer", self.ben)

    def _pause_and_reload(self) -> None:
        self.ann.locator("#pause").click()
        for page in (self.ann, self.ben):
            expect(page.locator("#state")).to_have_text("Paused")
        counted = _located(self.ann)
        expect(self.ben.locator("#leukocytes")).to_have_text(str(counted))
        self._take("paused")
        self.ann.reload()
        expect(self.ann.locator("#state")).to_have_text("Paused")
        expect(self.ann.locator("#sample")).to_have_text("S-2026-0042")
        expect(self.ann.locator("#leukocytes")).to_have_text(str(counted))
        self.ann.locator("#resume").click()
        expect(self.ann.locator("#state")).to_have_text("Counting")

    def _lose_and_regain_the_network(self) -> None:
        self.cable.pull()
        expect(self.ann.locator("#state")).to_contain_text("Connection lost")
        self._take("connection-lost")
        lost_at = _located(self.ann)
        _wait_for_more(self.ben, lost_at)
        assert _located(self.ann) == lost_at
        self.cable.plug_in()
        expect(self.ann.locator("#state")).to_have_text("Counting")
        _wait_for_more(self.ann, lost_at)

    def _cut_the_power(self) -> None:
        before = _located(self.ben)
        self.station.kill()
        for page in (self.ann, self.ben):
            expect(page.locator("#state")).to_contain_text("Connection lost")
        self.station.start()
        for page in (self.ann, self.ben):
            expect(page.locator("#fault")).to_contain_text(
                "The station stopped while this sample was counted."
            )
            expect(page.locator("#leukocytes")).to_be_hidden()
        self._take("after-a-power-cut")
        self.ann.locator("#resume").click()
        expect(self.ann.locator("#state")).to_have_text("Counting")
        _wait_for_more(self.ann, before)

    def _reach_the_target(self) -> None:
        expect(self.ann.locator("#state")).to_have_text(
            f"Target of {TARGET} reached", timeout=COUNTED_MS
        )
        assert _located(self.ann) >= TARGET
        expect(self.ann.locator("#continue")).to_be_visible()
        self._take("target-reached")
        self.ann.locator("#finish").click()
        expect(self.ann.locator("#state")).to_have_text("Ready for a sample")
        expect(self.ann.locator("#last-title")).to_have_text("Last count: S-2026-0042")
        self._take("counted")

    def _review(self) -> None:
        page = self.ann
        page.locator("#to-review").click()
        expect(page.locator(".tile").first).to_be_visible()
        expect(page.locator(".group-head").first).to_contain_text("Uncertain")
        self._take("review")
        for look in LOOKS[1:]:
            page.set_viewport_size({"width": look.width, "height": look.height})
            page.emulate_media(color_scheme=look.scheme)  # type: ignore[arg-type] # a word of two
            self._take(f"review-{look.name}")
        page.set_viewport_size({"width": LAPTOP.width, "height": LAPTOP.height})
        page.emulate_media(color_scheme="light")
        self._reclassify_by_key_and_drag()
        self._settle()

    def _reclassify_by_key_and_drag(self) -> None:
        page = self.ann
        uncertain = _uncertain(page)
        page.locator(".tile").first.click()
        page.keyboard.press("m")
        expect(page.locator("#open-cells")).to_contain_text("agree")
        _expect_uncertain(page, uncertain - 1)
        page.keyboard.press("u")
        _expect_uncertain(page, uncertain)
        page.locator(".tile").first.click()
        page.locator(".tile").nth(1).click(modifiers=["Shift"])
        page.locator(".tile").first.hover()
        page.mouse.down()
        page.locator("#class-bar [data-class=lymphocyte]").hover()
        page.mouse.up()
        _expect_uncertain(page, uncertain - 2)

    def _settle(self) -> None:
        page = self.ann
        page.locator(".tile").first.click()
        page.locator("#enlarge").click()
        expect(page.locator("#large-facts")).to_contain_text("Model")
        page.wait_for_timeout(500)
        self._take("cell-large")
        page.locator("#large-classes [data-class=eosinophil]").click()
        page.locator("#large-close").click()
        page.locator("#gallery").focus()
        while uncertain := _uncertain(page):
            page.keyboard.press("n")
            _expect_uncertain(page, uncertain - 1)
        expect(page.locator("#open-cells")).to_contain_text(
            "All uncertain cells settled"
        )
        page.reload()
        expect(page.locator("#open-cells")).to_contain_text(
            "All uncertain cells settled"
        )

    def _sign(self) -> None:
        page = self.ann
        page.locator("#to-sign").click()
        self._take("to-be-signed")
        page.locator("#sign-password").fill("another one")
        page.locator("#sign-do").click()
        expect(page.locator("#message")).to_contain_text("The password is wrong.")
        page.locator("#sign-comment").fill("Two lymphocytes look reactive.")
        page.locator("#sign-password").fill(password("ann"))
        page.locator("#sign-do").click()
        expect(page.locator("#sign-state")).to_contain_text("Signed by Ann")
        self._take("signed")

    def _export(self) -> None:
        counted = _shown_counts(self.ann)
        leukocytes = sum(counted[:6])
        exported = json.loads(self._download("JSON"))
        shares = {
            one["class_name"]: one["count"]
            for one in exported["differential"]["shares"]
        }
        assert exported["differential"]["leukocytes"] == leukocytes
        assert sorted(shares.values()) == sorted(counted)
        assert self._download("PDF").startswith(b"%PDF-")
        rows = list(csv.reader(io.StringIO(self._download("CSV").decode())))
        assert any("S-2026-0042" in row for row in rows)
        fhir = json.loads(self._download("FHIR"))
        assert "DiagnosticReport" in json.dumps(fhir)
        segments = self._download("HL7").decode().split("\r")
        assert segments[0].startswith("MSH|")
        assert {"OBR", "OBX"} <= {one[:3] for one in segments}
        self.ann.locator("#exports").get_by_role("button").click()
        expect(self.ann.locator("#message")).to_have_text(
            "Queued for the laboratory system."
        )
        self.ann.locator("#sign-close").click()
        for button in ("#undo", "#remove", "#add-cell"):
            expect(self.ann.locator(button)).to_be_disabled()

    def _download(self, kind: str) -> bytes:
        with self.ann.expect_download() as download:
            self.ann.locator("#exports").get_by_text(kind, exact=True).click()
        return download.value.path().read_bytes()

    def _look_at_every_view(self) -> None:
        sue = self._sign_in("sue", LAPTOP.open(self.browser), self.station.address)
        for view in ("live", "samples", "controls", "outbox", "audit", "accounts"):
            sue.goto(f"{self.station.address}/#{view}")
            expect(sue.locator(f"#view-{view}")).to_be_visible()
            sue.wait_for_timeout(700)
            for look in LOOKS:
                sue.set_viewport_size({"width": look.width, "height": look.height})
                sue.emulate_media(color_scheme=look.scheme)  # type: ignore[arg-type] # a word of two
                self._take(f"{view}-{look.name}", sue)
        sue.goto(f"{self.station.address}/#audit")
        expect(sue.locator("#audit-rows tr").first).to_be_visible()
        sue.locator("#audit-check").click()
        expect(sue.locator("#audit-checked")).to_contain_text("lines are whole")
        sue.context.close()

    def _amend(self) -> None:
        sue = self._sign_in("sue", LAPTOP.open(self.browser), self.station.address)
        sue.goto(f"{self.station.address}/#samples")
        sue.get_by_role("link", name="S-2026-0042").click()
        expect(sue.locator("#open-cells")).to_contain_text("Signed")
        sue.locator("#to-sign").click()
        sue.locator("#amend").click()
        sue.locator("#ask").get_by_label("Reason").fill("A lymphocyte was a monocyte")
        sue.locator("#ask-yes").click()
        expect(sue.locator("#amendment")).to_contain_text("A lymphocyte was a monocyte")
        expect(sue.locator(".tile").first).to_be_visible()
        sue.locator(".tile").first.click()
        sue.keyboard.press("m")
        expect(sue.locator("#undo")).to_be_enabled()
        sue.locator("#to-sign").click()
        sue.locator("#sign-password").fill(password("sue"))
        sue.locator("#sign-do").click()
        expect(sue.locator("#sign-state")).to_contain_text("Signed by Sue")
        self._take("amended", sue)
        sue.goto(f"{self.station.address}/#samples")
        expect(sue.locator("#sample-rows")).to_contain_text("Superseded")
        self._take("samples-amended", sue)


def _located(page: "Page") -> int:
    return int(page.locator("#leukocytes").inner_text())


def _wait_for_more(page: "Page", than: int) -> None:
    page.wait_for_function(
        "than => Number(document.getElementById('leukocytes').textContent) > than",
        arg=than,
    )


def _uncertain(page: "Page") -> int:
    found = re.match(r"(\d+) uncertain", page.locator("#open-cells").inner_text())
    return int(found.group(1)) if found else 0


def _expect_uncertain(page: "Page", count: int) -> None:
    wanted = f"{count} uncertain" if count else "All uncertain cells settled"
    expect(page.locator("#open-cells")).to_contain_text(wanted)


def _shown_counts(page: "Page") -> list[int]:
    return [
        int(text)
        for text in page.locator("#sign-differential .count").all_inner_texts()
    ]
