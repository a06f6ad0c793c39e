from edge.capture.continued import ContinuedSource
from edge.capture.demo_slide import DemoSlide


class LiveDemo(DemoSlide):
    """Goes on by itself, as a camera does."""

    @property
    def is_live(self) -> bool:
        return True


def test_frames_of_a_file_that_were_counted_are_left_out() -> None:
    done = {"demo-0000": 0, "demo-0002": 2}
    slide = DemoSlide(frames=4, width_px=160, height_px=120)
    with ContinuedSource(slide, done) as source:
        assert [frame.name for frame in source] == ["demo-0001", "demo-0003"]


def test_a_live_sources_frames_are_new_and_numbered_on() -> None:
    slide = LiveDemo(frames=2, width_px=160, height_px=120)
    done = {"demo-0000": 0, "demo-0001": 7}
    with ContinuedSource(slide, done) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == [8, 9]
    assert not {frame.name for frame in frames} & set(done)
    assert source.is_live
