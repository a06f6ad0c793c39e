"""What a whole count leaves behind."""

from pathlib import Path

import pytest

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.count.run import count_source
from edge.count.settings import CountSettings
from edge.frame.quality import FrameQuality
from edge.records.counted_frame import CountedFrame


class Keeper:
    """Remembers the names of the frames it was handed."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def keep(
        self,
        counted: CountedFrame,
        quality: FrameQuality,
        doubts: tuple[str, ...],
    ) -> None:
        self.names.append(counted.frame.name)


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("save_crops", [False, True])
def test_crops_are_saved_when_asked_for_whoever_keeps_the_frames(
    tmp_path: Path, *, save_crops: bool, keeps: bool
) -> None:
    output, keeper = tmp_path / "results", Keeper() if keeps else None
    summary = count_source(
        DemoSlide(seed=3, frames=2, width_px=480, height_px=360),
        open_bundle("cnn"),
        CountSettings(save_crops=save_crops, separate_fields=True, threads=1),
        output=output,
        keeper=keeper,
    )
    counted = summary.counted
    crops = list(output.glob("crops/*.png"))
    stained = sum(counted.counts.values()) + counted.uncertain
    assert len(crops) == (stained if save_crops else 0)
    assert stained > 0
    overlays = list(output.glob("frames/*.png"))
    assert len(overlays) == (0 if keeps else counted.frames_done)
    assert keeper is None or len(keeper.names) == counted.frames_done


def test_a_cameras_login_is_not_kept_in_the_count(tmp_path: Path) -> None:
    output = tmp_path / "results"
    count_source(
        DemoSlide(seed=3, frames=1, width_px=320, height_px=240),
        open_bundle("cnn"),
        CountSettings(threads=1),
        source_name="http://ann:geheim@camera/v?pwd=geheim",
        output=output,
    )
    kept = [path.read_bytes() for path in output.rglob("*") if path.is_file()]
    assert any(b"http://camera/v" in content for content in kept)
    assert not any(b"geheim" in content for content in kept)
