"""The station's answers, from the start of a count to its signature."""

from pathlib import Path

from edge.population import Population
from tests.edge.station.served import API, served, sign_in, wait_for


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
        }
        path = f"{API}/samples/{count_id}"
        reviewed = client.post(f"{path}/review", json=said, headers=headers)
        assert reviewed.status_code == 200, reviewed.text
        assert reviewed.json()["differential"]["leukocytes"] == len(cells)
        signed = client.post(f"{path}/sign", json={}, headers=headers)
        assert signed.status_code == 200, signed.text
        assert signed.json()["signature"]["person"] == "operator"
        again = client.post(f"{path}/review", json=said, headers=headers)
        assert again.status_code == 409
        for form in ("csv", "json", "hl7"):
            assert client.get(f"{path}/export/{form}").status_code == 200
        assert context.station.audit.verify() is None


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
