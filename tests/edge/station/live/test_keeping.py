"""The station's keeping over HTTP: accounts, trail, outbox, discarding, amending."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from edge.station.records import ReviewAction, Role
from edge.station.routes.authorization import Context
from hemalens.classes import CellClass
from tests.edge.station.made_station import begin, finish, finished
from tests.edge.station.served import API, password, read, served, sign_in, wait_for

PEOPLE = (
    ("ann", "operator"),
    ("bob", "operator"),
    ("sue", "supervisor"),
    ("tom", "service"),
)
MEANT = {"is_provisional": True}
ENDLESS = "demo:frames=100000,width_px=480,height_px=360"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[tuple[TestClient, Context]]:
    with served(tmp_path / "data", *PEOPLE, source=ENDLESS) as made:
        yield made


def reviewed(context: Context) -> str:
    count_id = finished(context.station)
    context.station.reviews.apply(
        count_id, "ann", ReviewAction.RECLASSIFY, [9], CellClass.MONOCYTE
    )
    return count_id


def sign_off(client: TestClient, name: str, count_id: str) -> dict[str, object]:
    headers = sign_in(client, name)
    path = f"{API}/samples/{count_id}"
    wanted = {"password": password(name), "seen": read(client, path)}
    answer = client.post(f"{path}/sign", json=wanted, headers=headers)
    assert answer.status_code == 200, answer.text
    report: dict[str, object] = answer.json()
    return report


def test_service_keeps_the_accounts(station: tuple[TestClient, Context]) -> None:
    client, _ = station
    tom = sign_in(client, "tom")
    new = {
        "name": "eva",
        "full_name": "Eva Moser",
        "role": "operator",
        "password": password("eva"),
    }
    made = client.post(f"{API}/accounts", json=new, headers=tom)
    assert (made.status_code, made.json()["name"]) == (201, "eva")
    again = client.post(f"{API}/accounts", json=new, headers=tom)
    assert (again.status_code, again.json()["code"]) == (409, "account_taken")
    assert again.json()["values"] == {"name": "eva"}
    assert client.post(f"{API}/accounts/eva/lock", headers=tom).json()["is_disabled"]
    locked = {"name": "eva", "password": password("eva")}
    assert client.post(f"{API}/session", json=locked).status_code == 401
    tom = sign_in(client, "tom")
    unlocked = client.post(f"{API}/accounts/eva/unlock", headers=tom)
    assert not unlocked.json()["is_disabled"]
    role = {"role": "supervisor"}
    changed = client.post(f"{API}/accounts/eva/role", json=role, headers=tom)
    assert changed.json()["role"] == "supervisor"
    given = {"password": "another sentence"}
    path = f"{API}/accounts/eva/password"
    assert client.post(path, json=given, headers=tom).status_code == 204
    body = {"name": "eva", "password": "another sentence"}
    assert client.post(f"{API}/session", json=body).status_code == 200


def test_nobody_locks_themselves_out(station: tuple[TestClient, Context]) -> None:
    client, _ = station
    tom = sign_in(client, "tom")
    for path, body in (("lock", None), ("role", {"role": "operator"})):
        answer = client.post(f"{API}/accounts/tom/{path}", json=body, headers=tom)
        assert (answer.status_code, answer.json()["code"]) == (409, "own_account")
    nobody = client.post(f"{API}/accounts/nobody/lock", headers=tom)
    assert (nobody.status_code, nobody.json()["code"]) == (404, "no_such_account")


@pytest.mark.parametrize("name", ["..", "a/b", "a b", "-a", "a\nb", "x" * 65, "<b>"])
def test_names_that_make_no_address_are_refused(
    station: tuple[TestClient, Context], name: str
) -> None:
    client, context = station
    tom = sign_in(client, "tom")
    new = {
        "name": name,
        "full_name": "Eva",
        "role": "operator",
        "password": password("eva"),
    }
    answer = client.post(f"{API}/accounts", json=new, headers=tom)
    assert answer.status_code in (409, 422), answer.text
    assert len(context.station.accounts.all()) == len(PEOPLE)


def test_a_new_role_holds_at_once(station: tuple[TestClient, Context]) -> None:
    client, context = station
    sign_in(client, "sue")
    assert client.get(f"{API}/audit").status_code == 200
    context.station.accounts.change_role("sue", Role.OPERATOR, "tom")
    assert client.get(f"{API}/audit").status_code == 401


def test_the_trail_comes_page_by_page_newest_first(
    station: tuple[TestClient, Context],
) -> None:
    client, context = station
    count_id = reviewed(context)
    sign_in(client, "sue")
    of_count = client.get(f"{API}/audit", params={"count_id": count_id}).json()
    assert [e["action"] for e in of_count] == [
        "cell_reclassified",
        "counted",
        "count_started",
    ]
    first = client.get(f"{API}/audit", params={"limit": 3}).json()
    last = first[-1]["number"]
    second = client.get(f"{API}/audit", params={"limit": 3, "before": last}).json()
    numbers = [e["number"] for e in (*first, *second)]
    assert numbers == list(range(numbers[0], numbers[0] - 6, -1))


def test_the_trail_is_checked_from_the_page(
    station: tuple[TestClient, Context],
) -> None:
    client, context = station
    sign_in(client, "sue")
    found = client.get(f"{API}/audit/check").json()
    assert found["first_broken"] is None
    assert found["last_digest"] == context.station.audit.latest(limit=1)[0].digest
    with context.station.transaction() as connection:
        connection.execute("DROP TRIGGER audit_no_UPDATE")
        connection.execute("UPDATE audit SET person = 'eve' WHERE number = 2")
    assert client.get(f"{API}/audit/check").json()["first_broken"] == 2


def test_a_message_is_sent_again_until_it_is_taken(
    station: tuple[TestClient, Context],
) -> None:
    client, context = station
    count_id = reviewed(context)
    ann = sign_in(client, "ann")
    sent = client.post(f"{API}/samples/{count_id}/send", json=MEANT, headers=ann)
    assert sent.status_code == 202
    message_id = sent.json()["message_id"]
    shown = client.get(f"{API}/outbox").json()
    assert not shown["is_delivering"]
    (entry,) = shown["entries"]
    assert (entry["sample_id"], entry["state"]) == ("S-1", "waiting")
    for state, status in (("rejected", 200), ("waiting", 200), ("accepted", 409)):
        with context.station.transaction() as connection:
            sql = "UPDATE outbox SET state = ?, next_at = 9e9"
            connection.execute(sql, (state,))
        path = f"{API}/outbox/{message_id}/again"
        answer = client.post(path, headers=ann)
        assert answer.status_code == status
        if status == 200:
            assert answer.json()["state"] == "waiting"
            assert answer.json()["next_at"] < "2200"
    trail = [e.action for e in context.station.audit.entries(count_id)]
    assert trail[-3:] == ["queued", "sent_again", "sent_again"]
    missing = client.post(f"{API}/outbox/{'0' * 20}/again", headers=ann)
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_message")


def test_the_outbox_comes_page_by_page(station: tuple[TestClient, Context]) -> None:
    client, context = station
    count_id = reviewed(context)
    ann = sign_in(client, "ann")
    sent = [
        client.post(f"{API}/samples/{count_id}/send", json=MEANT, headers=ann).json()[
            "message_id"
        ]
        for _ in range(3)
    ]
    query = {"before": sent[-1], "limit": 1}
    (entry,) = client.get(f"{API}/outbox", params=query).json()["entries"]
    assert entry["message_id"] == sent[1]


def test_the_operator_discards_the_count_under_way(
    station: tuple[TestClient, Context],
) -> None:
    client, context = station
    ann = sign_in(client, "ann")
    nothing = client.post(f"{API}/count/discard", headers=ann)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "no_count_under_way")
    new = {"sample_id": "S-9", "target": None}
    count_id = client.post(f"{API}/count", json=new, headers=ann).json()["count_id"]
    wait_for(client, "counting")
    bob = sign_in(client, "bob")
    refused = client.post(f"{API}/count/discard", headers=bob)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_count")
    ann = sign_in(client, "ann")
    assert client.post(f"{API}/count/discard", headers=ann).status_code == 204
    assert client.get(f"{API}/status").json()["state"] == "idle"
    assert client.get(f"{API}/samples/{count_id}").status_code == 404
    counts = context.station.samples.folder(count_id).parent
    assert list(counts.iterdir()) == []
    trail = [e.action for e in context.station.audit.entries(count_id)]
    assert trail == ["count_started", "count_discarded"]
    assert client.post(f"{API}/count", json=new, headers=ann).status_code == 201
    wait_for(client, "counting")
    assert client.post(f"{API}/count/discard", headers=ann).status_code == 204


def test_a_count_that_broke_off_can_be_discarded(tmp_path: Path) -> None:
    fields = tmp_path / "fields"
    fields.mkdir()
    with served(tmp_path / "data", source=str(fields)) as (client, _):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": None}
        client.post(f"{API}/count", json=new, headers=headers)
        status = wait_for(client, "fault")
        assert status["fault"]["code"] == "source"
    with served(tmp_path / "data", source=str(fields)) as (client, context):
        headers = sign_in(client)
        status = wait_for(client, "fault")
        assert status["fault"]["code"] == "broke_off"
        assert client.post(f"{API}/count/discard", headers=headers).status_code == 204
        assert client.get(f"{API}/status").json()["state"] == "idle"
        assert context.station.samples.all() == ()


def test_a_count_that_broke_off_is_offered_though_another_came_after(
    tmp_path: Path,
) -> None:
    with served(tmp_path / "data", source=ENDLESS) as (client, context):
        signed = reviewed(context)
        headers = sign_in(client)
        path = f"{API}/samples/{signed}"
        wanted = {"seen": read(client, path)}
        client.post(f"{path}/sign", json=wanted, headers=headers)
        new = {"sample_id": "S-9", "target": None}
        begun = client.post(f"{API}/count", json=new, headers=headers).json()
        context.station.amendments.begin(signed, "a doubt", "operator")
    with served(tmp_path / "data", source=ENDLESS) as (client, _):
        sign_in(client)
        assert wait_for(client, "fault")["count_id"] == begun["count_id"]


def test_a_supervisor_amends_what_is_signed(
    station: tuple[TestClient, Context],
) -> None:
    client, context = station
    count_id = reviewed(context)
    sign_off(client, "ann", count_id)
    ann = sign_in(client, "ann")
    why = {"reason": "an ig was overlooked"}
    path = f"{API}/samples/{count_id}/amend"
    assert client.post(path, json=why, headers=ann).status_code == 403
    sue = sign_in(client, "sue")
    begun = client.post(path, json=why, headers=sue)
    assert (begun.status_code, begun.json()["state"]) == (201, "review")
    new_id = begun.json()["count_id"]
    again = client.post(path, json=why, headers=sue)
    assert (again.status_code, again.json()["code"]) == (409, "amendment_open")
    assert again.json()["values"]["count_id"] == new_id
    report = sign_off(client, "sue", new_id)
    assert report["amendment"]["former_count_id"] == count_id
    listed = {s["count_id"]: s for s in client.get(f"{API}/samples").json()}
    assert listed[count_id]["superseded_by"] == new_id
    assert listed[new_id]["amends"] == count_id
    sue = sign_in(client, "sue")
    old = client.post(f"{API}/samples/{count_id}/send", headers=sue)
    assert (old.status_code, old.json()["code"]) == (409, "superseded")
    for form, mark in (("fhir", '"amended"'), ("hl7", "|C|"), ("csv", ",amended,")):
        text = client.get(f"{API}/samples/{new_id}/export/{form}").text
        assert mark in text, form


def test_a_station_without_accounts_asks_for_no_password(tmp_path: Path) -> None:
    with served(tmp_path / "data") as (client, context):
        count_id = reviewed(context)
        headers = sign_in(client)
        assert client.get(f"{API}/session").json()["needs_password"] is False
        body = {"old": "x", "new": "correct horse"}
        for _ in range(6):
            answer = client.post(f"{API}/password", json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (409, "no_accounts")
        # Nor do passwords typed in vain stand in the way of a signature.
        path = f"{API}/samples/{count_id}"
        wanted = {"password": "", "seen": read(client, path)}
        signed = client.post(f"{path}/sign", json=wanted, headers=headers)
        assert signed.status_code == 200
    with served(tmp_path / "other", *PEOPLE) as (client, _):
        sign_in(client, "ann")
        assert client.get(f"{API}/session").json()["needs_password"] is True


def test_what_is_not_signed_is_sent_only_when_it_is_meant(
    station: tuple[TestClient, Context],
) -> None:
    client, context = station
    count_id = finished(context.station)
    ann = sign_in(client, "ann")
    path = f"{API}/samples/{count_id}/send"
    asked = client.post(path, headers=ann)
    assert (asked.status_code, asked.json()["code"]) == (409, "provisional")
    assert asked.json()["values"]["open"] == 1
    assert client.post(path, json=MEANT, headers=ann).status_code == 202
    assert client.get(f"{API}/outbox").json()["entries"][0]["result"] == "provisional"


def test_a_control_is_no_patients_result(station: tuple[TestClient, Context]) -> None:
    client, context = station
    count_id = begin(context.station, "C-1", is_control=True).count_id
    finish(context.station, count_id)
    ann = sign_in(client, "ann")
    sent = client.post(f"{API}/samples/{count_id}/send", json=MEANT, headers=ann)
    assert (sent.status_code, sent.json()["code"]) == (409, "control")
    for form, status in (("fhir", 409), ("hl7", 409), ("csv", 200)):
        found = client.get(f"{API}/samples/{count_id}/export/{form}")
        assert found.status_code == status
