import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge.device.check.held_frames import HeldFrames
from edge.device.device_settings import DeviceSettings, read_device_settings
from edge.device.service import run as service
from edge.device.service.notify import Notifier
from edge.device.service.run import next_count, run_service
from edge.records.moment import Moment
from edge.results.folder import ResultFolder
from edge.store import CountHeader
from edge.update.current import ModelRoot
from hemalens.errors import ConfigError, FrameTimeoutError, HemaLensError
from hemalens.records import Frame
from tests.edge.device.service.listener import Listener
from tests.edge.made_counts import NOON, made_frame, made_header

SMALL = "width_px=320,height_px=240"


def settings_for(source: str, **more: object) -> DeviceSettings:
    values = {"source": source, "objective": "100x", **more}
    return DeviceSettings.model_validate(values)


def run(
    folder: Path, settings: DeviceSettings, notifier: Notifier | None = None
) -> list[str]:
    said: list[str] = []
    (folder / "counts").mkdir(exist_ok=True)
    run_service(
        settings,
        folder / "counts",
        models=ModelRoot(folder),
        notifier=notifier or Notifier({}),
        say=said.append,
    )
    return said


def test_each_frame_counted_feeds_the_watchdog(
    tmp_path: Path, systemd: Listener
) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": systemd.address})
    said = run(tmp_path, settings_for(f"demo:frames=3,{SMALL}"), notifier)
    messages = systemd.said()
    assert [m for m in messages if "READY" in m] == [{"READY": "1"}]
    fed = [m["STATUS"] for m in messages if "WATCHDOG" in m]
    assert [text.partition(",")[0] for text in fed] == [
        "1 frames",
        "2 frames",
        "3 frames",
    ]
    assert messages[-1] == {"STOPPING": "1"}
    assert "with mobilenetv2" in said[0]
    (results,) = (tmp_path / "counts").iterdir()
    assert json.loads((results / "summary.json").read_text())["frames"] == 3


def test_service_counts_the_population_and_the_bundle_it_is_told(
    tmp_path: Path,
) -> None:
    settings = settings_for(
        f"demo:frames=1,{SMALL}", population="newborn", bundle="mobilenetv2"
    )
    said = run(tmp_path, settings)
    assert "with mobilenetv2" in said[0]
    (results,) = (tmp_path / "counts").iterdir()
    summary = json.loads((results / "summary.json").read_text())
    assert summary["population"] == "newborn"
    assert summary["bundle"]["name"] == "mobilenetv2"


class Stalling(HeldFrames):
    """A camera that gives two frames and then hangs."""

    def __init__(self, frames: list[Frame], hangs: threading.Event) -> None:
        super().__init__(frames)
        self._hangs = hangs

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        self._hangs.wait(30)
        raise FrameTimeoutError("the camera gave no frame")


def test_camera_that_hangs_feeds_nothing(
    tmp_path: Path, systemd: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    frames = [made_frame(name=f"f-{i}", index=i).frame for i in range(2)]
    source = Stalling(frames, hangs)
    monkeypatch.setattr(service, "open_source", lambda text: source)
    messages: list[dict[str, str]] = []

    def listen() -> None:
        while sum("WATCHDOG" in message for message in messages) < 2:
            message = systemd.next(30)
            assert message is not None
            messages.append(message)
        messages.extend(systemd.said(0.3))
        hangs.set()

    listener = threading.Thread(target=listen)
    listener.start()
    with pytest.raises(FrameTimeoutError):
        run(
            tmp_path,
            settings_for("usb:0"),
            Notifier({"NOTIFY_SOCKET": systemd.address}),
        )
    listener.join()
    assert sum("WATCHDOG" in message for message in messages) == 2
    assert not any("STOPPING" in message for message in messages)


def test_service_without_a_frame_is_never_ready(
    tmp_path: Path, systemd: Listener
) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": systemd.address})
    with pytest.raises(HemaLensError):
        run(tmp_path, settings_for(str(tmp_path / "gone")), notifier)
    assert systemd.said() == []


def test_stopped_service_ends_its_count_and_writes_it(
    tmp_path: Path, systemd: Listener
) -> None:
    (tmp_path / "counts").mkdir()
    settings = settings_for(f"demo:frames=5000,{SMALL}")
    (tmp_path / "device.json").write_text(settings.model_dump_json())
    called = "from edge.device.cli import device; device()"
    arguments = ["--settings", str(tmp_path / "device.json"), "--state", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", called, "run", *arguments],
        env={**os.environ, "NOTIFY_SOCKET": systemd.address},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert systemd.next(60) == {"READY": "1"}
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert systemd.said()[-1] == {"STOPPING": "1"}
    (results,) = (tmp_path / "counts").iterdir()
    assert json.loads((results / "summary.json").read_text())["frames"] >= 1
    assert f"results in {results}" in out


def broken_off(counts: Path, header: CountHeader, name: str = "earlier") -> Path:
    """Leave a count of one frame that broke off."""
    with ResultFolder(counts / name, header) as folder:
        folder.store.add(made_frame(), Moment(at=NOON, counted_s=1.0))
    return counts / name


def test_count_that_broke_off_is_continued(tmp_path: Path) -> None:
    path = broken_off(tmp_path, made_header())
    later = made_header().model_copy(
        update={"started_at": made_header().started_at + timedelta(days=1)}
    )
    assert next_count(tmp_path, later, print) == path


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (made_header(version="2.0.0"), "begun with model cnn 1.0.0"),
        (made_header("usb:1"), "begun on fields/"),
    ],
)
def test_count_that_cannot_be_continued_stays_and_another_begins(
    tmp_path: Path, now: CountHeader, reason: str
) -> None:
    path = broken_off(tmp_path, made_header())
    said: list[str] = []
    assert next_count(tmp_path, now, said.append) == tmp_path / "2026-05-01T12-00-00Z"
    assert reason in said[0]
    assert path.with_name("earlier.unfinished").is_dir()


def test_damaged_count_stays_and_another_begins(tmp_path: Path) -> None:
    path = broken_off(tmp_path, made_header())
    store = path.with_name("earlier.unfinished") / "count.sqlite"
    store.write_bytes(b"no database" * 100)
    said: list[str] = []
    assert next_count(tmp_path, made_header(), said.append) != path
    assert "stays as it is" in said[0]


def test_misspelt_setting_is_refused(tmp_path: Path) -> None:
    (tmp_path / "device.json").write_text('{"sourse": "usb:0", "objective": "40x"}')
    with pytest.raises(ConfigError, match=r"device\.json: sourse|device\.json: source"):
        read_device_settings(tmp_path / "device.json")
