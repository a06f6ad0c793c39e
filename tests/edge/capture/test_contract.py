"""What every frame source must do; fakes stand in for hardware."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.demo_slide import DemoSlide
from edge.capture.followed_folder import FollowedFolder
from edge.capture.http_camera import HttpCamera
from edge.capture.image_files import ImageFiles
from edge.capture.pi_camera import PiCamera
from edge.capture.reconnecting import Reconnecting
from edge.capture.source import FrameSource, SourceState
from edge.capture.usb_camera import UsbCamera
from edge.capture.video_file import VideoFile
from hemalens.errors import CaptureError
from hemalens.records import Frame
from tests.edge.capture.fake_clock import FakeClock
from tests.edge.capture.fake_picamera2 import PiWorld
from tests.edge.capture.fake_usb_capture import UsbWorld
from tests.edge.capture.local_camera_server import part, served, still, stream
from tests.edge.capture.made_images import RED, encoded, noisy
from tests.edge.capture.test_video_file import write_video

FRAMES = 3


class Bench:
    """Makes sources, and keeps running what they need."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack

    def images(self) -> FrameSource:
        self._write_images()
        return ImageFiles(self.folder)

    def image(self) -> FrameSource:
        self._write_images()
        return ImageFiles(self.folder / "a.jpg")

    def demo(self) -> FrameSource:
        return DemoSlide(frames=FRAMES, width_px=160, height_px=120)

    def video(self) -> FrameSource:
        return VideoFile(write_video(self.folder / "slide.mkv", FRAMES))

    def followed(self) -> FrameSource:
        self._write_images()
        clock = FakeClock()
        return FollowedFolder(self.folder, 2, clock=clock, sleep=clock.sleep)

    def usb(self) -> FrameSource:
        (self.folder / "video0").touch()
        return UsbCamera(str(self.folder / "video0"), open_capture=UsbWorld().open)

    def pi(self) -> FrameSource:
        return PiCamera(0, None, PiWorld().camera_class())

    def stream(self) -> FrameSource:
        answer = stream(lambda: (part(encoded(noisy(s))) for s in itertools.count()))
        server = self._stack.enter_context(served({"/": answer}))
        return HttpCamera(server.url("/"))

    def snapshots(self) -> FrameSource:
        seeds = itertools.count()
        answer = still(lambda: encoded(noisy(next(seeds))))
        server = self._stack.enter_context(served({"/": answer}))
        return HttpCamera(server.url("/"))

    def kept_usb(self) -> FrameSource:
        return Reconnecting(self.usb())

    def _write_images(self) -> None:
        for seed, name in enumerate(("b.png", "a.jpg", "c.bmp")):
            bgr = cv2.cvtColor(noisy(seed), cv2.COLOR_RGB2BGR)
            assert cv2.imwrite(str(self.folder / name), bgr)


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[Bench], FrameSource]
    is_live: bool = False
    frames: int = FRAMES
    is_red: bool = True
    frames_unopened: int = 0


CASES = [
    Case("folder", Bench.images),
    Case("image", Bench.image, frames=1),
    # The simulated slide has nothing to open.
    Case("demo", Bench.demo, is_red=False, frames_unopened=FRAMES),
    Case("video", Bench.video),
    Case("followed", Bench.followed),
    Case("usb", Bench.usb, is_live=True),
    Case("picamera2", Bench.pi, is_live=True),
    Case("http_stream", Bench.stream, is_live=True),
    Case("http_snapshots", Bench.snapshots, is_live=True),
    Case("reconnecting", Bench.kept_usb, is_live=True),
]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def source(case: Case, tmp_path: Path) -> Iterator[FrameSource]:
    with ExitStack() as stack:
        yield case.make(Bench(tmp_path, stack))


def take(source: FrameSource) -> list[Frame]:
    """Take all frames, of a live source some."""
    return list(itertools.islice(source, FRAMES if source.is_live else None))


def test_indices_ascend_from_zero_and_names_differ(
    source: FrameSource, case: Case
) -> None:
    with source as opened:
        frames = take(opened)
    assert [frame.index for frame in frames] == list(range(case.frames))
    assert len({frame.name for frame in frames}) == case.frames


def test_names_are_file_names(source: FrameSource) -> None:
    with source as opened:
        for frame in take(opened):
            assert Path(frame.name).name == frame.name


def test_frames_are_rgb_and_read_only(source: FrameSource, case: Case) -> None:
    with source as opened:
        for frame in take(opened):
            assert frame.image.dtype == np.uint8
            assert frame.image.shape[2] == 3
            with pytest.raises(ValueError, match="read-only"):
                frame.image[0, 0] = 0
            if case.is_red:
                colour = frame.image.mean(axis=(0, 1))
                assert colour == pytest.approx(RED, abs=6)


def test_frames_of_an_earlier_time_stay_as_they_were(source: FrameSource) -> None:
    with source as opened:
        taken = [(frame, frame.image.copy()) for frame in take(opened)]
    assert all(np.array_equal(frame.image, copy) for frame, copy in taken)


def test_a_source_can_be_opened_again(source: FrameSource) -> None:
    with source as opened:
        first = [frame.name for frame in take(opened)]
    with source as opened:
        assert [frame.name for frame in take(opened)] == first


def test_it_says_whether_it_is_live(source: FrameSource, case: Case) -> None:
    assert source.is_live is case.is_live


def test_status_says_when_it_is_closed_and_open(
    source: FrameSource, case: Case
) -> None:
    assert source.status().state is SourceState.CLOSED
    with source as opened:
        for _ in itertools.islice(opened, FRAMES if case.is_live else None):
            assert opened.status().state is SourceState.RUNNING
            assert opened.status().detail
        ended = SourceState.RUNNING if case.is_live else SourceState.ENDED
        assert opened.status().state is ended
    assert source.status().state is SourceState.CLOSED


def test_closing_from_another_thread_ends_the_iteration(source: FrameSource) -> None:
    with source as opened:
        frames = iter(opened)
        next(frames)
        closer = threading.Thread(target=opened.__exit__, args=(None, None, None))
        closer.start()
        closer.join()
        assert list(frames) == []
    assert source.status().state is SourceState.CLOSED


def test_a_source_that_is_not_open_gives_no_frame_and_ends(
    source: FrameSource, case: Case
) -> None:
    assert len(list(source)) == case.frames_unopened


def test_construction_touches_nothing(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    sources: list[FrameSource] = [
        ImageFiles(absent),
        VideoFile(absent),
        FollowedFolder(absent),
        UsbCamera(str(absent)),
        PiCamera(0),
        HttpCamera("http://127.0.0.1:9/"),
    ]
    for source in sources:
        assert source.status().state is SourceState.CLOSED
        with pytest.raises(CaptureError), source:
            pass
        assert source.status().state is SourceState.CLOSED
