import subprocess
import sys
from pathlib import Path

import pytest

from edge.capture.demo_slide import DemoSlide
from edge.capture.followed_folder import FollowedFolder
from edge.capture.image_files import ImageFiles
from edge.capture.open_source import open_source
from edge.capture.reconnecting import Reconnecting
from edge.capture.video_file import VideoFile
from hemalens.errors import ConfigError


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("demo:", DemoSlide),
        ("demo:seed=3", DemoSlide),
        ("follow:slide", FollowedFolder),
        ("slide.MP4", VideoFile),
        ("slide.jpg", ImageFiles),
        ("slide", ImageFiles),
    ],
)
def test_a_source_that_waits_comes_as_it_is(source: str, kind: type) -> None:
    opened = open_source(source)
    assert type(opened) is kind
    assert not opened.is_live


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("usb:0", "usb:0"),
        ("usb:/dev/video2,format=MJPG", "usb:2"),
        ("picamera2:1", "picamera2:1"),
        ("http://camera/video", "http://camera/video"),
        ("https://ann:secret@camera:8443/shot", "https://camera:8443/shot"),
    ],
)
def test_a_live_source_is_kept_running(source: str, told: str) -> None:
    opened = open_source(source)
    assert isinstance(opened, Reconnecting)
    assert opened.is_live
    assert opened.status().detail == told


def test_a_folder_named_like_a_video_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "slide.mp4"
    folder.mkdir()
    assert isinstance(open_source(str(folder)), ImageFiles)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("rtsp://camera/video", r"rtsp:// is no source .* usb:, http://"),
        ("usb:first", "usb: wants a number"),
        ("demo:colour=red", "demo: has no option"),
        ("picamera2:x", "picamera2: wants a number"),
        ("follow:", "follow: wants a folder"),
        ("http://", "is no address"),
    ],
)
def test_an_unusable_source_is_one_clear_line(source: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        open_source(source)
    assert "\n" not in str(caught.value)


def test_only_the_chosen_source_is_imported() -> None:
    program = (
        "import sys; from edge.capture.open_source import open_source;"
        "open_source('usb:0');"
        "print([m for m in sys.modules if m.startswith('edge.capture.')"
        " and m.rpartition('.')[2] in"
        " ('demo_slide', 'http_camera', 'pi_camera', 'usb_camera', 'video_file')])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert told.strip() == "['edge.capture.usb_camera']"
