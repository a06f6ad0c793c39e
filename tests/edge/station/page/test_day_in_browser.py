"""A day's path in a real Chromium against the real station on a simulated slide."""

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is missing")
pytest.importorskip("fastapi", reason="the extra web is missing")

CHROMIUM = shutil.which("chromium")
SERVE = "from edge.station.serve_cli import serve; serve()"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium in the path"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, "the station ended"
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    pytest.fail("the station did not answer within a minute")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-c", SERVE, "demo:seed=7"]
    options = ["--data", str(tmp_path / "data"), "--port", str(port)]
    with subprocess.Popen([*command, *options]) as server:
        wait_until_it_answers(f"http://127.0.0.1:{port}/", server)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def test_count_review_sign_and_export(address: str) -> None:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        context = chromium.new_context(locale="en-GB")
        page, refused = context.new_page(), []
        page.on("pageerror", lambda error: refused.append(str(error)))
        page.on("response", lambda one: one.status >= 400 and refused.append(one.url))
        _count(page, address)
        _review(page)
        _sign_and_export(page)
        assert refused == []
        chromium.close()


def _count(page: sync_api.Page, address: str) -> None:
    expect = sync_api.expect
    page.goto(address)
    page.locator("#sample-id").fill("S-1")
    page.locator("#sample-id").press("Enter")
    expect(page.locator("#state")).to_have_text("Counting", timeout=30_000)
    expect(page.locator("#leukocytes")).not_to_have_text("0", timeout=30_000)
    page.locator("#pause").click()
    expect(page.locator("#state")).to_have_text("Paused", timeout=15_000)
    counted = page.locator("#leukocytes").inner_text()
    page.reload()
    expect(page.locator("#state")).to_have_text("Paused", timeout=15_000)
    expect(page.locator("#leukocytes")).to_have_text(counted)
    page.locator("#resume").click()
    expect(page.locator("#state")).not_to_have_text("Paused", timeout=15_000)
    page.wait_for_timeout(4000)
    page.locator("#finish").click()
    expect(page.locator("#to-review")).to_be_visible(timeout=30_000)
    page.locator("#to-review").click()


def _review(page: sync_api.Page) -> None:
    expect = sync_api.expect
    expect(page.locator(".tile").first).to_be_visible(timeout=15_000)
    line = page.locator("#open-cells")
    page.locator(".tile").first.click()
    page.keyboard.press("m")
    expect(line).to_contain_text("agree")
    for _ in range(200):
        before = line.inner_text()
        if "settled" in before:
            break
        page.keyboard.press("n")
        expect(line).not_to_have_text(before)
    expect(line).to_contain_text("All uncertain cells settled")


def _sign_and_export(page: sync_api.Page) -> None:
    page.locator("#to-sign").click()
    page.locator("#sign-do").click()
    sync_api.expect(page.locator("#sign-state")).to_have_text(
        re.compile("Signed by Operator"), timeout=15_000
    )
    for kind, begins in (("PDF", b"%PDF"), ("JSON", b"{"), ("HL7", b"MSH|")):
        with page.expect_download() as download:
            page.locator("#exports").get_by_text(kind, exact=True).click()
        assert download.value.path().read_bytes().startswith(begins)
