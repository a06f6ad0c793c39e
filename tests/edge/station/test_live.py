"""A count as its viewers see it, over a real connection."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import uvicorn

from edge.station.app import make_app
from edge.station.guard import Context
from tests.edge.station.served import API, served, sign_in, wait_for

ENDLESS = "demo:frames=100000,width_px=480,height_px=360"


@contextmanager
def listening(context: Context) -> Iterator[str]:
    """The address of a real server."""
    config = uvicorn.Config(
        make_app(context), port=0, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def first_events(address: str, *wanted: str) -> dict[str, dict[str, object]]:
    """Read the stream until each of these events has come."""
    found: dict[str, dict[str, object]] = {}
    name = ""
    with httpx2.stream("GET", f"{address}{API}/live", timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found[name] = json.loads(line.removeprefix("data: "))
            if all(one in found for one in wanted):
                return found
    raise AssertionError(f"only {found}")


def test_each_viewer_sees_the_newest_at_once(tmp_path: Path) -> None:
    with served(tmp_path / "data", source=ENDLESS) as (client, context):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": None}
        count_id = client.post(f"{API}/count", json=new, headers=headers).json()[
            "count_id"
        ]
        with listening(context) as address:
            for _ in range(2):
                events = first_events(address, "progress", "frame")
                assert events["progress"]["count_id"] == count_id
                frame = events["frame"]
                assert (frame["width"], frame["height"]) == (480, 360)
        picture = client.get(f"{API}/live/picture", params={"frame": frame["frame"]})
        assert picture.content[:2] == b"\xff\xd8"


def test_a_count_that_the_stations_end_broke_off_is_resumed(tmp_path: Path) -> None:
    with served(tmp_path / "data", source=ENDLESS) as (client, context):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": None}
        client.post(f"{API}/count", json=new, headers=headers)
        limit = time.monotonic() + 30
        while context.live.progress().frames < 2 and time.monotonic() < limit:
            time.sleep(0.02)
        before = client.get(f"{API}/status").json()["count_id"]
    with served(tmp_path / "data", source=ENDLESS) as (client, context):
        headers = sign_in(client)
        status = client.get(f"{API}/status").json()
        assert (status["state"], status["count_id"]) == ("fault", before)
        client.post(f"{API}/count/finish", headers=headers)
        wait_for(client, "idle")
        report = client.get(f"{API}/samples/{before}").json()
        assert report["frames"] >= 2
        assert report["sample"]["state"] == "review"
