from pathlib import Path

import cv2
import pytest

from edge.capture.source import SourceState
from edge.capture.video_file import VideoFile
from hemalens.errors import CaptureError
from tests.edge.capture.made_images import RED, noisy

FRAMES = 12


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "slide.mkv")


def write_video(path: Path, frames: int = FRAMES) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    assert writer.isOpened()
    for seed in range(frames):
        writer.write(cv2.cvtColor(noisy(seed), cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def test_every_frame_comes_once_and_red_is_red(video: Path) -> None:
    with VideoFile(video) as source:
        assert source.status().detail.endswith(f"{FRAMES} frames")
        frames = list(source)
        assert source.status().state is SourceState.ENDED
    assert [frame.name for frame in frames] == [
        f"slide-{index:06d}" for index in range(FRAMES)
    ]
    for frame in frames:
        assert frame.image.mean(axis=(0, 1)) == pytest.approx(RED, abs=4)


def test_a_video_that_is_cut_off_gives_what_it_holds_and_is_said(video: Path) -> None:
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 6 // 10])
    with VideoFile(video) as source:
        frames = list(source)
        (rest,) = source.status().left_out
    assert 3 < len(frames) < FRAMES - 2
    assert (rest.name, rest.index) == (f"slide-{len(frames):06d}", len(frames))
    assert f"ends after {len(frames)} of 12 frames" in rest.problem


def test_a_video_without_its_index_is_said(tmp_path: Path) -> None:
    video = write_video(tmp_path / "slide.avi")
    video.write_bytes(video.read_bytes()[:600])
    source = VideoFile(video)
    with pytest.raises(CaptureError, match=r"no video that can be decoded"), source:
        pass


def test_a_file_that_is_no_video_is_said(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no video")
    with pytest.raises(CaptureError, match=r"notes\.mp4 is no video"), VideoFile(path):
        pass


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    source = VideoFile(tmp_path / "absent.mp4")
    with pytest.raises(CaptureError, match=r"no file .*absent\.mp4"), source:
        pass
