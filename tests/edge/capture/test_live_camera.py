import itertools
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.capture.live_camera import LiveCamera
from edge.capture.source import SourceState
from hemalens.errors import CameraUnavailableError, FrameTimeoutError
from tests.edge.capture.made_images import noisy


class FakeDevice:
    on_demand = True

    def __init__(
        self,
        read: Callable[[int], NDArray[np.uint8] | None] = noisy,
        opening: Callable[[], None] = lambda: None,
    ) -> None:
        self._read = read
        self._opening = opening
        self.reads = 0
        self.is_closed = threading.Event()
        self._image: NDArray[np.uint8] | None = None

    def open(self) -> str:
        self._opening()
        return "made"

    def grab(self) -> None:
        self.reads += 1
        self._image = self._read(self.reads)

    def retrieve(self) -> NDArray[np.uint8] | None:
        return self._image

    def preview(self) -> NDArray[np.uint8]:
        return noisy(0, (16, 12))

    def interrupt(self) -> None: ...

    def close(self) -> None:
        self.is_closed.set()


def live(device: FakeDevice, **timeouts: float) -> LiveCamera:
    return LiveCamera("fake:0", "fake", lambda: device, **timeouts)


def test_on_demand_nothing_is_read_that_nobody_waits_for() -> None:
    device = FakeDevice()
    with live(device) as camera:
        time.sleep(0.02)
        assert device.reads == 0
        assert len(list(itertools.islice(camera, 3))) == 3
        assert device.reads == 3
    assert device.is_closed.wait(5)


def test_status_goes_from_closed_through_running_to_closed() -> None:
    seen = []
    camera = live(FakeDevice(opening=lambda: seen.append(camera.status().state)))
    seen.append(camera.status().state)
    with camera:
        seen.append(camera.status().state)
        assert camera.status().detail == "fake:0, made"
    seen.append(camera.status().state)
    assert seen == [
        SourceState.CLOSED,
        SourceState.OPENING,
        SourceState.RUNNING,
        SourceState.CLOSED,
    ]


def test_an_opening_that_hangs_is_given_up_and_released_later() -> None:
    leave = threading.Event()
    device = FakeDevice(opening=lambda: (leave.wait(30), None)[1])
    camera = live(device, open_timeout_s=0.05)
    with (
        pytest.raises(
            CameraUnavailableError, match=r"did not open, it took over 0\.05"
        ),
        camera,
    ):
        pass
    assert not device.is_closed.is_set()
    leave.set()
    assert device.is_closed.wait(5)


def test_a_read_that_hangs_is_a_timeout() -> None:
    leave = threading.Event()
    device = FakeDevice(read=lambda _: leave.wait(30) and None)
    with live(device, frame_timeout_s=0.05) as camera:
        with pytest.raises(FrameTimeoutError, match=r"fake:0 gave no frame in 0\.05 s"):
            next(iter(camera))
        leave.set()


def test_a_fault_of_the_program_is_no_silent_stall() -> None:
    def read(_: int) -> None:
        raise ZeroDivisionError("a fault")

    device = FakeDevice(read=read)
    with live(device) as camera, pytest.raises(ZeroDivisionError, match="a fault"):
        next(iter(camera))
    assert device.is_closed.is_set()


def test_closing_from_another_thread_ends_a_wait_for_a_frame() -> None:
    leave = threading.Event()
    device = FakeDevice(read=lambda _: leave.wait(30) and None)
    camera = live(device, frame_timeout_s=60)
    with camera:
        closer = threading.Timer(0.05, camera.__exit__, (None, None, None))
        closer.start()
        assert list(camera) == []
        leave.set()
        closer.join()


def test_preview_is_the_devices_while_it_is_open() -> None:
    camera = live(FakeDevice())
    assert camera.preview() is None
    with camera:
        shown = camera.preview()
        assert shown is not None
        assert shown.shape == (12, 16, 3)


def test_who_asks_during_an_exposure_gets_that_exposure() -> None:
    asking = threading.Event()

    def read(number: int) -> NDArray[np.uint8]:
        # The exposure begins before it is asked for, and ends after.
        assert asking.wait(10)
        asking.clear()
        time.sleep(0.05)
        return np.full((48, 64, 3), number, np.uint8)

    device = FakeDevice(read=read)
    device.on_demand = False
    numbers = []
    with live(device) as camera:
        frames = iter(camera)
        for _ in range(4):
            time.sleep(0.01)
            asking.set()
            numbers.append(int(next(frames).image[0, 0, 0]))
        asking.set()
    assert numbers == [1, 2, 3, 4]
