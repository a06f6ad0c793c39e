"""A count as its viewers see it, over a real connection."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import cv2
import httpx2
import pytest
import uvicorn

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.capture.source import FrameSource, SourceState, SourceStatus
from edge.records.population import Population
from edge.station.app import make_app
from edge.station.live.controller import Live
from edge.station.live.frame import LiveState
from edge.station.records import Sample, SampleState
from edge.station.review.differential import reviewed_differential
from edge.station.routes.authorization import Context
from edge.station.routes.live import _LEAST_S, _events
from hemalens.errors import CaptureError
from hemalens.records import Frame
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
        picture = client.get(
            f"{API}/live/picture", params={"frame": str(frame["frame"])}
        )
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


class SilentSource:
    """A camera that never gives a frame, and never says why."""

    is_live = True

    def __init__(self) -> None:
        self.is_over = threading.Event()

    def __enter__(self) -> "SilentSource":
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()

    def __iter__(self) -> Iterator[Frame]:
        self.is_over.wait()
        return iter(())

    def status(self) -> SourceStatus:
        return SourceStatus(state=SourceState.WAITING, detail="")


def live_on(
    tmp_path: Path,
    new_source: Callable[[str], FrameSource],
    counted: Callable[[str], None] = lambda _: None,
) -> Live:
    return Live(
        "made:",
        open_bundle("cnn"),
        lambda count_id: tmp_path / count_id,
        counted,
        lambda *_: reviewed_differential(()),
        new_source,
    )


SAMPLE = Sample(
    sample_id="S-1",
    count_id="a" * 32,
    operator="ann",
    state=SampleState.COUNTING,
    population=Population.UNRESTRICTED,
    target=None,
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_a_count_of_a_silent_camera_is_not_finished_by_the_stations_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.station.live.controller._LEAVE_S", 0.1)
    finished: list[str] = []
    source = SilentSource()
    live = live_on(tmp_path, lambda _: source, finished.append)
    live.begin(SAMPLE)
    live.close()
    assert finished == []
    assert not (tmp_path / SAMPLE.count_id).exists()
    source.is_over.set()


def test_a_source_that_cannot_be_opened_leaves_a_count_that_can_be_resumed(
    tmp_path: Path,
) -> None:
    source = SilentSource()
    opened = iter((CaptureError("no camera: plug one in"), source))

    def new_source(_: str) -> SilentSource:
        found = next(opened)
        if isinstance(found, CaptureError):
            raise found
        return found

    live = live_on(tmp_path, new_source)
    live.begin(SAMPLE)
    fault = live.progress().fault
    assert (live.state, fault and fault.what) == (
        LiveState.FAULT,
        "no camera: plug one in",
    )
    live.resume()
    assert live.state is LiveState.COUNTING
    # Else the thread that waits for it holds the process that runs the tests.
    source.is_over.set()
    assert live.close()


def test_a_viewer_gets_no_more_updates_than_can_be_seen_and_the_newest_last(
    tmp_path: Path,
) -> None:
    async def read(context: Context) -> list[tuple[float, int]]:
        came: list[tuple[float, int]] = []

        async def publish() -> None:
            for _ in range(100):
                context.live.publish()
                await asyncio.sleep(0.005)

        publishing = asyncio.create_task(publish())
        async for event in _events(context, None):
            came.append((time.monotonic(), number_of(event)))
            if publishing.done() and came[-1][1] == context.live.number:
                return came
        raise AssertionError("the stream ended")

    with served(tmp_path / "data") as (_, context):
        came = asyncio.run(asyncio.wait_for(read(context), 30))
    stamps_s, numbers = zip(*came, strict=True)
    assert len(numbers) < 50
    assert list(numbers) == sorted(set(numbers))
    gaps_s = [after - before for before, after in pairwise(stamps_s)]
    assert min(gaps_s) > 0.9 * _LEAST_S


def number_of(event: bytes) -> int:
    return int(event.split(b"\n")[0].removeprefix(b"id: "))


def test_a_stream_ends_with_its_session(tmp_path: Path) -> None:
    async def events() -> list[bytes]:
        return [event async for event in _events(context, token)]

    with served(tmp_path / "data", ("ann", "operator")) as (_, context):
        account = context.station.accounts.get("ann")
        assert account is not None
        token = context.station.accounts.begin(account)
        assert context.station.accounts.holds(token)
        context.station.accounts.end(token)
        assert not context.station.accounts.holds(token)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("edge.station.routes.live._PING_S", 0.1)
            assert asyncio.run(asyncio.wait_for(events(), 5))


def test_a_source_that_ends_short_of_the_target_offers_to_go_on(tmp_path: Path) -> None:
    fields = tmp_path / "fields"
    fields.mkdir()
    _write_fields(fields, "b", seed=3)
    with served(tmp_path / "data", source=str(fields)) as (client, context):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": 400}
        sample = client.post(f"{API}/count", json=new, headers=headers).json()
        wait_for(client, "ended")
        short = client.post(f"{API}/count/resume", headers=headers)
        assert short.status_code == 200
        wait_for(client, "ended")
        assert context.live.progress().frames == 2
        # Sorted before those that are counted.
        _write_fields(fields, "a", seed=4)
        client.post(f"{API}/count/resume", headers=headers)
        limit = time.monotonic() + 30
        while context.live.progress().frames < 4 and time.monotonic() < limit:
            time.sleep(0.05)
        wait_for(client, "ended")
        client.post(f"{API}/count/finish", headers=headers)
        wait_for(client, "idle")
        report = client.get(f"{API}/samples/{sample['count_id']}").json()
        assert (report["frames"], report["sample"]["state"]) == (4, "review")


def test_a_count_that_waits_for_more_frames_outlives_the_station(
    tmp_path: Path,
) -> None:
    new = {"sample_id": "S-1", "target": 400}
    with served(tmp_path / "data") as (client, _):
        client.post(f"{API}/count", json=new, headers=sign_in(client))
        wait_for(client, "ended")
    with served(tmp_path / "data") as (client, _):
        headers = sign_in(client)
        assert client.get(f"{API}/status").json()["state"] == "fault"
        client.post(f"{API}/count/resume", headers=headers)
        wait_for(client, "ended")
        client.post(f"{API}/count/discard", headers=headers)
        wait_for(client, "idle")
        assert client.get(f"{API}/samples").json() == []


def _write_fields(folder: Path, name: str, seed: int) -> None:
    slide = DemoSlide(frames=2, width_px=480, height_px=360, seed=seed)
    with slide as source:
        for frame in source:
            image = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(folder / f"{name}-{frame.index}.png"), image)
