import itertools
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edge.capture import usb_camera
from edge.capture.reconnecting import Patience, Reconnecting
from edge.capture.source import SourceState
from edge.capture.usb_camera import UsbCamera
from hemalens.errors import (
    CameraUnavailableError,
    CaptureError,
    ConfigError,
    FrameTimeoutError,
)
from tests.edge.capture.fake_usb_capture import UsbWorld
from tests.edge.capture.made_images import RED


@pytest.fixture
def device_file(tmp_path: Path) -> str:
    path = tmp_path / "video0"
    path.touch()
    return str(path)


def camera(device_file: str, world: UsbWorld, **options: object) -> UsbCamera:
    made = UsbCamera(device_file, open_capture=world.open, **options)
    assert world.opened == 0
    return made


def test_red_is_red_and_the_status_says_how_it_is_set(device_file: str) -> None:
    world = UsbWorld()
    with camera(device_file, world) as usb:
        assert usb.status().state is SourceState.RUNNING
        assert usb.status().detail.endswith(
            "64x48, exposure locked, white balance locked"
        )
        (frame,) = itertools.islice(usb, 1)
    assert frame.image.mean(axis=(0, 1)) == pytest.approx(RED, abs=1)
    assert (world.opened, world.released) == (1, 1)


def test_exposure_stays_when_the_lamp_grows_brighter(device_file: str) -> None:
    world = UsbWorld(light=0.8)
    with camera(device_file, world) as usb:
        before = next(iter(usb)).image.mean()
        world.light = 0.5
        after = next(iter(usb)).image.mean()
    assert after == pytest.approx(before * 0.5 / 0.8, rel=0.02)
    assert world.manual_exposure == pytest.approx(375)


@pytest.mark.parametrize(
    ("world", "told"),
    [
        (UsbWorld(has_manual=False), "exposure automatic, white balance locked"),
        (UsbWorld(tells_exposure=False), "exposure automatic, white balance locked"),
        (UsbWorld(has_white_balance=False), "exposure locked, white balance automatic"),
    ],
    ids=["no_manual", "exposure_not_told", "no_white_balance"],
)
def test_a_driver_without_a_lock_is_left_automatic_and_said(
    device_file: str, world: UsbWorld, told: str
) -> None:
    with camera(device_file, world) as usb:
        assert usb.status().detail.endswith(told)
        frame = next(iter(usb))
    assert frame.image.mean(axis=(0, 1)) == pytest.approx(RED, abs=1)


def test_exposure_is_the_same_after_it_was_plugged_in_again(device_file: str) -> None:
    world = UsbWorld()
    patience = Patience(first_wait_s=0.001)
    with Reconnecting(camera(device_file, world), patience=patience) as usb:
        frames = iter(usb)
        before = next(frames).image.mean()
        world.is_plugged = False
        world.is_manual = False
        world.manual_exposure = 157.0
        world.light = 0.5

        def plug_in() -> None:
            while usb.status().state is not SourceState.RECONNECTING:
                time.sleep(0.005)
            world.is_plugged = True

        plugging = threading.Thread(target=plug_in)
        plugging.start()
        # What was exposed before the plug was pulled may still come.
        after = [next(frames) for _ in range(3)][-1]
        plugging.join()
    assert world.opened == 2
    assert world.manual_exposure == pytest.approx(300)
    assert after.image.mean() == pytest.approx(before * 0.5, rel=0.02)
    assert after.index == 3


def test_size_is_asked_for_and_given(device_file: str) -> None:
    with camera(device_file, UsbWorld(), size_wh=(96, 72)) as usb:
        assert next(iter(usb)).image.shape == (72, 96, 3)


def test_another_size_than_asked_for_is_refused(device_file: str) -> None:
    usb = camera(device_file, UsbWorld(), size_wh=(80, 60))
    with pytest.raises(CameraUnavailableError, match=r"64x48, wanted 80x60"), usb:
        pass


def test_a_camera_that_is_not_there_is_said(tmp_path: Path) -> None:
    usb = UsbCamera(str(tmp_path / "video7"))
    with pytest.raises(CameraUnavailableError, match=r"no camera .*video7.* plug"), usb:
        pass
    assert usb.status().state is SourceState.CLOSED


def test_a_file_that_is_no_camera_is_said(device_file: str) -> None:
    usb = UsbCamera(device_file)
    with pytest.raises(CameraUnavailableError, match="check that it is a camera"), usb:
        pass


def test_a_camera_held_by_another_program_is_said(device_file: str) -> None:
    usb = camera(device_file, UsbWorld(is_held=True))
    with pytest.raises(CameraUnavailableError, match="close the program that"), usb:
        pass


def test_a_camera_that_vanishes_is_said(device_file: str) -> None:
    world = UsbWorld()
    with camera(device_file, world) as usb:
        next(iter(usb))
        world.is_plugged = False
        with pytest.raises(CaptureError, match="was lost: check its cable"):
            list(usb)
    assert world.released == 1


def test_a_driver_that_hangs_stalls_nobody(device_file: str) -> None:
    world = UsbWorld()
    with camera(device_file, world, frame_timeout_s=0.1) as usb:
        next(iter(usb))
        world.stall.set()
        began = time.monotonic()
        with pytest.raises(FrameTimeoutError, match=r"gave no frame in 0\.1 s"):
            list(usb)
        assert time.monotonic() - began < 5
        world.leave_stall.set()


def test_a_damaged_frame_is_left_out_and_counted(device_file: str) -> None:
    world = UsbWorld()
    with camera(device_file, world) as usb:
        world.damaged = 2
        next(iter(usb))
        assert usb.status().detail.endswith("2 damaged frames left out")


def test_a_slow_reader_gets_a_new_exposure_not_a_queued_one(device_file: str) -> None:
    world = UsbWorld()
    with camera(device_file, world) as usb:
        frames = iter(usb)
        first = next(frames)
        grabbed = world.grabbed
        while world.grabbed < grabbed + 20:
            time.sleep(0.001)
        second = next(frames)
    assert not np.array_equal(first.image, second.image)
    assert (first.index, second.index) == (0, 1)


def test_source_string() -> None:
    usb = UsbCamera.from_source("2,width_px=1920,height_px=1080,format=MJPG")
    assert (usb.source, usb.name) == ("usb:2", "usb-video2")
    assert UsbCamera.from_source("/dev/v4l/by-id/scope").name == "usb-scope"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("first", "wants a number or a device file"),
        ("0,width_px=640", "both width_px and height_px"),
        ("0,width_px=640,height_px=x", "height_px is a whole number"),
        ("0,fps=3", "no option 'fps'"),
        ("0,format=JPEG2000", "four characters"),
    ],
)
def test_unusable_source_string(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        UsbCamera.from_source(text)


def test_an_operator_is_told_no_command_of_the_system() -> None:
    """The station shows what a camera says to whoever counts."""
    source = Path(usb_camera.__file__).read_text(encoding="utf-8")
    assert "v4l2-ctl" not in source
