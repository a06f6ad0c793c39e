"""UnattendedOperator gets in who should not, whatever they send."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from edge.station.security import accounts
from edge.station.security.limits import MOST_FAILURES, SignInLimit
from edge.station.settings import StationSettings
from hemalens.errors import ConfigError
from tests.edge.station.served import API, served, sign_in

PEOPLE = (("ann", "operator"), ("sue", "supervisor"), ("tom", "service"))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with served(tmp_path / "data", *PEOPLE) as (client, _):
        yield client


AT_SAMPLES = frozenset({"ann", "sue"})
SUPERVISING = frozenset({"sue"})
SERVING = frozenset({"tom"})
ALL = frozenset({"ann", "sue", "tom"})
MAY: dict[str, frozenset[str]] = {
    "GET /session": ALL,
    "DELETE /session": ALL,
    "POST /password": ALL,
    "GET /status": ALL,
    "GET /live": AT_SAMPLES,
    "GET /live/picture": AT_SAMPLES,
    "POST /count": AT_SAMPLES,
    "POST /count/pause": AT_SAMPLES,
    "POST /count/resume": AT_SAMPLES,
    "POST /count/continue": AT_SAMPLES,
    "POST /count/finish": AT_SAMPLES,
    "POST /count/discard": AT_SAMPLES,
    "POST /count/undo": AT_SAMPLES,
    "GET /samples": AT_SAMPLES,
    "GET /samples/{count_id}": AT_SAMPLES,
    "DELETE /samples/{count_id}": SUPERVISING,
    "GET /samples/{count_id}/cells": AT_SAMPLES,
    "GET /samples/{count_id}/cells/{cell_id}/crop": AT_SAMPLES,
    "GET /samples/{count_id}/fields/{frame}": AT_SAMPLES,
    "POST /samples/{count_id}/review": AT_SAMPLES,
    "POST /samples/{count_id}/sign": AT_SAMPLES,
    "POST /samples/{count_id}/amend": SUPERVISING,
    "GET /samples/{count_id}/export/{form}": AT_SAMPLES,
    "POST /samples/{count_id}/send": AT_SAMPLES,
    "GET /outbox": AT_SAMPLES,
    "POST /outbox/{message_id}/again": AT_SAMPLES,
    "GET /controls": AT_SAMPLES,
    "POST /controls/located": AT_SAMPLES,
    "POST /controls/located/{number}/strike": SUPERVISING,
    "GET /audit": SUPERVISING,
    "GET /audit/check": SUPERVISING,
    "GET /accounts": SUPERVISING | SERVING,
    "POST /accounts": SERVING,
    "POST /accounts/{name}/lock": SERVING,
    "POST /accounts/{name}/unlock": SERVING,
    "POST /accounts/{name}/role": SERVING,
    "POST /accounts/{name}/password": SERVING,
}
"""Who may use each address; a new one has to say."""


def described_routes(client: TestClient) -> list[tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    found = [(m.upper(), path) for path, ways in paths.items() for m in ways]
    return [one for one in found if one != ("POST", f"{API}/session")]


def filled(path: str) -> str:
    for name, value in (
        ("{count_id}", "0" * 32),
        ("{cell_id}", "1"),
        ("{frame}", "a.png"),
        ("{form}", "csv"),
        ("{message_id}", "0" * 20),
        ("{name}", "nobody"),
        ("{number}", "1"),
    ):
        path = path.replace(name, value)
    return path


def test_every_route_says_who_may_use_it(client: TestClient) -> None:
    found = {f"{m} {path.removeprefix(API)}" for m, path in described_routes(client)}
    assert found == set(MAY)


def test_no_route_answers_somebody_not_signed_in(client: TestClient) -> None:
    for method, path in described_routes(client):
        for body in ({}, None):
            answer = client.request(method, filled(path), json=body)
            said = answer.json()["code"]
            assert (answer.status_code, said) == (401, "nobody_signed_in"), path


@pytest.mark.parametrize("name", sorted(ALL))
def test_each_route_answers_its_roles_alone(client: TestClient, name: str) -> None:
    for method, path in described_routes(client):
        route = f"{method} {path.removeprefix(API)}"
        if route == "GET /live" and name in MAY[route]:
            continue
        # Anew each time, for some end the session.
        headers = sign_in(client, name)
        answer = client.request(method, filled(path), json={}, headers=headers)
        is_refused = answer.status_code == 403 and (
            answer.json()["code"] == "not_for_role"
        )
        assert is_refused is (name not in MAY[route]), (route, answer.text)
        assert answer.status_code != 401, route


def test_no_unsafe_route_answers_without_the_csrf_token(client: TestClient) -> None:
    sign_in(client, "sue")
    unsafe = [one for one in described_routes(client) if one[0] != "GET"]
    assert len(unsafe) > 15
    for method, path in unsafe:
        answer = client.request(method, filled(path), json={})
        said = answer.json()["code"]
        assert (answer.status_code, said) == (403, "not_from_page"), path


def test_a_csrf_token_is_of_one_session_alone(client: TestClient) -> None:
    of_another = sign_in(client, "ann")
    client.cookies.clear()
    before = sign_in(client, "sue")
    now = sign_in(client, "sue")
    for stale in (of_another, before, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "é"}):
        raw = {key: value.encode() for key, value in stale.items()}
        answer = client.post(f"{API}/count/undo", headers=raw)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_from_page")
    answer = client.post(f"{API}/count/undo", headers=now)
    assert answer.json()["code"] == "no_count_under_way"


def test_another_site_signs_nobody_in(client: TestClient) -> None:
    body = {"name": "ann", "password": "correct horse ann"}
    for site in ("cross-site", "same-site"):
        answer = client.post(
            f"{API}/session", json=body, headers={"Sec-Fetch-Site": site}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "not_from_page")
    # What a form of another site can send without being asked for leave.
    form = client.post(
        f"{API}/session",
        content=b'{"name":"ann","password":"correct horse ann"}',
        headers={"Content-Type": "text/plain"},
    )
    assert form.status_code == 422
    assert not client.cookies


def test_a_session_is_known_by_its_cookie_alone(client: TestClient) -> None:
    sign_in(client, "ann")
    token = client.cookies["hemalens_session"]
    client.cookies.clear()
    for kwargs in (
        {"params": {"hemalens_session": token}},
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"headers": {"hemalens_session": token}},
    ):
        assert client.get(f"{API}/session", **kwargs).status_code == 401


def test_each_sign_in_has_a_new_token_and_ends_the_old(client: TestClient) -> None:
    chosen = "chosen-by-an-attacker"
    client.cookies.set("hemalens_session", chosen, domain="localhost.local")
    sign_in(client, "ann")
    first = client.cookies["hemalens_session"]
    assert first != chosen
    sign_in(client, "ann")
    client.cookies.clear()
    stale = client.get(
        f"{API}/session", headers={"Cookie": f"hemalens_session={first}"}
    )
    assert stale.status_code == 401


def test_the_cookie_is_closed_to_scripts_and_other_sites(client: TestClient) -> None:
    body = {"name": "ann", "password": "correct horse ann"}
    cookie = client.post(f"{API}/session", json=body).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_passwords_cannot_be_tried_without_end(client: TestClient) -> None:
    body = {"name": "ann", "password": "wrong"}
    codes = [
        client.post(f"{API}/session", json=body).status_code
        for _ in range(MOST_FAILURES + 1)
    ]
    assert codes == [401] * MOST_FAILURES + [429]


def test_passwords_tried_at_once_are_limited_before_they_are_hashed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed, at_once, most = [], [], []

    def slow(password: str, _hash: str) -> bool:
        at_once.append(password)
        most.append(len(at_once))
        time.sleep(0.1)
        hashed.append(at_once.pop())
        return False

    monkeypatch.setattr(accounts, "is_password", slow)

    def attempt(number: int) -> int:
        body = {"name": "ann", "password": f"wrong {number}"}
        return client.post(f"{API}/session", json=body).status_code

    with ThreadPoolExecutor(20) as threads:
        codes = Counter(threads.map(attempt, range(20)))
    assert codes == {401: MOST_FAILURES, 429: 20 - MOST_FAILURES}
    assert len(hashed) == MOST_FAILURES
    assert max(most) <= accounts.MOST_HASHES


def test_wrong_attempts_of_others_lock_nobodys_work_out(client: TestClient) -> None:
    headers = sign_in(client, "ann")
    stranger = TestClient(client.app, client=("192.0.2.7", 5000))
    stranger.base_url = client.base_url
    for _ in range(MOST_FAILURES + 1):
        last = stranger.post(
            f"{API}/session", json={"name": "ann", "password": "wrong"}
        )
    assert last.status_code == 429
    body = {"old": "correct horse ann", "new": "another horse ann"}
    done = client.post(f"{API}/password", json=body, headers=headers)
    assert done.status_code == 204
    body = {"name": "ann", "password": "another horse ann"}
    assert client.post(f"{API}/session", json=body).status_code == 200


def test_the_limit_ends_with_time() -> None:
    now = [0.0]
    limit = SignInLimit(lambda: now[0])
    for _ in range(MOST_FAILURES):
        limit.failed("name ann")
    assert limit.wait_s("name ann") > 0
    assert limit.wait_s("name bob") == 0
    now[0] = 10_000
    assert limit.wait_s("name ann") == 0


def test_large_bodies_are_refused(client: TestClient) -> None:
    def in_pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    for content in (b"x" * ((1 << 20) + 1), in_pieces()):
        answer = client.post(f"{API}/session", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"name":1}',
        b'{"name":"ann","password":"x","role":"service"}',
        b"[" * 200_000,
        b'{"name":' * 20_000,
        b'{"name":"ann","password":' + b"9" * 10_000 + b"}",
        b'{"name":"\\ud800","password":"x"}',
        b'{"name":"ann","password":"\\ud800"}',
        b'{"name":NaN,"password":"x"}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_malformed_bodies_are_refused_in_words(client: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post(f"{API}/session", content=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "text", ["a\x00b", "\ud800", "\u202e", "'; DROP TABLE audit;--"]
)
def test_odd_letters_break_nothing(client: TestClient, text: str) -> None:
    headers = sign_in(client, "sue")
    for path, body in (
        ("/count", {"sample_id": text}),
        (f"/samples/{'0' * 32}/amend", {"reason": text}),
        (
            f"/samples/{'0' * 32}/sign",
            {"comment": text, "password": text, "seen": text},
        ),
        ("/password", {"old": text, "new": text}),
    ):
        content = json.dumps(body)
        answer = client.post(
            f"{API}{path}",
            content=content,
            headers={**headers, "Content-Type": "application/json"},
        )
        assert answer.status_code < 500, (path, answer.text)
    client.post(f"{API}/count/finish", headers=headers)
    assert client.get(f"{API}/audit/check").json()["first_broken"] is None


@pytest.mark.parametrize(
    "path",
    ["..%2f..%2fstation.sqlite", "%2e%2e%2fstation.sqlite", "a%00b", "...", "%2fetc"],
)
def test_frames_are_looked_up_and_never_joined(client: TestClient, path: str) -> None:
    sign_in(client, "ann")
    assert client.get(f"{API}/live/picture?frame={path}").status_code == 404
    count_id = "0" * 32
    answer = client.get(f"{API}/samples/{count_id}/fields/{path}")
    assert answer.status_code == 404
    assert client.get(f"{API}/samples/{path}").status_code in {404, 422}
    assert client.get(f"{API}/samples/{count_id}/export/{path}").status_code in {
        404,
        422,
    }


@pytest.mark.parametrize(
    "path",
    [
        "/..%2fapp.py",
        "/%2e%2e/app.py",
        "/style/..%2f..%2fapp.py",
        "/..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/%2fetc/passwd",
        "/..%5capp.py",
        "/app.js%00.py",
    ],
)
def test_the_page_serves_its_own_files_alone(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.get("/app.js").status_code == 200


def test_answers_carry_the_security_headers(client: TestClient) -> None:
    headers = client.get(f"{API}/session").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_another_host_name_is_refused_on_the_loopback(client: TestClient) -> None:
    answer = client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400


def test_off_the_loopback_accounts_and_tls_are_needed(tmp_path: Path) -> None:
    open_to_all = StationSettings(source="demo:", data=tmp_path, host="0.0.0.0")
    with pytest.raises(ConfigError, match="account add"):
        open_to_all.require_safe(has_accounts=False)
    with pytest.raises(ConfigError, match="tls-generate"):
        open_to_all.require_safe(has_accounts=True)
