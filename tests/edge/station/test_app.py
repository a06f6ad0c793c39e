"""The station's answers, from the start of a count to its signature."""

import socket
from io import BytesIO
from pathlib import Path

import pytest

from edge.records.population import Population
from edge.station.export.labels import GERMAN
from edge.station.records import ReviewAction
from edge.station.server import serve_station
from edge.station.settings import StationSettings
from hemalens.classes import CellClass
from hemalens.errors import ConfigError, StationError
from tests.edge.station.made_station import finished
from tests.edge.station.served import API, read, seen, served, sign_in, wait_for


def test_a_sample_is_counted_reviewed_and_signed(tmp_path: Path) -> None:
    with served(tmp_path / "data") as (client, context):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": None}
        begun = client.post(f"{API}/count", json=new, headers=headers)
        assert begun.status_code == 201, begun.text
        count_id = begun.json()["count_id"]
        wait_for(client, "idle")
        report = client.get(f"{API}/samples/{count_id}").json()
        assert report["sample"]["state"] == "review"
        assert report["frames"] == 3
        cells = client.get(f"{API}/samples/{count_id}/cells").json()
        assert cells
        crop = client.get(f"{API}/samples/{count_id}/cells/{cells[0]['cell_id']}/crop")
        assert crop.content[:2] == b"\xff\xd8"
        assert "immutable" in crop.headers["cache-control"]
        field = client.get(f"{API}/samples/{count_id}/fields/{cells[0]['frame']}")
        assert field.content[:2] == b"\xff\xd8"
        said = {
            "action": "reclassify",
            "cell_ids": [cell["cell_id"] for cell in cells],
            "class_name": "monocyte",
            "seen": [cell["digest"] for cell in cells],
        }
        path = f"{API}/samples/{count_id}"
        reviewed = client.post(f"{path}/review", json=said, headers=headers)
        assert reviewed.status_code == 200, reviewed.text
        assert reviewed.json()["differential"]["leukocytes"] == len(cells)
        wanted = {"seen": read(client, path)}
        signed = client.post(f"{path}/sign", json=wanted, headers=headers)
        assert signed.status_code == 200, signed.text
        assert signed.json()["signature"]["person"] == "operator"
        again = client.post(f"{path}/review", json=said, headers=headers)
        assert again.status_code == 409
        for form in ("csv", "json", "hl7"):
            assert client.get(f"{path}/export/{form}").status_code == 200
        assert context.station.check().is_whole


def test_a_count_is_of_the_stations_population_unless_it_says_another(
    tmp_path: Path,
) -> None:
    newborn = Population.NEWBORN
    with served(tmp_path / "data", population=newborn) as (client, _):
        headers = sign_in(client)
        assert client.get(f"{API}/status").json()["population"] == "newborn"
        for said, counted in ((None, "newborn"), ("normal-adult", "normal-adult")):
            new = {"sample_id": "S-1", "target": 1, "population": said}
            begun = client.post(f"{API}/count", json=new, headers=headers)
            assert begun.json()["population"] == counted
            client.post(f"{API}/count/finish", headers=headers)
            wait_for(client, "idle")


def test_only_one_count_at_a_time_and_its_operator_steers_it(tmp_path: Path) -> None:
    people = (("ann", "operator"), ("bob", "operator"), ("sue", "supervisor"))
    source = "demo:frames=100000,width_px=480,height_px=360"
    with served(tmp_path / "data", *people, source=source) as (client, _):
        ann = sign_in(client, "ann")
        new = {"sample_id": "S-1", "target": None}
        assert client.post(f"{API}/count", json=new, headers=ann).status_code == 201
        assert client.post(f"{API}/count", json=new, headers=ann).status_code == 409
        client.post(f"{API}/count/pause", headers=ann)
        wait_for(client, "paused")
        bob = sign_in(client, "bob")
        refused = client.post(f"{API}/count/resume", headers=bob)
        assert refused.status_code == 403
        assert "ann" in refused.json()["error"]
        sue = sign_in(client, "sue")
        assert client.post(f"{API}/count/resume", headers=sue).status_code == 200
        wait_for(client, "counting")
        client.post(f"{API}/count/finish", headers=sue)
        wait_for(client, "idle")


def test_a_lost_source_is_said_in_words_and_the_count_resumes(tmp_path: Path) -> None:
    fields = tmp_path / "fields"
    fields.mkdir()
    with served(tmp_path / "data", source=str(fields)) as (client, context):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": None}
        client.post(f"{API}/count", json=new, headers=headers)
        status = wait_for(client, "fault")
        assert str(fields) in status["fault"]["what"]
        assert "resume" in status["fault"]["mend"]
        (fields / "a.png").write_bytes(_drawn_field())
        client.post(f"{API}/count/resume", headers=headers)
        wait_for(client, "idle")
        assert context.live.progress().frames == 1


def _drawn_field() -> bytes:
    import cv2

    from edge.capture.demo_slide import DemoSlide

    slide = DemoSlide(seed=3, frames=1, width_px=480, height_px=360)
    _, png = cv2.imencode(".png", slide.frame(0).image[..., ::-1])
    return png.tobytes()


def test_a_count_that_went_on_keeps_its_new_target(tmp_path: Path) -> None:
    source = "demo:frames=100000,width_px=480,height_px=360"
    with served(tmp_path / "data", source=source) as (client, context):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": 1}
        count_id = client.post(f"{API}/count", json=new, headers=headers).json()[
            "count_id"
        ]
        wait_for(client, "complete")
        client.post(f"{API}/count/continue", json={"by": 500}, headers=headers)
        wait_for(client, "counting")
        assert context.station.samples.get(count_id).target == 501
    with served(tmp_path / "data", source=source) as (client, context):
        headers = sign_in(client)
        client.post(f"{API}/count/resume", headers=headers)
        wait_for(client, "counting")
        client.post(f"{API}/count/finish", headers=headers)
        wait_for(client, "idle")
        assert client.get(f"{API}/samples/{count_id}").json()["sample"]["target"] == 501


def test_a_live_count_shows_what_was_corrected(tmp_path: Path) -> None:
    source = "demo:frames=100000,width_px=480,height_px=360"
    with served(tmp_path / "data", source=source) as (client, context):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": 1}
        count_id = client.post(f"{API}/count", json=new, headers=headers).json()[
            "count_id"
        ]
        wait_for(client, "complete")
        path = f"{API}/samples/{count_id}"
        ids = [cell["cell_id"] for cell in client.get(f"{path}/cells").json()]
        number = context.live.number
        digests = seen(client, path, ids)
        said = {"action": "remove", "cell_ids": ids, "seen": digests}
        client.post(f"{path}/review", json=said, headers=headers)
        assert context.live.number != number
        shown = context.live.progress().differential
        assert shown is not None
        assert (shown.removed_cells, shown.leukocytes) == (len(ids), 0)


def test_a_supervisor_discards_a_count_that_is_over(tmp_path: Path) -> None:
    people = (("ann", "operator"), ("sue", "supervisor"))
    with served(tmp_path / "data", *people) as (client, context):
        ann = sign_in(client, "ann")
        new = {"sample_id": "S-1", "target": None}
        count_id = client.post(f"{API}/count", json=new, headers=ann).json()["count_id"]
        path = f"{API}/samples/{count_id}"
        assert client.delete(path, headers=ann).status_code == 403
        sue = sign_in(client, "sue")
        wait_for(client, "idle")
        assert client.delete(path, headers=sue).status_code == 204
        assert client.get(path).status_code == 404
        assert not context.station.samples.folder(count_id).exists()
        assert context.station.audit.entries(count_id)[-1].action == "count_discarded"


def test_paper_comes_in_the_page_s_language(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    with served(tmp_path / "data") as (client, _):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": None}
        begun = client.post(f"{API}/count", json=new, headers=headers).json()
        wait_for(client, "idle")
        path = f"{API}/samples/{begun['count_id']}/export/pdf"
        paper = client.get(path, params={"language": "de"})
        text = pypdf.PdfReader(BytesIO(paper.content)).pages[0].extract_text()
        assert GERMAN["title"] in text


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = StationSettings(source="demo:", data=tmp_path / "data", port=port)
        with pytest.raises(StationError, match=f"cannot listen on port {port}"):
            serve_station(settings, lambda: pytest.fail("it is not ready"))


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    settings = StationSettings(
        source="demo:",
        data=tmp_path / "data",
        certificate=tmp_path / "no.pem",
        key=tmp_path / "no.key",
    )
    with pytest.raises(ConfigError, match=r"no\.pem and .*no\.key are no certificate"):
        settings.require_safe(has_accounts=True)


def test_a_signed_samples_id_is_counted_again_only_when_that_is_meant(
    tmp_path: Path,
) -> None:
    with served(tmp_path / "data") as (client, context):
        headers = sign_in(client)
        count_id = finished(context.station)
        action = ReviewAction.RECLASSIFY
        context.station.reviews.apply(
            count_id, "operator", action, [9], CellClass.MONOCYTE
        )
        path = f"{API}/samples/{count_id}"
        wanted = {"seen": read(client, path)}
        assert client.post(f"{path}/sign", json=wanted, headers=headers).is_success
        new = {"sample_id": "S-1", "target": None}
        again = client.post(f"{API}/count", json=new, headers=headers)
        assert (again.status_code, again.json()["code"]) == (409, "sample_there")
        meant = {**new, "is_again": True}
        assert client.post(f"{API}/count", json=meant, headers=headers).is_success
