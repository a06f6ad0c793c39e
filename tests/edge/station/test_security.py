"""Nobody gets in who should not, whatever they send."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from edge.station.security.limits import MOST_FAILURES, SignInLimit
from edge.station.settings import StationSettings
from hemalens.errors import ConfigError
from tests.edge.station.served import API, served, sign_in

PEOPLE = (("ann", "operator"), ("sue", "supervisor"), ("tom", "service"))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with served(tmp_path / "data", *PEOPLE) as (client, _):
        yield client


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
    ):
        path = path.replace(name, value)
    return path


def test_no_route_answers_somebody_not_signed_in(client: TestClient) -> None:
    routes = described_routes(client)
    assert len(routes) > 20
    for method, path in routes:
        answer = client.request(method, filled(path), json={})
        assert answer.status_code == 401, (method, path, answer.text)


def test_no_unsafe_route_answers_without_the_csrf_token(client: TestClient) -> None:
    sign_in(client, "sue")
    unsafe = [one for one in described_routes(client) if one[0] != "GET"]
    assert len(unsafe) > 8
    for method, path in unsafe:
        answer = client.request(method, filled(path), json={})
        assert answer.status_code == 403, (method, path, answer.text)


def test_service_sees_no_sample_and_operators_no_trail(client: TestClient) -> None:
    sign_in(client, "tom")
    assert client.get(f"{API}/samples").status_code == 403
    assert client.get(f"{API}/live").status_code == 403
    assert client.get(f"{API}/accounts").status_code == 200
    sign_in(client, "ann")
    assert client.get(f"{API}/audit").status_code == 403
    assert client.get(f"{API}/accounts").status_code == 403


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
    answer = client.post(f"{API}/session", content=b"x" * ((1 << 20) + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"name":1}'])
def test_malformed_bodies_are_refused_in_words(client: TestClient, body: bytes) -> None:
    answer = client.post(f"{API}/session", content=body)
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "path", ["..%2f..%2fstation.sqlite", "%2e%2e%2fstation.sqlite", "a%00b", "..."]
)
def test_frames_are_looked_up_and_never_joined(client: TestClient, path: str) -> None:
    sign_in(client, "ann")
    assert client.get(f"{API}/live/picture?frame={path}").status_code == 404
    count_id = "0" * 32
    answer = client.get(f"{API}/samples/{count_id}/fields/{path}")
    assert answer.status_code == 404
    assert client.get(f"{API}/samples/{path}").status_code in {404, 422}


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
