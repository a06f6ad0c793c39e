import itertools
import sys
from types import ModuleType

import numpy as np
import pytest

from edge.capture.pi_camera import PiCamera
from edge.capture.pi_exposure import PiExposure
from edge.capture.reconnecting import Reconnecting
from edge.capture.source import SourceState
from hemalens.errors import CameraUnavailableError, ConfigError, FrameTimeoutError
from tests.edge.capture.fake_picamera2 import FORMATS, FakePicamera2, PiWorld


def camera(
    world: PiWorld, number: int = 0, size_wh: tuple[int, int] | None = None
) -> PiCamera:
    return PiCamera(number, size_wh, world.camera_class())


@pytest.mark.parametrize("given_format", FORMATS)
def test_red_is_red_in_every_channel_order(given_format: str) -> None:
    world = PiWorld(given_format=given_format)
    with camera(world) as pi:
        (frame,) = itertools.islice(pi, 1)
    assert frame.image.shape == (76, 100, 3)
    assert frame.image.mean(axis=(0, 1)) == pytest.approx(world.scene_rgb, rel=0.05)
    # Noise is all that differs from pixel to pixel: no padding of a row is in it.
    assert frame.image.std(axis=(0, 1)).max() < 4


def test_it_is_configured_for_full_resolution_with_a_preview() -> None:
    world = PiWorld(sensor_resolution=(800, 600))
    with camera(world) as pi:
        assert pi.status().state is SourceState.RUNNING
        assert pi.status().detail.startswith("picamera2:0, 800x600, exposure ")
        assert next(iter(pi)).image.shape == (600, 800, 3)
        preview = pi.preview()
    assert preview is not None
    assert preview.shape == (480, 640, 3)
    assert preview.mean(axis=(0, 1)) == pytest.approx(world.scene_rgb, abs=8)


def test_preview_has_no_padding_of_its_stride() -> None:
    world = PiWorld(sensor_resolution=(100, 76))
    with camera(world) as pi:
        next(iter(pi))
        preview = pi.preview()
    assert preview is not None
    assert preview.shape == (76, 100, 3)
    assert preview.std(axis=(0, 1)).max() < 4


def test_exposure_and_colour_settle_and_then_stay() -> None:
    world = PiWorld(light=0.5)
    with camera(world) as pi:
        assert not world.is_exposure_automatic
        assert not world.is_colour_automatic
        assert world.exposure_us == pytest.approx(16000, rel=0.05)
        assert world.colour_gains == pytest.approx((1.9, 1.4), rel=0.05)
        assert "locked" in pi.status().detail
        assert "unsettled" not in pi.status().detail
        frames = iter(pi)
        before = next(frames).image.mean()
        world.light = 0.25
        after = [next(frames) for _ in range(30)][-1].image.mean()
    assert after == pytest.approx(before / 2, rel=0.03)


def test_exposure_is_the_same_after_a_reconnection() -> None:
    world = PiWorld()

    def replug(_: float) -> None:
        world.is_plugged = True

    with Reconnecting(camera(world), sleep=replug) as pi:
        frames = iter(pi)
        next(frames)
        exposure_us, gains = world.exposure_us, world.colour_gains
        old, world.is_plugged = world.frames, False
        world.exposure_us, world.colour_gains = 500.0, (1.0, 1.0)
        world.is_exposure_automatic = world.is_colour_automatic = True
        world.light = 0.5
        assert next(frames).index == 1
        assert world.frames > old
    assert world.exposure_us == pytest.approx(exposure_us, rel=0.01)
    assert world.colour_gains == pytest.approx(gains)
    assert world.open_cameras == 0


def test_restless_automatics_are_locked_all_the_same_and_it_is_said() -> None:
    world = PiWorld(is_restless=True)
    with camera(world) as pi:
        assert pi.status().detail.endswith("locked unsettled")
        assert not world.is_exposure_automatic


def test_settings_that_take_no_effect_are_said() -> None:
    world = PiWorld()
    pi = camera(world)
    with pi:
        pass
    world.is_exposure_automatic = world.ignores_controls = True
    world.light = 0.5
    with pytest.raises(CameraUnavailableError, match=r"was set, the camera has"):
        pi.__enter__()
    assert world.open_cameras == 0


def test_a_camera_without_colour_gains_is_locked_without_them() -> None:
    world = PiWorld(advertised=("AeEnable", "ExposureTime", "AnalogueGain"))
    with camera(world):
        assert not world.is_exposure_automatic


def test_a_camera_whose_exposure_cannot_be_locked_is_refused() -> None:
    world = PiWorld(advertised=("Brightness",))
    with pytest.raises(CameraUnavailableError, match="no control AeEnable"):
        camera(world).__enter__()


def test_every_buffer_is_given_back() -> None:
    """The camera has two: an adapter that keeps them stalls at the third frame."""
    with camera(PiWorld()) as pi:
        assert len(list(itertools.islice(pi, 10))) == 10


def test_a_camera_held_by_another_program_is_said() -> None:
    pi = camera(PiWorld(is_held=True))
    with pytest.raises(CameraUnavailableError, match=r"resource busy.*no other prog"):
        pi.__enter__()
    assert pi.status().state is SourceState.CLOSED


def test_a_camera_that_is_not_there_is_said() -> None:
    with pytest.raises(CameraUnavailableError, match=r"No camera number 3 found"):
        camera(PiWorld(), number=3).__enter__()


def test_a_cable_that_comes_out_is_a_timeout_and_the_camera_is_released() -> None:
    world = PiWorld()
    with camera(world) as pi:
        frames = iter(pi)
        next(frames)
        world.is_plugged = False
        with pytest.raises(FrameTimeoutError, match=r"picamera2:0 gave no frame in 5"):
            next(frames)
    assert world.open_cameras == 0


def test_a_usb_camera_is_sent_to_usb() -> None:
    world = PiWorld(given_format="MJPEG")
    with pytest.raises(CameraUnavailableError, match=r"gives MJPEG.* usb:0"):
        camera(world).__enter__()


def test_a_smaller_size_can_be_asked_for() -> None:
    with camera(PiWorld(), size_wh=(64, 48)) as pi:
        assert next(iter(pi)).image.shape == (48, 64, 3)


def test_an_odd_size_the_camera_rounds_is_refused() -> None:
    with pytest.raises(CameraUnavailableError, match=r"gives 64x48, wanted 65x49"):
        camera(PiWorld(), size_wh=(65, 49)).__enter__()


def test_without_picamera2_it_is_told_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraUnavailableError) as caught:
        PiCamera(0).__enter__()
    assert "sudo apt install python3-picamera2" in str(caught.value)
    assert "--system-site-packages" in str(caught.value)


def test_picamera2_is_imported_when_it_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = PiWorld()
    module = ModuleType("picamera2")
    module.Picamera2 = world.camera_class()  # type: ignore[attr-defined]
    pi = PiCamera(0)
    monkeypatch.setitem(sys.modules, "picamera2", module)
    with pi:
        assert np.mean(next(iter(pi)).image) > 50


def test_source_string() -> None:
    assert PiCamera.from_source("1").source == "picamera2:1"
    assert PiCamera.from_source("").name == "picamera0"
    sized = PiCamera.from_source("0,width_px=2028,height_px=1520")
    assert sized.source == "picamera2:0"


@pytest.mark.parametrize(
    ("text", "message"),
    [("imx477", "wants a number"), ("0,gain=2", "has no option 'gain'")],
)
def test_unusable_source_string(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PiCamera.from_source(text)


def test_settings_are_set_again_as_they_were_found() -> None:
    world = PiWorld()
    exposure = PiExposure()
    for light in (1.0, 0.5):
        world.light = light
        opened = world.camera_class()(0)
        assert isinstance(opened, FakePicamera2)
        opened.configure(opened.create_still_configuration(lores={"size": (64, 48)}))
        opened.start()
        lock = exposure.lock(opened)
        opened.close()
    assert lock.exposure_us == pytest.approx(8000, rel=0.05)
